"""Runs the real matrix, `pytest conformance/`, as the process that a user starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LIMIT_SECONDS = 300  # a run that takes so long has gone wrong


@dataclass(frozen=True)
class Run:
    """A run that is over: its exit status, all that it printed, and its records by the names of the cells and cases."""

    status: int
    output: str
    records: Mapping[str, Any]
    facts: Mapping[str, Any]

    def reason(self, cell: str) -> str | None:
        """The sentence that the cell failed with; None where it passed."""
        reason: str | None = self.records[cell]["reason"]
        return reason


def arguments(results: Path, *options: str) -> list[str]:
    """The command line of a run that leaves its records in `results`."""
    return [
        sys.executable,
        "-m",
        "pytest",
        "conformance",
        "--no-cases",
        "-p",
        "no:cacheprovider",
        "--results",
        str(results),
        *options,
    ]


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment, without what pytest puts there, and with these changes (None: not there)."""
    changed: dict[str, str | None] = {
        **os.environ,
        "PYTEST_ADDOPTS": None,
        "PYTEST_CURRENT_TEST": None,
        "COLUMNS": "200",
    }
    changed |= changes or {}
    return {name: value for name, value in changed.items() if value is not None}


def run_matrix(results: Path, *options: str, changes: Mapping[str, str | None] | None = None) -> Run:
    """Runs the matrix to its end."""
    done = subprocess.run(
        arguments(results, *options),
        cwd=ROOT,
        env=environment(changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(), *read_records(results))


def read_records(results: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The records of all cells and cases, by name, and the facts of the run."""
    records: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for path in results.glob("*/**/*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        if path.name == "run.json":
            facts = content
        else:
            records[content.get("cell") or content["case"]] = content
    return records, facts


def any_of(names: Sequence[str]) -> str:
    """What selects these cells with -k."""
    return " or ".join(names)
