"""The way out for what the tap has to tell: it never makes the relay wait.

A thread writes; what it has not written yet waits, up to a bound. Beyond the bound events lose their bytes, and say how
many these were: who is told too fast knows then what is missing.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from conformance.tap.events import Event
from conformance.tap.frames import pack_answer, pack_event

__all__ = ["HELD_LIMIT", "Outlet"]

HELD_LIMIT = 64 << 20
# What an event takes beside its bytes, roughly: many small ones fill the memory too.
_EVENT_SIZE = 256


class Outlet:
    """Writes events and answers to `stream` as frames, in a thread of its own."""

    def __init__(self, stream: BinaryIO, held_limit: int = HELD_LIMIT) -> None:
        self._stream = stream
        self._held_limit = held_limit
        self._waiting: queue.SimpleQueue[Event | dict[str, Any] | None] = queue.SimpleQueue()
        # Each is counted by one thread alone; their difference is what waits.
        self._put = 0
        self._written = 0
        self._broken = False
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def event(self, event: Event) -> None:
        """Has the event told as soon as possible."""
        if event.data and self._put - self._written > self._held_limit:
            event = dataclasses.replace(event, data=b"", size=len(event.data))
        self._put += len(event.data) + _EVENT_SIZE
        self._waiting.put(event)

    def answer(self, message: dict[str, Any]) -> None:
        """Has the answer told, after all events before it."""
        self._waiting.put(message)

    def close(self) -> None:
        """Returns once all is written."""
        self._waiting.put(None)
        self._thread.join()

    def _write(self) -> None:
        while (item := self._waiting.get()) is not None:
            if isinstance(item, Event):
                self._written += len(item.data) + _EVENT_SIZE
                self._out(*pack_event(item, self._put - self._written))
            else:
                self._out(*pack_answer(item))
            if self._waiting.empty():
                self._attempt(self._stream.flush)

    def _out(self, head: bytes, data: bytes) -> None:
        self._attempt(lambda: self._stream.write(head))
        if data:
            self._attempt(lambda: self._stream.write(data))

    def _attempt(self, what: Callable[[], object]) -> None:
        # Whoever listened has gone: the end of the tap's input, which follows, ends it.
        try:
            if not self._broken:
                what()
        except OSError:
            self._broken = True
