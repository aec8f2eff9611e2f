"""The processes that are watched: what each takes, sampled; and how long answers took."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import quantiles
from threading import Lock

import psutil

__all__ = ["TOLERANCES", "Latencies", "Samples"]

TOLERANCES: Mapping[str, tuple[float, float]] = {
    "memory": (8.0, 0.1),  # MiB
    "descriptors": (4.0, 0.05),
    "threads": (2.0, 0.05),
    "latency": (20.0, 0.25),  # ms: the 99th of a hundred answers, on a machine that others use too
}
"""By what is measured: how much an hour may add in its unit, and as a share of the median; the larger counts."""

_MIB = 1 << 20


class Latencies:
    """How long answers took, in milliseconds, since they were last asked for."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._came: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, seconds: float) -> None:
        """An answer of that server."""
        with self._guard:
            self._came[name].append(seconds * 1000)

    def take(self) -> dict[str, list[float]]:
        """All that came, which is forgotten here."""
        with self._guard:
            came, self._came = self._came, defaultdict(list)
        return came


class Samples:
    """Series by what is measured and by name: pairs of seconds since the beginning and a value."""

    def __init__(self, processes: Mapping[str, Sequence[int]]) -> None:
        """Each name has the ids of its processes, which are taken together."""
        self.series: dict[str, dict[str, list[tuple[float, float]]]] = {what: {} for what in TOLERANCES}
        self._processes = {name: [psutil.Process(pid) for pid in pids] for name, pids in processes.items()}
        self._began = time.monotonic()

    def take(self, latencies: Latencies) -> None:
        """One sample of everything. psutil.NoSuchProcess where a process has ended."""
        now = time.monotonic() - self._began
        for name, processes in self._processes.items():
            self._add("memory", name, now, sum(one.memory_info().rss for one in processes) / _MIB)
            self._add("descriptors", name, now, sum(_descriptors(one) for one in processes))
            self._add("threads", name, now, sum(one.num_threads() for one in processes))
        for name, came in latencies.take().items():
            if len(came) > 1:
                self._add("latency", name, now, quantiles(came, n=100)[-1])

    def all(self) -> Iterator[tuple[str, str, list[tuple[float, float]]]]:
        """What is measured, of what, and the series."""
        for what, by_name in self.series.items():
            for name, series in by_name.items():
                yield what, name, series

    def _add(self, what: str, name: str, at: float, value: float) -> None:
        self.series[what].setdefault(name, []).append((at, value))


def _descriptors(process: psutil.Process) -> int:
    count: int = getattr(process, "num_handles" if sys.platform == "win32" else "num_fds")()
    return count
