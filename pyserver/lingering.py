"""Lingering: before the event loop sleeps, it looks a little longer for what comes next.

To wake a program that sleeps, and the processor that slept with it, takes the system longer than a request takes the
server. Who waits for each answer would wait for that too, each time.
"""

import time
from collections.abc import Callable

__all__ = ["Linger"]

# Seconds. What came sooner after the turn before is expected again as soon; so no more than this is ever spent in vain,
# and nothing at all where clients take their time.
_SOON = 100e-6


class Linger:
    """Keeps the event loop awake between turns that follow each other closely."""

    __slots__ = ("_call_soon", "_ended", "_looks")

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._call_soon = call_soon
        self._ended = 0.0
        self._looks = False

    def turn_ended(self) -> None:
        """To be called whenever all that had come is answered."""
        now = time.perf_counter()
        if now - self._ended < _SOON and not self._looks:
            self._looks = True
            self._call_soon(self._look)
        self._ended = now

    def _look(self) -> None:
        # As long as something is to be called soon, the loop asks its sockets without waiting for them.
        if time.perf_counter() - self._ended < _SOON:
            self._call_soon(self._look)
        else:
            self._looks = False
