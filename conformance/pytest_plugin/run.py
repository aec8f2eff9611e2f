"""One run of the matrix: what was asked for, the backend it has, and the cells under way."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest

from conformance.backends import Backend, choose_backend
from conformance.backends.base import Progress
from conformance.model import Program, Registry, load_matrix
from conformance.model.cases import Case
from conformance.model.cells import Cell, on_jdks
from conformance.report.builder import write_report
from conformance.results.reading import ReportError
from conformance.results.records import Records
from conformance.runner.case_run import CaseGroup, CaseResult, case_groups, run_cases
from conformance.runner.cell_run import CellResult, run_cell
from conformance.runner.scheduler import Scheduler

__all__ = ["MatrixRun"]


class MatrixRun:
    """Made when pytest starts; the backend only once cells are to be run, so that --collect-only starts nothing.

    `reported` and `reported_cases` have what each test that was run is about, by the test's node id. `report` is the
    path of the page that the run ends with, or why there is none.
    """

    def __init__(
        self, *, backend: str, programs: Sequence[str], jdks: Sequence[int], results: Path, workers: int
    ) -> None:
        self.jdks = tuple(jdks)
        self.registry: Registry = load_matrix(Path(file) for file in programs)
        self.records = Records(results)
        self.reported: dict[str, Cell] = {}
        self.reported_cases: dict[str, CaseGroup] = {}
        self.report = "none, nothing was run"
        self._wanted = backend
        self.cells: Sequence[Cell] = ()
        self.cases: Mapping[str, tuple[CaseGroup, Sequence[str]]] = {}
        self._workers = workers
        self._reasons: dict[tuple[str, ...], str | None] = {}
        self._scheduler: Scheduler | None = None
        self._facts: Mapping[str, Any] = {}
        self._began = 0.0

    @cached_property
    def backend(self) -> Backend:
        """The backend; NoBackendError where there is none."""
        return choose_backend(self._wanted, self.registry.runtimes)

    @property
    def scheduler(self) -> Scheduler:
        """What `begin` has begun."""
        assert self._scheduler is not None
        return self._scheduler

    @cached_property
    def case_groups(self) -> Sequence[CaseGroup]:
        """The cases that each program is to stand."""
        programs = (
            variant
            for program in (*self.registry.servers, *self.registry.clients)
            for variant in on_jdks(program, self.jdks)
        )
        return list(case_groups(self.registry, programs))

    def plan(self, cells: Sequence[Cell], cases: Mapping[str, tuple[CaseGroup, Sequence[str]]]) -> None:
        """Takes note of what is to be run: cells; and of each group, by its name, the names of its cases."""
        self.cells, self.cases = cells, cases

    @property
    def begun(self) -> bool:
        """Whether `begin` has been called."""
        return self._scheduler is not None

    def begin(self, progress: Progress) -> None:
        """Makes ready for all that is planned, and begins to run it, ahead of the tests that will ask for it."""
        cells, cases = self.cells, self.cases
        wanted = [*(cell.programs for cell in cells), *((group.program,) for group, _ in cases.values())]
        for programs in wanted:
            self._reasons[_key(programs)] = self.backend.unable(programs[0], programs[1:])
        able = [programs for programs in wanted if self.unable(programs) is None]
        if able:
            self.backend.prepare([program for programs in able for program in programs], progress)
        self._scheduler = Scheduler(self.backend, min(self._workers, max(1, len(able))))
        for cell in cells:
            if self.unable(cell.programs) is None:
                self._scheduler.submit(cell.name, partial(run_cell, cell))
        for name, (group, chosen) in cases.items():
            if self.unable((group.program,)) is None:
                self._scheduler.submit(name, partial(run_cases, group, chosen))

    def begin_records(self, facts: Mapping[str, Any]) -> None:
        """Writes down what is true of the run."""
        self._facts = {"began": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
        self._began = time.monotonic()
        self.records.run(self._facts)

    def end_records(self) -> None:
        """Writes down how long it took, and makes the page of all that was recorded."""
        self.records.run({**self._facts, "seconds": round(time.monotonic() - self._began, 3)})
        try:
            self.report = str(write_report(self.records.folder))
        except (ReportError, OSError) as error:
            self.report = f"none, {error}"

    def unable(self, programs: tuple[Program, ...]) -> str | None:
        """Why these programs cannot meet here."""
        return self._reasons.get(_key(programs))

    def cell_result(self, cell: Cell) -> CellResult:
        """What came of the cell."""
        result: CellResult = self.scheduler.result(cell.name)
        return result

    def case_result(self, group: CaseGroup, case: Case) -> CaseResult:
        """What came of the case."""
        results: Mapping[str, CaseResult] = self.scheduler.result(group.name)
        return results[case.name]

    def close(self) -> None:
        """Ends what is under way and removes all that was made."""
        if self._scheduler is not None:
            self._scheduler.close()
        if "backend" in self.__dict__:
            self.backend.close()


def _key(programs: Sequence[Program]) -> tuple[str, ...]:
    return tuple(f"{program.role} {program.name}" for program in programs)


def default_workers() -> int:
    """Cells side by side: they wait more than they compute, so there may be a few more than processors."""
    return min(8, (os.cpu_count() or 1) + 1)


RUN = pytest.StashKey[MatrixRun]()
