"""Cells and cases as tests: `matrix.yaml` stands for the cells, the folder `cases` for all cases of their programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.model import YamlError
from conformance.model.cases import Case
from conformance.model.cells import Cell, all_cells
from conformance.pytest_plugin.transcript import case_transcript, transcript
from conformance.runner.case_run import CaseGroup, CaseResult
from conformance.runner.cell_run import CellResult

if TYPE_CHECKING:
    from conformance.pytest_plugin.run import MatrixRun

__all__ = ["CaseItem", "CasesFile", "CasesFolder", "CellItem", "FailedError", "MatrixFile"]


class FailedError(Exception):
    """A program did wrong: the sentence is the error's text, `story` all there is to tell."""

    def __init__(self, sentence: str, story: str, record: Path) -> None:
        super().__init__(sentence)
        self.story = story
        self.record = record


class MatrixFile(pytest.File):
    """The file that stands for the matrix."""

    run: MatrixRun

    def collect(self) -> Iterator[CellItem]:
        """A test for each cell."""
        for cell in all_cells(self.run.registry, self.run.jdks):
            item = CellItem.from_parent(self, name=cell.name)
            item.cell = cell
            item.run = self.run
            yield item


class CasesFolder(pytest.Directory):
    """The folder `cases`, which stands for all cases: those of users' files as well, wherever these are."""

    run: MatrixRun

    def collect(self) -> Iterator[CasesFile]:
        """A node for each file, in which are the tests for its cases and each program that they are for."""
        try:
            groups = self.run.case_groups
        except YamlError as error:
            raise self.CollectError(str(error)) from None
        for path in dict.fromkeys(group.file.path for group in groups):
            file = CasesFile.from_parent(self, path=path)
            file.run = self.run
            yield file


class CasesFile(pytest.File):
    """The cases against one side of a protocol; where several files have some, the first of these."""

    run: MatrixRun

    def collect(self) -> Iterator[CaseItem]:
        """A test for each of its cases and each program that it is for."""
        for group in self.run.case_groups:
            if group.file.path != self.path:
                continue
            for case in group.cases:
                item = CaseItem.from_parent(self, name=f"{group.name}/{case.name}")
                item.group, item.case, item.run = group, case, self.run
                yield item


class _Item(pytest.Item):
    run: MatrixRun

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence, the wire and the consoles; for anything but a verdict, what pytest would show."""
        if isinstance(excinfo.value, FailedError):
            return f"{excinfo.value.story}\n\nthe whole record: {excinfo.value.record}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """How pytest names the test."""
        return self.path, None, self.name


class CellItem(_Item):
    """One cell."""

    cell: Cell
    result: CellResult | None = None

    def runtest(self) -> None:
        """Takes the cell's result, which was worked out ahead, and fails where it does."""
        reason = self.run.unable(self.cell.programs)
        if reason is not None:
            self.run.records.skipped(self.cell, reason)
            pytest.skip(reason)
        self.result = self.run.cell_result(self.cell)
        record = self.run.records.result(self.result)
        if not self.result.verdict.passed:
            raise FailedError(self.result.verdict.problems[0], transcript(self.result), record)


class CaseItem(_Item):
    """One case against one program."""

    group: CaseGroup
    case: Case
    result: CaseResult | None = None

    def runtest(self) -> None:
        """Takes the case's result, which was worked out ahead, and fails where it does."""
        reason = self.run.unable((self.group.program,))
        if reason is not None:
            self.run.records.skipped_case(self.group, self.case, reason)
            pytest.skip(reason)
        self.result = self.run.case_result(self.group, self.case)
        record = self.run.records.case(self.result)
        if self.result.problem is not None:
            raise FailedError(self.result.problem, case_transcript(self.result), record)
