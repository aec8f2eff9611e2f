"""What a run has left in its folder: its facts, and its records one at a time, for there may be much in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Record", "ReportError", "Results", "find_results", "read"]

_FACTS = "run.json"


class ReportError(Exception):
    """There is nothing to make a page of: one sentence with the reason."""


@dataclass(frozen=True)
class Record:
    """A cell or a case; `name` tells it from all others of its run."""

    name: str
    path: Path
    content: Mapping[str, Any]

    @property
    def is_case(self) -> bool:
        """Whether it is of a case, and not of a cell."""
        return "case" in self.content

    @property
    def verdict(self) -> str:
        """`passed`, `failed` or `skipped`."""
        return str(self.content["verdict"])

    @property
    def is_rough(self) -> bool:
        """Whether it passed, and did as roughly as the course's Java does."""
        return bool(self.content.get("note"))


@dataclass(frozen=True)
class Results:
    """The folder of one run."""

    folder: Path

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is true of the whole run."""
        return read(self.folder / _FACTS)

    def records(self) -> Iterator[Record]:
        """Its cells and cases, in the order of their names."""
        for path in sorted(self.folder.rglob("*.json")):
            if path == self.folder / _FACTS:
                continue
            content = read(path)
            name = content.get("cell") or content.get("case")
            if not isinstance(name, str) or content.get("verdict") not in ("passed", "failed", "skipped"):
                raise ReportError(f"{path}: is no record of a cell or a case")
            yield Record(name, path, content)


def find_results(folder: Path) -> Results:
    """The run in the folder, or the latest of the runs in it; ReportError where there is none."""
    if (folder / _FACTS).is_file():
        return Results(folder)
    runs = sorted((path.parent for path in folder.glob(f"*/{_FACTS}")), key=lambda run: run.name)
    if not runs:
        raise ReportError(f"{folder}: no run has left its results here: neither it nor a folder in it has a {_FACTS}")
    return Results(runs[-1])


def read(path: Path) -> Mapping[str, Any]:
    """The object in a JSON file; ReportError where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ReportError(f"{path}: is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ReportError(f"{path}: must be an object, got {type(content).__name__}")
    return content
