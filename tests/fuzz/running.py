"""Runs a target on one input, within a limit of time."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

from tests.fuzz.targets import TARGETS

__all__ = ["bounded", "limited"]

_SECONDS = 20.0  # the slowest input takes under 2 s on an idle machine


def bounded(name: str, data: bytes, seconds: float = _SECONDS) -> None:
    """Runs the target; TimeoutError where it takes longer than `seconds`. Systems without SIGALRM have no limit."""

    def late(*_: Any) -> None:
        raise TimeoutError(f"{name} takes over {seconds} s for {data[:64]!r}")

    if not hasattr(signal, "SIGALRM"):
        TARGETS[name](data)
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        TARGETS[name](data)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def limited(examples: int, *, same: bool = True) -> Callable[[Any], Any]:
    """Hypothesis with that many examples, the same each time or others."""
    checks = list(HealthCheck)
    return settings(max_examples=examples, deadline=None, derandomize=same, suppress_health_check=checks, database=None)
