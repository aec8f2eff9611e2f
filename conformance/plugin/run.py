"""One run of the matrix: what was asked for, the backend it has, and the cells under way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import pytest

from conformance.backends import Backend, choose_backend
from conformance.backends.base import Progress
from conformance.matrix import Cell
from conformance.model import Registry, load_registry
from conformance.records import Records
from conformance.scheduler import Scheduler

__all__ = ["MatrixRun"]


class MatrixRun:
    """Made when pytest starts; the backend only once cells are to be run, so that --collect-only starts nothing.

    `reported` has the cell of each test that was run, by the test's node id.
    """

    def __init__(
        self, *, backend: str, programs: Sequence[str], jdks: Sequence[int], results: Path, lanes: int
    ) -> None:
        self.jdks = tuple(jdks)
        self.registry: Registry = load_registry(Path(file) for file in programs)
        self.records = Records(results)
        self.reported: dict[str, Cell] = {}
        self._wanted = backend
        self._lanes = lanes
        self._reasons: dict[str, str | None] = {}
        self._scheduler: Scheduler | None = None

    @cached_property
    def backend(self) -> Backend:
        """The backend; NoBackendError where there is none."""
        return choose_backend(self._wanted, self.registry.runtimes)

    @property
    def scheduler(self) -> Scheduler:
        """Those cells' runs that `start` has begun."""
        assert self._scheduler is not None
        return self._scheduler

    def start(self, cells: Sequence[Cell], progress: Progress) -> None:
        """Makes ready for these cells and begins to run them."""
        for cell in cells:
            self._reasons[cell.name] = self.backend.unable(cell.server, cell.clients)
        able = [cell for cell in cells if self._reasons[cell.name] is None]
        if able:
            self.backend.prepare([program for cell in able for program in cell.programs], progress)
        self._scheduler = Scheduler(self.backend, min(self._lanes, max(1, len(able))))
        self._scheduler.submit(able)

    def unable(self, cell: Cell) -> str | None:
        """Why the cell cannot be run here."""
        return self._reasons.get(cell.name)

    def close(self) -> None:
        """Ends what is under way and removes all that was made."""
        if self._scheduler is not None:
            self._scheduler.close()
        if "backend" in self.__dict__:
            self.backend.close()


def default_lanes() -> int:
    """Cells side by side: they wait more than they compute, so there may be a few more than processors."""
    return min(8, (os.cpu_count() or 1) + 1)


RUN = pytest.StashKey[MatrixRun]()
