"""Runs work ahead of the tests that will ask for its results: several pieces side by side, each in a worker.

A result is believed only where nothing of ours stands in its way. What is the harness's own trouble is tried again
once, in a fresh worker; a server that found its port taken gets another one; and what came too late while the harness
itself was late, or the machine had far more to do than it can, is tried again once, alone as far as this run goes, and
with more patience.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, Self

from conformance.agent.problem import HARNESS, HarnessError, Problem
from conformance.backends.base import Backend, Worker

__all__ = ["Result", "Scheduler", "Work"]

_TRIES, _PORT_TRIES = 2, 3
_LATE_SECONDS = 1.0
_TICK_SECONDS = 0.2
_PATIENCE = 4.0
_CROWD = 8.0  # programs that want to run, for each processor
_KEPT = 3600  # moments at which the harness was late
# The codes of what did not come in time: on a machine that is overloaded they prove nothing.
_IN_TIME = frozenset(
    (
        "ignores-end-of-input",
        "left-open",
        "must-end",
        "neither-ended-nor-served",
        "never-listened",
        "never-printed",
        "not-served-afterwards",
        "not-shown",
        "not-taken",
        "nothing-came",
        "only-part-came",
        "still-running",
        "too-busy",
        "too-few-connections",
    )
)


class Result(Protocol):
    """What came of a cell or a case."""

    @property
    def port_taken(self) -> bool:
        """Whether its server found the port in use that it was given."""

    @property
    def timed_out(self) -> bool:
        """Whether somebody waited in vain, by whatever code that shows."""

    @property
    def problems(self) -> Sequence[Problem]:
        """What is wrong, the first explaining the rest."""

    def ours(self, problem: Problem) -> Self:
        """The same with our own trouble in place of a verdict."""


@dataclass(frozen=True)
class Work:
    """What a worker does at a stretch. `run` gives the result of each of these names, `failed` one for our trouble."""

    names: Sequence[str]
    run: Callable[[Sequence[str], Worker], Mapping[str, Result]]
    failed: Callable[[str, HarnessError], Result]


class Scheduler:
    """Runs what is submitted, in that order, in at most `workers` workers of the backend at a time."""

    def __init__(self, backend: Backend, workers: int) -> None:
        self._backend = backend
        self._free: list[Worker] = []
        self._workers: set[Worker] = set()
        self._futures: dict[Hashable, Future[dict[str, Result]]] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._turns = _Turns()
        self._lateness = _Lateness()
        self._closing = False

    def submit(self, key: Hashable, work: Work) -> None:
        """Queues `work` behind everything submitted before."""
        self._futures[key] = self._pool.submit(self._believable, work)

    def result(self, key: Hashable) -> dict[str, Any]:
        """Waits for the work submitted under `key`; returns its results. What is done with may be removed from them."""
        return self._futures[key].result()

    def close(self) -> None:
        """Cancels what has not begun, aborts what is under way and removes the workers."""
        self._closing = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        with suppress(OSError):  # where it cannot, each program ends when its time is over
            self._backend.abort()
        self._pool.shutdown(wait=True)
        self._lateness.close()
        for worker in self._workers:
            worker.close()

    def _believable(self, work: Work) -> dict[str, Result]:
        results: dict[str, Result] = {}
        left, alone, tries = work.names, False, 0
        while left:
            tries += 1
            began = time.monotonic()
            with self._turns.take(alone=alone):
                found = self._once(work, left, _PATIENCE if alone else 1.0)
            late, crowded = self._lateness.since(began), _crowded()
            again: dict[str, bool] = {}  # whether it is to be alone
            for name, result in found.items():
                codes = {problem.code for problem in result.problems}
                timed_out = result.timed_out or not codes.isdisjoint(_IN_TIME)
                too_late = timed_out and late >= _LATE_SECONDS
                if tries < _TRIES and (too_late or (timed_out and crowded) or codes & HARNESS):
                    again[name] = timed_out
                elif tries < _PORT_TRIES and result.port_taken:
                    again[name] = False
                elif too_late:
                    result = result.ours(result.problems[0].shows("harness-overloaded", late=round(late, 1)))
                if name not in results or codes != {"hung-before"}:  # by then it is known to hang: the first try stays
                    results[name] = result
            left, alone = [] if self._closing else list(again), any(again.values())
        return results

    def _once(self, work: Work, names: Sequence[str], patience: float) -> Mapping[str, Result]:
        try:
            with self._worker() as worker:
                worker.patience = patience
                return work.run(names, worker)
        except HarnessError as error:
            trouble = error
        except Exception as error:  # whatever else goes wrong here is no program's fault either
            trouble = HarnessError.of(error, self._backend.trouble)
            trouble.__cause__ = error
        return {name: work.failed(name, trouble) for name in names}

    @contextmanager
    def _worker(self) -> Iterator[Worker]:
        """A worker of its own; it goes on to the next work unless it is broken."""
        try:
            worker = self._free.pop()
        except IndexError:
            worker = self._backend.worker()
            self._workers.add(worker)
        try:
            yield worker
        except BaseException:
            self._drop(worker)
            raise
        if worker.broken:
            self._drop(worker)
        else:
            self._free.append(worker)

    def _drop(self, worker: Worker) -> None:
        self._workers.discard(worker)
        with suppress(Exception):  # it is broken
            worker.close()


def _crowded() -> bool:
    """Whether far more wants to run on this machine than it has processors for; False where that is not told."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > _CROWD * (os.cpu_count() or 1)


class _Turns:
    """Many at a time, or one alone; who wants to be alone goes before those that begin later."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = self._waiting = 0
        self._alone = False

    @contextmanager
    def take(self, *, alone: bool) -> Iterator[None]:
        with self._changed:
            self._waiting += alone
            self._changed.wait_for(lambda: not self._alone and not (self._running if alone else self._waiting))
            self._waiting -= alone
            self._running += 1
            self._alone = alone
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._alone = False
                self._changed.notify_all()


class _Lateness:
    """How late the harness is: a thread that wakes up regularly, and sees how much later than it asked for."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT)  # when, and by how many seconds
        threading.Thread(target=self._watch, daemon=True).start()

    def since(self, began: float) -> float:
        """By how many seconds it was late at most since then, on the monotonic clock."""
        return max((late for at, late in list(self._late) if at >= began), default=0.0)

    def close(self) -> None:
        self._ended.set()

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._ended.wait(_TICK_SECONDS):
            now = time.monotonic()
            if (late := now - before - _TICK_SECONDS) > _TICK_SECONDS:
                self._late.append((now, late))
            before = now
