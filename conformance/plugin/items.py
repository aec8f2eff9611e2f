"""Cells as tests: `matrix.yaml` is collected as a file, and each of its cells as a test of that name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.cell import CellResult
from conformance.matrix import Cell, all_cells
from conformance.transcript import transcript

if TYPE_CHECKING:
    from conformance.plugin.run import MatrixRun

__all__ = ["CellFailedError", "CellItem", "MatrixFile"]


class CellFailedError(Exception):
    """The programs of a cell did not understand each other."""

    def __init__(self, result: CellResult, record: Path) -> None:
        super().__init__(result.verdict.problems[0])
        self.result = result
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


class CellItem(pytest.Item):
    """One cell."""

    cell: Cell
    run: MatrixRun
    result: CellResult | None = None

    def runtest(self) -> None:
        """Takes the cell's result, which was worked out ahead, and fails where it does."""
        reason = self.run.unable(self.cell)
        if reason is not None:
            self.run.records.skipped(self.cell, reason)
            pytest.skip(reason)
        self.result = self.run.scheduler.result(self.cell)
        record = self.run.records.result(self.result)
        if not self.result.verdict.passed:
            raise CellFailedError(self.result, record)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence, the wire and the consoles; for anything but a verdict, what pytest would show."""
        if isinstance(excinfo.value, CellFailedError):
            return f"{transcript(excinfo.value.result)}\n\nthe whole record: {excinfo.value.record}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """How pytest names the test."""
        return self.path, None, self.name
