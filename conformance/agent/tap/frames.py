"""Events and answers as binary frames: what a tap writes to its standard output.

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
from collections.abc import Iterator
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Event, Kind

__all__ = ["PAUSE", "FrameReader", "pack_answer", "pack_event"]

KINDS: tuple[Kind, ...] = ("opened", "received", "sent", "end", "reset", "refused")
_ANSWER = 255
_PAUSE = 254
_HEAD = struct.Struct("!BBIdIHHI")
_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}

PAUSE = _HEAD.pack(_PAUSE, 0, 0, 0.0, 0, 0, 0, 0)
"""The frame that says that no more frames were queued."""


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
    """Takes frames apart as their bytes come, in pieces of any size. `shift` is added to the time of every event."""

    def __init__(self) -> None:
        self.shift = 0.0
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
                yield Event(at + self.shift, connection, KINDS[kind], side, data[body:end], missing, detail, via)
        self._rest = data[place:]
