"""Busy polling: the event loop asks its sockets again instead of sleeping, while requests follow each other closely.

Waking a process that sleeps takes the system longer than a request takes the server. A client that waits for each
answer would pay that every time.
"""

import time
from collections.abc import Callable

__all__ = ["BusyPoll"]

# Seconds. Polling starts after two ticks that ended within this time, and stops when nothing has come for as long. So
# it wastes at most this much, and nothing with clients that are slower.
_SOON = 100e-6


class BusyPoll:
    """Keeps the event loop awake between ticks that follow each other within 100 microseconds."""

    __slots__ = ("_call_soon", "_ended", "_polls")

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._call_soon = call_soon
        self._ended = 0.0
        self._polls = False

    def tick_ended(self) -> None:
        """Must be called whenever a tick has answered everything that had come."""
        now = time.perf_counter()
        if now - self._ended < _SOON and not self._polls:
            self._polls = True
            self._call_soon(self._poll)
        self._ended = now

    def _poll(self) -> None:
        # While a callback is scheduled, the loop polls its sockets without blocking.
        if time.perf_counter() - self._ended < _SOON:
            self._call_soon(self._poll)
        else:
            self._polls = False
