"""Events and answers as binary frames, for a reader that JSON would be too slow for.

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
from typing import Any, BinaryIO

from conformance.agent.events import CLIENT, SERVER, Event, Kind

__all__ = ["PAUSE", "pack_answer", "pack_event", "read_frames"]

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
    head = _HEAD.pack(
        _NUMBERS[event.kind],
        event.sender == SERVER,
        event.connection,
        event.at,
        event.size,
        len(detail),
        len(via),
        len(event.data),
    )
    return head + detail + via, event.data


def pack_answer(message: dict[str, Any]) -> tuple[bytes, bytes]:
    """The frame of an answer in two pieces: its head and its JSON."""
    data = json.dumps(message).encode()
    return _HEAD.pack(_ANSWER, 0, 0, 0.0, 0, 0, 0, len(data)), data


def read_frames(stream: BinaryIO) -> Iterator[Event | dict[str, Any] | None]:
    """Yields each event and each answer, and None for a pause, until the stream ends."""
    while len(head := stream.read(_HEAD.size)) == _HEAD.size:
        kind, sender, connection, at, size, detail_size, via_size, data_size = _HEAD.unpack(head)
        texts = stream.read(detail_size + via_size) if detail_size or via_size else b""
        data = stream.read(data_size) if data_size else b""
        if kind == _PAUSE:
            yield None
        elif kind == _ANSWER:
            yield json.loads(data)
        else:
            yield Event(
                at,
                connection,
                KINDS[kind],
                SERVER if sender else CLIENT,
                data,
                size,
                texts[:detail_size].decode(),
                texts[detail_size:].decode(),
            )
