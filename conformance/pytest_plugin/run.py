"""One run of the matrix: what was asked for, the backend it has, and the cells under way."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import pytest

from conformance.agent.problem import Problem
from conformance.backends import Backend, choose_backend
from conformance.backends.base import Progress
from conformance.formatting import Catalogue, sentence
from conformance.model import Program, Registry, load_matrix
from conformance.model.cases import Case
from conformance.model.cells import Cell, Variants, program_variants
from conformance.report.builder import write_report
from conformance.report.capture import write_capture
from conformance.results.analysis import Analysis, analyse
from conformance.results.reading import ReportError
from conformance.results.records import Records, skipped, to_record
from conformance.results.schema import RecordEntry, RunEntry
from conformance.runner.case_run import CaseGroup, CaseResult, case_groups, run_cases
from conformance.runner.cell_run import CellResult, run_cell
from conformance.runner.scheduler import Scheduler

__all__ = ["MatrixRun"]


class MatrixRun:
    """Made when pytest starts; the backend only once cells are to be run, so that --collect-only starts nothing.

    `reported` has what each test that was run is about, by the test's node id; `report` is the sentence about the page
    at the end; `words` are those of the terminal.
    """

    def __init__(
        self,
        *,
        backend: str,
        programs: Sequence[str],
        variants: Variants,
        results: Path,
        workers: int,
        words: Catalogue,
    ) -> None:
        self.words = words
        self.variants = variants
        self.registry: Registry = load_matrix(Path(file) for file in programs)
        self.records = Records(results)
        self.reported: dict[str, Cell | tuple[CaseGroup, Case]] = {}
        self.report = ""
        self._wanted = backend
        self.cells: Sequence[Cell] = ()
        self.cases: Mapping[str, tuple[CaseGroup, Sequence[str]]] = {}
        self._workers = workers
        self._reasons: dict[tuple[str, ...], Problem | None] = {}
        self._scheduler: Scheduler | None = None
        self._facts: RunEntry | None = None
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
            for variant in program_variants(program, self.variants)
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
            reason = self.backend.unable(programs[0], programs[1:])
            self._reasons[_key(programs)] = Problem("cannot-run-here", values={"reason": reason}) if reason else None
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

    def begin_records(self, facts: RunEntry) -> None:
        """Writes down what is true of the run."""
        self._facts = facts
        self._began = time.monotonic()
        self.records.run(facts)

    def end_records(self) -> None:
        """Writes down how long it took, and makes the page of all that was recorded."""
        assert self._facts is not None
        self.records.run({**self._facts, "seconds": round(time.monotonic() - self._began, 3)})
        try:
            self.report = self.words.text("report.run.report", {"path": write_report(self.records.folder)})
        except (ReportError, OSError) as error:
            reason = sentence(error.problem, self.words) if isinstance(error, ReportError) else str(error)
            self.report = self.words.text("report.run.no-report", {"reason": reason})

    def unable(self, programs: tuple[Program, ...]) -> Problem | None:
        """Why these programs cannot meet here."""
        return self._reasons.get(_key(programs))

    def skip(self, subject: Cell | tuple[CaseGroup, Case], reason: Problem) -> str:
        """Records that it was not run; returns why, in a sentence."""
        self.records.add(skipped(subject, reason))
        return sentence(reason, self.words)

    def analysis(self, subject: Cell | tuple[CaseGroup, Case]) -> tuple[Analysis, Path]:
        """What came of the cell or the case, once it is over, and the path of its record."""
        if isinstance(subject, Cell):
            result: CellResult | CaseResult = self.scheduler.result(subject.name)
        else:
            group, case = subject
            result = self.scheduler.result(group.name)[case.name]
        analysis = analyse(result)
        record: RecordEntry = to_record(analysis)
        path = self.records.add(record)
        if analysis.shows:
            write_capture(record, path)
        return analysis, path

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
