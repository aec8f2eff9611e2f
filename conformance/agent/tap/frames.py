"""Events and answers as binary frames: what a tap writes to its standard output, without ever blocking the relay.

All numbers are big-endian; a frame is:

    kind        1 byte    an index into `KINDS`; 254: a pause, no more frames were queued; 255: an answer to an order
    sender      1 byte    0 the client, 1 the server
    connection  4 bytes   counted from 1
    at          8 bytes   seconds on the tap's clock, a double
    size        4 bytes   of `sent`: the number of bytes; of `received`: the number of bytes that are missing here
    lengths     2 + 2 + 4 bytes, of the three parts that follow
    detail      UTF-8
    via         UTF-8
    data        bytes; of an answer: JSON in UTF-8
"""

from __future__ import annotations

import json
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, BinaryIO

from conformance.agent.events import CLIENT, SERVER, Event, Kind
from conformance.agent.load_shedding import EVENT_SIZE, LoadShedder

__all__ = ["EventWriter", "FrameReader", "pack_answer", "pack_event"]

KINDS: tuple[Kind, ...] = ("opened", "received", "sent", "end", "reset", "refused", "cut", "missed")
_ANSWER = 255
_PAUSE = 254
_HEAD = struct.Struct("!BBIdIHHI")
_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}

_PAUSE_FRAME = _HEAD.pack(_PAUSE, 0, 0, 0.0, 0, 0, 0, 0)

_HELD_LIMIT = 64 << 20  # bytes that may be queued
_BATCH_SECONDS = 0.005


def pack_event(event: Event) -> tuple[bytes, bytes]:
    """The frame of an event in two pieces: everything before its data, and its data."""
    detail, via = event.detail.encode(), event.via.encode()
    kind, sender, sizes = _NUMBERS[event.kind], event.sender == SERVER, (len(detail), len(via), len(event.data))
    head = _HEAD.pack(kind, sender, event.connection, event.at, event.size, *sizes)
    return head + detail + via, event.data


def pack_answer(message: dict[str, Any]) -> tuple[bytes, bytes]:
    """The frame of an answer in two pieces: its head and its JSON."""
    data = json.dumps(message).encode()
    return _HEAD.pack(_ANSWER, 0, 0, 0.0, 0, 0, 0, len(data)), data


class FrameReader:
    """Takes frames apart as their bytes come, in pieces of any size.

    `shift` is added to the time of every event, and `before` to the number of its connection.
    """

    def __init__(self) -> None:
        self.shift = 0.0
        self.before = 0
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Event | dict[str, Any] | None]:
        """Yields each event and each answer that is whole by now, and None for a pause."""
        data = self._rest + data if self._rest else data
        place, size = 0, len(data)
        while place + _HEAD.size <= size:
            kind, sender, connection, at, missing, detail_size, via_size, data_size = _HEAD.unpack_from(data, place)
            texts = place + _HEAD.size
            body = texts + detail_size + via_size
            end = body + data_size
            if end > size:
                break
            place = end
            if kind == _PAUSE:
                yield None
            elif kind == _ANSWER:
                yield json.loads(data[body:end])
            else:
                detail, via = data[texts : texts + detail_size].decode(), data[texts + detail_size : body].decode()
                side = SERVER if sender else CLIENT
                number = connection + self.before if connection else 0
                yield Event(at + self.shift, number, KINDS[kind], side, data[body:end], missing, detail, via)
        self._rest = data[place:]


class EventWriter:
    """Writes events and answers to `stream`, in a thread of its own.

    It writes what is queued at once where it was idle, and every 5 ms at most; waking it for each event would cost the
    relay more than the event itself. The queue is bounded: while it holds `held_limit` bytes, it sheds (LoadShedder).
    """

    def __init__(self, stream: BinaryIO, held_limit: int = _HELD_LIMIT) -> None:
        self._stream = stream
        self._held_limit = held_limit
        self._shedder = LoadShedder()
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
        room = self._put - self._written <= self._held_limit
        if room and not self._shedder.sheds:
            self._add(pack_event(event))
        elif room or not self._shedder.leave_out(event):
            for taken in self._shedder.take(event, room=room):
                self._add(pack_event(taken))

    def answer(self, message: dict[str, Any]) -> None:
        """Queues the answer to an order behind all events before it."""
        self._add(pack_answer(message))

    def close(self) -> None:
        """Writes what is queued, then returns."""
        for rest in self._shedder.rest(time.monotonic()):
            self._add(pack_event(rest))
        self._closing = True
        self._some.set()
        self._thread.join()

    def _add(self, frame: tuple[bytes, bytes]) -> None:
        # The caller has packed the frame: packing in the thread would hold the interpreter lock for longer at a time.
        self._put += len(frame[1]) + EVENT_SIZE
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
                    self._stream.write(_PAUSE_FRAME)
                self._stream.flush()
                self._written += sum(len(data) + EVENT_SIZE for _, data in frames)
                if not self._closing:
                    time.sleep(_BATCH_SECONDS)
