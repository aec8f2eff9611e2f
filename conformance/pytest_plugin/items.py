"""Cells and cases as tests: `matrix.yaml` stands for the cells, the folder `cases` for all cases of their programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.formatting import sentence
from conformance.model import Program, YamlError
from conformance.model.cases import Case
from conformance.model.cells import Cell, all_cells
from conformance.pytest_plugin.transcript import transcript
from conformance.runner.case_run import CaseGroup

if TYPE_CHECKING:
    from conformance.pytest_plugin.run import MatrixRun

__all__ = ["CaseItem", "CasesFile", "CasesFolder", "CellItem", "FailedError", "MatrixFile", "MatrixItem"]


class FailedError(Exception):
    """A program did wrong: the sentence is the error's text, `transcript` all there is to show."""

    def __init__(self, text: str, transcript: str) -> None:
        super().__init__(text)
        self.transcript = transcript


class MatrixFile(pytest.File):
    """The file that stands for the matrix."""

    run: MatrixRun

    def collect(self) -> Iterator[CellItem]:
        """A test for each cell."""
        for cell in all_cells(self.run.registry, self.run.variants):
            item = CellItem.from_parent(self, name=cell.name)
            item.subject, item.run = cell, self.run
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
                item.subject, item.run = (group, case), self.run
                yield item


class MatrixItem(pytest.Item):
    """A cell or a case. `seconds` is how long it took, once it was run."""

    run: MatrixRun
    subject: Cell | tuple[CaseGroup, Case]
    seconds: float | None = None

    @property
    def programs(self) -> tuple[Program, ...]:
        """All that it needs."""
        return self.subject.programs if isinstance(self.subject, Cell) else (self.subject[0].program,)

    def runtest(self) -> None:
        """Takes what came of it, which was worked out ahead, and fails where that does."""
        reason = self.run.unable(self.programs)
        if reason is not None:
            pytest.skip(self.run.skip(self.subject, reason))
        analysis, path = self.run.analysis(self.subject)
        self.seconds = analysis.seconds
        if not analysis.passed:
            words = self.run.words
            text = transcript(analysis, words)
            record = words.text("report.transcript.record", {"path": path})
            raise FailedError(sentence(analysis.problems[0], words), f"{text}\n\n{record}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence, the wire and the consoles; for anything but a verdict, what pytest would show."""
        if isinstance(excinfo.value, FailedError):
            return excinfo.value.transcript
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """How pytest names the test."""
        return self.path, None, self.name


class CellItem(MatrixItem):
    """One cell."""


class CaseItem(MatrixItem):
    """One case against one program."""
