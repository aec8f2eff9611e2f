"""Reads what a run has left in its folder: its facts, and its records one at a time, for there may be much in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from conformance.agent.problem import Problem, ProblemError
from conformance.results.schema import VERSION, RecordEntry, RunEntry

__all__ = ["Comparison", "Record", "ReportError", "Results", "compare", "find_results"]

_FACTS = "run.json"
_READ_BY = "0.1"  # the last release that reads records of version 1

_Entry = TypeVar("_Entry")
_RECORD: TypeAdapter[RecordEntry] = TypeAdapter(RecordEntry)
_RUN: TypeAdapter[RunEntry] = TypeAdapter(RunEntry)


class ReportError(ProblemError):
    """There is nothing to make a page of, or it cannot be read."""


@dataclass(frozen=True)
class Record:
    """A cell or a case; its name tells it from all others of its run."""

    path: Path
    content: RecordEntry

    @property
    def name(self) -> str:
        """The name of the cell or the case."""
        return self.content["name"]

    @property
    def is_case(self) -> bool:
        """Whether it is of a case, and not of a cell."""
        return self.content["kind"] == "case"

    @property
    def verdict(self) -> str:
        """`passed`, `non-strict`, `failed` or `skipped`."""
        content = self.content
        return "non-strict" if content["verdict"] == "passed" and content["non_strict"] else content["verdict"]

    @property
    def problems(self) -> list[Problem]:
        """What is wrong, the first explaining the others; of what was skipped, why."""
        return [Problem.from_json(entry) for entry in self.content["problems"] if "code" in entry]


@dataclass(frozen=True)
class Results:
    """The folder of one run."""

    folder: Path

    @property
    def facts(self) -> RunEntry:
        """What is true of the whole run; ReportError where it cannot be read."""
        return _read(self.folder / _FACTS, _RUN)

    def records(self) -> Iterator[Record]:
        """Its cells and cases, in the order of their files; ReportError at one that cannot be read."""
        for path in sorted(self.folder.rglob("*.json")):
            if path != self.folder / _FACTS:
                yield Record(path, _read(path, _RECORD))


def find_results(folder: Path) -> Results:
    """The run in the folder, or the latest of the runs in it; ReportError where there is none."""
    if (folder / _FACTS).is_file():
        return Results(folder)
    runs = sorted((path.parent for path in folder.glob(f"*/{_FACTS}")), key=lambda run: run.name)
    if not runs:
        raise ReportError(Problem("no-results", values={"folder": str(folder), "facts": _FACTS}))
    return Results(runs[-1])


def _read(path: Path, form: TypeAdapter[_Entry]) -> _Entry:
    def failed(code: str, **values: Any) -> ReportError:
        return ReportError(Problem(code, values={"file": str(path), **values}))

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise failed("results-unreadable", reason=error.strerror or str(error)) from error
    except ValueError as error:
        raise failed("results-no-json", reason=str(error)) from error
    version = content.get("version") if isinstance(content, dict) else None
    if version == 1:
        raise failed("results-too-old", version=1, release=_READ_BY)
    if isinstance(version, int) and version != VERSION:
        raise failed("results-version", version=version, known=VERSION)
    try:
        return form.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = {"key": ".".join(map(str, first["loc"]))} if first["loc"] else {"whole": first["msg"]}
        raise failed("results-damaged", reason=first["msg"], **key) from error


# Compared with an earlier run ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """Names of cells and cases; what was skipped counts as not there. `when` is the earlier run's date."""

    when: str
    newly_failing: tuple[str, ...]
    newly_passing: tuple[str, ...]
    appeared: tuple[str, ...]
    vanished: tuple[str, ...]
    still_failing: tuple[str, ...]


def compare(now: Mapping[str, str], before: Mapping[str, str], when: str = "") -> Comparison:
    """Compares verdicts, by the names of cells and cases; what is non-strict has passed."""
    ran, had = _ran(now), _ran(before)

    def changed(earlier: str, later: str) -> tuple[str, ...]:
        return tuple(name for name, verdict in ran.items() if (had.get(name), verdict) == (earlier, later))

    return Comparison(
        when,
        changed("passed", "failed"),
        changed("failed", "passed"),
        tuple(name for name in ran if name not in had),
        tuple(name for name in had if name not in ran),
        changed("failed", "failed"),
    )


def _ran(verdicts: Mapping[str, str]) -> dict[str, str]:
    passed = {"non-strict": "passed"}
    return {name: passed.get(verdict, verdict) for name, verdict in verdicts.items() if verdict != "skipped"}
