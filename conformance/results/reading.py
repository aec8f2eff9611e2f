"""Reads what a run has left in its folder: its facts, and its records one at a time, for there may be much in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.agent.problem import Problem, ProblemError
from conformance.model.files import read_bounded

__all__ = [
    "VERSION",
    "ReportError",
    "compare",
    "find_results",
    "making_of",
    "read_facts",
    "read_record",
    "record_files",
]

VERSION = 3
"""Of a record and of a run's facts: another one where a key changes its meaning, or goes."""
_FACTS = "run.json"
_BYTES = 64 << 20  # of a record, which has some megabytes at most
_NOT_RUN = ("skipped", "unsupported", "error")

# The keys that must be there, by the type of what they have. What is wrong deeper shows when the page is made.
_RUN: Mapping[type, str] = {
    int: "version cases",
    str: "began backend why",
    dict: "versions harness protocols networks",
    list: "cells",
    object: "commit",
}
_RECORD: Mapping[type, str] = {
    int: "version",
    str: "kind name protocol verdict",
    list: "problems diagnosis programs wire conversations",
    dict: "phases",
    bool: "wire_only",
    object: "server clients network case culprit non_strict divergence began seconds",
}


class ReportError(ProblemError):
    """There is nothing to make a page of, or it cannot be read."""


def find_results(folder: Path) -> Path:
    """The folder if a run has left it, or that of the latest of the runs in it; ReportError where there is none."""
    runs = [folder] if (folder / _FACTS).is_file() else [path.parent for path in folder.glob(f"*/{_FACTS}")]
    if not runs:
        raise ReportError(Problem("no-results", values={"folder": str(folder), "facts": _FACTS}))
    return max(runs, key=lambda run: run.name)


def read_facts(run: Path) -> dict[str, Any]:
    """What is true of the whole run; ReportError where it cannot be read."""
    return _read(run / _FACTS, _RUN)


def record_files(run: Path) -> Iterator[Path]:
    """The files of its cells and cases, in their order."""
    return (path for path in sorted(run.rglob("*.json")) if path != run / _FACTS)


def read_record(file: Path) -> dict[str, Any]:
    """A cell or a case; ReportError where it cannot be read."""
    return _read(file, _RECORD)


@contextmanager
def making_of(path: Path) -> Iterator[None]:
    """While something is made of what is in that file: ReportError where an entry is not as docs/records.md has it."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, KeyError):
            raise _failed(path, "damaged", key=str(error.args[0]), reason=repr(error)) from error
        raise _failed(path, "damaged", whole=repr(error)) from error


def _read(path: Path, form: Mapping[type, str]) -> dict[str, Any]:
    try:
        data = read_bounded(path, _BYTES)
        if len(data) > _BYTES:
            raise _failed(path, "too-large", limit=_BYTES)
        content: dict[str, Any] = json.loads(data.decode("utf-8"))
    except OSError as error:
        raise _failed(path, "unreadable", reason=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _failed(path, "no-json", reason=str(error)) from error
    with making_of(path):
        version = content["version"]
        if version == 1:
            raise _failed(path, "too-old", version=1, release="0.1")  # the last that reads it
        if version not in (2, VERSION):
            raise _failed(path, "version", version=version, known=VERSION)
        content = _as_of_now(content) if version == 2 else content
        wrong = [key for kind, keys in form.items() for key in keys.split() if not isinstance(content[key], kind)]
        if wrong:
            raise TypeError(*wrong)
    return content


def _as_of_now(content: dict[str, Any]) -> dict[str, Any]:
    """What a run of version 2 has left, as this version has it: which consoles it compared is not known."""
    if content.get("verdict") == "passed" and content["non_strict"]:
        content["verdict"] = "non-strict"
    return {**content, "version": VERSION, "wire_only": False, "culprit": None}


def _failed(path: Path, what: str, **values: Any) -> ReportError:
    return ReportError(Problem(f"results-{what}", values={"file": str(path), **values}))


def compare(now: Mapping[str, str], before: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of cells and cases by what changed, from their verdicts in two runs.

    What is non-strict has passed. What shows nothing, or is suspicious, has not. What says nothing of the programs (it
    was skipped, or the harness was in trouble) counts as not there.
    """
    ran, had = _ran(now), _ran(before)

    def changed(earlier: str, later: str) -> list[str]:
        return [name for name, verdict in ran.items() if (had.get(name), verdict) == (earlier, later)]

    return {
        "newly-failing": changed("passed", "failed"),
        "newly-passing": changed("failed", "passed"),
        "still-failing": changed("failed", "failed"),
        "appeared": [name for name in ran if name not in had],
        "vanished": [name for name in had if name not in ran],
    }


def _ran(verdicts: Mapping[str, str]) -> dict[str, str]:
    passed = ("passed", "non-strict")
    return {
        name: "passed" if verdict in passed else "failed"
        for name, verdict in verdicts.items()
        if verdict not in _NOT_RUN
    }
