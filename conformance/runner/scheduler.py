"""Runs what tests will ask for ahead of them, a few things side by side, each in a lane of its own."""

from __future__ import annotations

import queue
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from conformance.backends.base import Backend, Lane

__all__ = ["Scheduler"]


class Scheduler:
    """Keeps `lanes` lanes at work; results are had in whichever order they are asked for."""

    def __init__(self, backend: Backend, lanes: int) -> None:
        self._backend = backend
        self._free: queue.LifoQueue[Lane | None] = queue.LifoQueue()
        self._lanes: list[Lane] = []
        self._futures: dict[Hashable, Future[Any]] = {}
        self._pool = ThreadPoolExecutor(lanes, thread_name_prefix="lane")
        for _ in range(lanes):
            self._free.put(None)

    def submit(self, key: Hashable, work: Callable[[Lane], Any]) -> None:
        """Takes on some work, behind all that it has been given before."""
        self._futures[key] = self._pool.submit(self._in_a_lane, work)

    def result(self, key: Hashable) -> Any:
        """What came of it, once it is done."""
        return self._futures[key].result()

    def close(self) -> None:
        """Begins nothing more, ends what is under way, and removes the lanes."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._backend.abort()
        self._pool.shutdown(wait=True)
        for lane in self._lanes:
            lane.close()

    def _in_a_lane(self, work: Callable[[Lane], Any]) -> Any:
        lane = self._free.get()
        try:
            if lane is None:
                lane = self._backend.lane()
                self._lanes.append(lane)
            return work(lane)
        finally:
            if lane is not None and lane.tap.broken:
                lane = None  # who comes next gets a new one
            self._free.put(lane)
