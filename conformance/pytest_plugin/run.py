"""One run of the matrix: what was asked for, the backend it has, the cells and cases under way, and their records."""

from __future__ import annotations

import platform
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.problem import HarnessError, Problem
from conformance.backends import Backend, choose_backend
from conformance.backends.base import Progress, Worker
from conformance.formatting import Catalogue, catalogue, sentence
from conformance.model import Program, Registry
from conformance.model.cells import Cell, Variants, program_variants
from conformance.model.known import Declared, Known, Observed
from conformance.pytest_plugin.terminal import Reported
from conformance.report.builder import write_report
from conformance.report.capture import write_capture
from conformance.results.analysis import Subject, analyse
from conformance.results.outcome import Outcome, outcome
from conformance.results.reading import VERSION, ReportError
from conformance.results.records import Records, each_language, to_record
from conformance.runner.case_run import CaseGroup, CaseResult, case_groups, case_not_run, run_cases
from conformance.runner.cell_run import CellResult, Hangs, not_run, run_cell
from conformance.runner.scheduler import Scheduler, Work

__all__ = ["RUN", "MatrixRun", "subject_name"]

_GIT_SECONDS = 10
_ENGLISH = catalogue("en")


@dataclass
class MatrixRun:
    """Made when pytest starts; the backend only once cells are to be run, so that --collect-only starts nothing.

    `planned` is what is to be run, each `repeat` times; `reported` what was, and `observed` what that says for the file
    of what is known. `unused` are the entries of it that fit nothing.
    `report` is the sentence about the page at the end; `words` are those of the terminal.
    """

    words: Catalogue
    variants: Variants
    registry: Registry
    records: Records
    wanted_backend: str
    workers: int
    repeat: int = 1
    known: Known = field(default_factory=Known)
    unused: Sequence[Declared] = ()
    observed: dict[str, Observed] = field(default_factory=dict)
    planned: Sequence[Subject] = ()
    reported: list[Reported] = field(default_factory=list)
    report: str = ""
    scheduler: Scheduler | None = None
    _reasons: dict[str, Problem] = field(default_factory=dict)
    _facts: dict[str, Any] = field(default_factory=dict)
    _began: float = 0.0

    @cached_property
    def backend(self) -> Backend:
        """The backend; NoBackendError where there is none."""
        return choose_backend(self.wanted_backend, self.registry.runtimes)

    @cached_property
    def case_groups(self) -> Sequence[CaseGroup]:
        """The cases that each program is to stand; YamlError."""
        programs = (*self.registry.servers, *self.registry.clients)
        variants = (variant for program in programs for variant in program_variants(program, self.variants))
        return list(case_groups(self.registry, variants))

    def begin(self, root: Path, progress: Progress) -> None:
        """Makes ready for all that is planned, and begins to run it, ahead of the tests that will ask for it.

        The project's folder is `root`. ProgramError where a program cannot be built.
        """
        cases: dict[str, list[str]] = defaultdict(list)
        work: dict[str, tuple[Sequence[Program], Work]] = {}  # and the programs that it needs
        hangs = Hangs()
        for subject in self.planned:
            name = _name(subject)
            if self.unsupported(subject):
                continue
            if isinstance(subject, Cell):
                work[name] = subject.programs, _cell_work(subject, hangs)
            else:
                group, case = subject
                cases[name].append(case.name)
                failed = partial(_case_failed, group)
                work[name] = (group.program,), Work(cases[name], partial(run_cases, group), failed)
        for name, (programs, _) in list(work.items()):
            if reason := self.backend.unable(programs[0], programs[1:]):
                self._reasons[name] = Problem("cannot-run-here", values={"reason": reason})
                del work[name]
        if work:
            self.backend.prepare([program for programs, _ in work.values() for program in programs], progress)
        self.scheduler = Scheduler(self.backend, min(self.workers, max(1, len(work) * self.repeat)))
        for name, (_, what) in work.items():
            for number in range(self.repeat):
                self.scheduler.submit((name, number), what)
        self._facts = self._true_of_all(root)
        self._began = time.monotonic()
        self.records.write(self._facts)

    def close(self) -> None:
        """Ends what is under way, removes all that was made, and makes the page of all that was recorded."""
        if self.scheduler is not None:
            self.scheduler.close()
        if "backend" in self.__dict__:
            self.backend.close()
        if self.scheduler is None:
            return
        try:
            self.records.write({**self._facts, "seconds": round(time.monotonic() - self._began, 3)})
            unreadable: list[Problem] = []
            path = write_report(self.records.folder, unreadable=unreadable.append)
            told = (sentence(problem, self.words) for problem in unreadable)
            self.report = "\n".join([*told, self.words.text("report.run.report", {"path": path})])
        except (ReportError, OSError) as error:
            reason = sentence(error.problem, self.words) if isinstance(error, ReportError) else str(error)
            self.report = self.words.text("report.run.no-report", {"reason": reason})

    def unable(self, subject: Subject) -> Problem | None:
        """Why it is not run: it cannot be here, or is declared not to be."""
        return self.unsupported(subject) or self._reasons.get(_name(subject))

    def unsupported(self, subject: Subject) -> Problem | None:
        """That a program does not support it, where that is declared."""
        declared = self.known.of(subject_name(subject))
        if declared is None or declared.kind != "unsupported":
            return None
        return Problem("unsupported", values={"reason": declared.reason})

    def outcome(self, subject: Subject) -> tuple[Outcome, Path]:
        """What came of the cell or the case, once it is over, and the path of its record. OSError."""
        assert self.scheduler is not None
        name, inside = subject_name(subject), subject.name if isinstance(subject, Cell) else subject[1].name
        repetitions = (self.scheduler.result((_name(subject), number)) for number in range(self.repeat))
        # Each is taken out, for a run may have ten thousand cells.
        come = outcome((analyse(results.pop(inside)) for results in repetitions), self.known.of(name))
        if observed := come.observed(next((sentence(one, _ENGLISH) for one in come.analysis.problems), "")):
            self.observed[name] = observed
        path = self.records.write(record := _record(come))
        if come.analysis.conversations:
            write_capture(record, path)
        return come, path

    def _true_of_all(self, root: Path) -> dict[str, Any]:
        """What is true of the whole run: what was asked for, what it runs on, and which state of the project."""
        cells = [subject.name for subject in self.planned if isinstance(subject, Cell)]
        facts: dict[str, Any] = {
            "version": VERSION,
            "began": datetime.now(UTC).isoformat(timespec="seconds"),
            "backend": self.backend.name,
            "why": self.backend.why,
            "versions": dict(self.backend.versions()),
            "harness": {"python": platform.python_version(), "system": _system()},
            "commit": _git(root, "rev-parse", "--short=12", "HEAD") or None,  # none without git, or a repository
            "protocols": {name: each_language(protocol.about) for name, protocol in self.registry.protocols.items()},
            "networks": {name: each_language(network.about) for name, network in self.registry.networks.items()},
            "cells": cells,
            "cases": len(self.planned) - len(cells),
        }
        if facts["commit"]:
            facts["changed"] = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
        return facts


def _record(come: Outcome) -> dict[str, Any]:
    record = {**to_record(come.analysis), "verdict": come.verdict}
    if come.stale is not None:
        record["problems"] = [{**come.stale.to_json(), "sentence": sentence(come.stale, _ENGLISH)}]
    if come.declared is not None:
        record["declared"] = {name: getattr(come.declared, name) for name in ("kind", "pattern", "reason")}
    if come.verdicts.total() > 1:
        record["repetitions"] = dict(come.verdicts)
    return record


def _cell_work(cell: Cell, hangs: Hangs) -> Work:
    def run(names: Sequence[str], worker: Worker) -> Mapping[str, CellResult]:
        return {cell.name: run_cell(cell, worker, hangs)}

    return Work([cell.name], run, lambda name, error: not_run(cell, error.problem))


def _case_failed(group: CaseGroup, name: str, error: HarnessError) -> CaseResult:
    return case_not_run(group, name, error.problem)


def subject_name(subject: Subject) -> str:
    """The name of a cell or a case, which selects it with -k."""
    return subject.name if isinstance(subject, Cell) else f"{subject[0].name}/{subject[1].name}"


def _name(subject: Subject) -> str:
    """Of what it is run with: all cases of a program are run together."""
    return subject.name if isinstance(subject, Cell) else subject[0].name


def _system() -> str:
    """The system by the name that people know it by: on Linux that of the distribution."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.machine()}"


def _git(root: Path, *words: str) -> str:
    """What git prints; nothing where it cannot be asked."""
    # It only looks: it must not lock the index, which other commands may want, or leave it locked on a full disk.
    command = ["git", "--no-optional-locks", "-C", str(root), *words]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_GIT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


RUN = pytest.StashKey[MatrixRun]()
