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

from conformance.agent.problem import Problem

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

    def problem(self, name: str) -> Problem | None:
        """Why the cell or case failed or was skipped; None where it passed."""
        problems = self.records[name]["problems"]
        return Problem.from_json(problems[0]) if problems else None

    def codes(self) -> dict[str, str | None]:
        """The code of that problem, of each cell and case."""
        problems = {name: self.problem(name) for name in self.records}
        return {name: None if problem is None else problem.code for name, problem in problems.items()}


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
    """This process's environment, in English, without what pytest puts there; with these changes (None: not there)."""
    changed: dict[str, str | None] = {
        **os.environ,
        "PYTEST_ADDOPTS": None,
        "PYTEST_CURRENT_TEST": None,
        "COLUMNS": "200",
        "LANGUAGE": "en",
    }
    changed |= changes or {}
    return {name: value for name, value in changed.items() if value is not None}


def run_matrix(
    results: Path, *options: str, changes: Mapping[str, str | None] | None = None, limit: float = LIMIT_SECONDS
) -> Run:
    """Runs the matrix to its end, which must come within `limit` seconds."""
    done = subprocess.run(
        arguments(results, *options),
        cwd=ROOT,
        env=environment(changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=limit,
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
            records[content["name"]] = content
    return records, facts


def any_of(names: Sequence[str]) -> str:
    """What selects these cells with -k."""
    return " or ".join(names)
