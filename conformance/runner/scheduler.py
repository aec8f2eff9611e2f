"""Runs work ahead of the tests that will ask for its results: several pieces side by side, each in a worker."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from conformance.backends.base import Backend, Worker

__all__ = ["Scheduler"]


class Scheduler:
    """Runs what is submitted, in that order, in at most `workers` workers of the backend at a time."""

    def __init__(self, backend: Backend, workers: int) -> None:
        self._backend = backend
        self._free: list[Worker] = []
        self._workers: list[Worker] = []
        self._futures: dict[Hashable, Future[Any]] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")

    def submit(self, key: Hashable, work: Callable[[Worker], Any]) -> None:
        """Queues `work` behind everything submitted before."""
        self._futures[key] = self._pool.submit(self._run, work)

    def result(self, key: Hashable) -> Any:
        """Waits for the work submitted under `key`; returns its result or raises its exception."""
        return self._futures[key].result()

    def close(self) -> None:
        """Cancels what has not begun, aborts what is under way and removes the workers."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._backend.abort()
        self._pool.shutdown(wait=True)
        for worker in self._workers:
            worker.close()

    def _run(self, work: Callable[[Worker], Any]) -> Any:
        try:
            worker = self._free.pop()
        except IndexError:
            worker = self._backend.worker()
            self._workers.append(worker)
        try:
            return work(worker)
        finally:
            if not worker.tap.broken:  # or else another one takes its place
                self._free.append(worker)
