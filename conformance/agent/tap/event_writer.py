"""The way out for what the tap has to tell: it never makes the relay wait.

A thread writes, what has gathered of a few milliseconds at a time: to wake it for every event would cost the relay more
than the event. What it has not written yet waits, up to a bound. Beyond the bound events lose their bytes, and say how
many these were: who is told too fast knows then what is missing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from itertools import chain
from typing import Any, BinaryIO

from conformance.agent.events import Event
from conformance.agent.tap.frames import PAUSE, pack_answer, pack_event

__all__ = ["HELD_LIMIT", "Outlet"]

HELD_LIMIT = 64 << 20
# What an event takes beside its bytes, roughly: many small ones fill the memory too.
_EVENT_SIZE = 256
_GATHERING = 0.02  # seconds for which an event waits for others


class Outlet:
    """Writes events and answers to `stream` as frames, in a thread of its own."""

    def __init__(self, stream: BinaryIO, held_limit: int = HELD_LIMIT) -> None:
        self._stream = stream
        self._held_limit = held_limit
        self._frames: deque[tuple[bytes, bytes]] = deque()
        self._some = threading.Event()
        # Each is counted by one thread alone; their difference is what waits.
        self._put = 0
        self._written = 0
        self._closing = False
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def event(self, event: Event) -> None:
        """Has the event told soon."""
        if event.data and self._put - self._written > self._held_limit:
            event = event._replace(data=b"", size=len(event.data))
        self._add(pack_event(event))

    def answer(self, message: dict[str, Any]) -> None:
        """Has the answer told, after all events before it."""
        self._add(pack_answer(message))

    def close(self) -> None:
        """Returns once all is written."""
        self._closing = True
        self._some.set()
        self._thread.join()

    def _add(self, frame: tuple[bytes, bytes]) -> None:
        # Packed here and not in the thread, which would keep the interpreter from the relay for as long as that takes.
        self._put += len(frame[1]) + _EVENT_SIZE
        self._frames.append(frame)
        if not self._some.is_set():
            self._some.set()

    def _write_all(self) -> None:
        try:
            while not self._closing or self._frames:
                self._some.wait()
                if not self._closing:
                    time.sleep(_GATHERING)
                self._some.clear()
                self._write()
        except OSError:
            pass  # Whoever listened has gone: the end of the tap's input, which follows, ends it.

    def _write(self) -> None:
        frames = [self._frames.popleft() for _ in range(len(self._frames))]
        self._stream.write(b"".join(chain.from_iterable(frames)))
        if not self._frames:
            self._stream.write(PAUSE)
        self._stream.flush()
        self._written += sum(len(data) + _EVENT_SIZE for _, data in frames)
