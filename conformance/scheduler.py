"""Runs cells ahead of the tests that ask for them, a few side by side, each in a lane of its own."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from conformance.backends.base import Backend, Lane
from conformance.cell import CellResult, run_cell
from conformance.matrix import Cell

__all__ = ["Scheduler"]


class Scheduler:
    """Keeps `lanes` cells going; results are had in whichever order they are asked for."""

    def __init__(self, backend: Backend, lanes: int, run: Callable[[Cell, Lane], CellResult] = run_cell) -> None:
        self._backend = backend
        self._run = run
        self._count = lanes
        self._lanes: queue.LifoQueue[Lane | None] = queue.LifoQueue()
        self._all_lanes: list[Lane] = []
        self._futures: dict[str, Future[CellResult]] = {}
        self._pool = ThreadPoolExecutor(lanes, thread_name_prefix="cell")
        for _ in range(lanes):
            self._lanes.put(None)

    def submit(self, cells: Sequence[Cell]) -> None:
        """Takes on these cells, to be run in this order."""
        for cell in cells:
            self._futures[cell.name] = self._pool.submit(self._run_one, cell)

    def result(self, cell: Cell) -> CellResult:
        """The cell's result, once it has run."""
        return self._futures[cell.name].result()

    def close(self) -> None:
        """Runs no more cells, ends those under way, and removes the lanes."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._backend.abort()
        self._pool.shutdown(wait=True)
        for lane in self._all_lanes:
            lane.close()

    def _run_one(self, cell: Cell) -> CellResult:
        lane = self._lanes.get()
        try:
            if lane is None:
                lane = self._backend.lane()
                self._all_lanes.append(lane)
            return self._run(cell, lane)
        finally:
            if lane is not None and lane.tap.broken:
                lane = None  # the next cell gets a new one
            self._lanes.put(lane)
