"""Writes the tap's events to a stream without ever blocking the relay.

A thread writes what is queued: at once where it was idle, and every 5 ms at most; waking it for each event would cost
the relay more than the event itself. The queue is bounded: while it is full, events are queued without their bytes, and
`size` says how many bytes are missing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from itertools import chain
from typing import Any, BinaryIO

from conformance.agent.events import Event
from conformance.agent.tap.frames import PAUSE, pack_answer, pack_event

__all__ = ["HELD_LIMIT", "EventWriter"]

HELD_LIMIT = 64 << 20
"""Bytes that may be queued."""

_EVENT_SIZE = 256  # bytes of memory that an event takes besides its data, roughly
_BATCH_SECONDS = 0.005


class EventWriter:
    """Writes events and answers to `stream` as binary frames (`frames.py`), in a thread of its own."""

    def __init__(self, stream: BinaryIO, held_limit: int = HELD_LIMIT) -> None:
        self._stream = stream
        self._held_limit = held_limit
        self._frames: deque[tuple[bytes, bytes]] = deque()
        self._some = threading.Event()
        # Each of these two counters is changed by one thread only. Their difference is the number of bytes queued.
        self._put = 0
        self._written = 0
        self._closing = False
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def event(self, event: Event) -> None:
        """Queues an event; returns at once."""
        if event.data and self._put - self._written > self._held_limit:
            event = event._replace(data=b"", size=len(event.data))
        self._add(pack_event(event))

    def answer(self, message: dict[str, Any]) -> None:
        """Queues the answer to an order behind all events before it."""
        self._add(pack_answer(message))

    def close(self) -> None:
        """Writes what is queued, then returns."""
        self._closing = True
        self._some.set()
        self._thread.join()

    def _add(self, frame: tuple[bytes, bytes]) -> None:
        # The caller has packed the frame: packing in the thread would hold the interpreter lock for longer at a time.
        self._put += len(frame[1]) + _EVENT_SIZE
        self._frames.append(frame)
        if not self._some.is_set():  # setting it takes a lock
            self._some.set()

    def _write_all(self) -> None:
        with suppress(OSError):  # the reader has closed the pipe; it closes the tap's input too, which ends the tap
            while not self._closing or self._frames:
                self._some.wait()
                self._some.clear()
                frames = [self._frames.popleft() for _ in range(len(self._frames))]
                self._stream.write(b"".join(chain.from_iterable(frames)))
                if not self._frames:
                    self._stream.write(PAUSE)
                self._stream.flush()
                self._written += sum(len(data) + _EVENT_SIZE for _, data in frames)
                if not self._closing:
                    time.sleep(_BATCH_SECONDS)
