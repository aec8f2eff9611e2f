"""Events and answers as binary frames: for who has to keep up with traffic that JSON is too slow for.

kind, 1 byte          an index into `KINDS`; `ANSWER` for an answer to an order
sender, 1 byte        0 the client, 1 the server
connection, 4 bytes
at, 8 bytes           seconds on the tap's clock, as a double
size, 4 bytes         of `sent`: how many bytes. Of `received`: how many came whose bytes are missing here
waiting, 4 bytes      KiB that were waiting behind this event to be told
lengths, 2 + 2 + 4 bytes, and what they count: detail and via in UTF-8, data as it is; an answer is JSON in data
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from conformance.tap.events import CLIENT, SERVER, Event, Kind

__all__ = ["pack_answer", "pack_event", "read_frames"]

KINDS: tuple[Kind, ...] = ("opened", "received", "sent", "end", "reset", "refused")
ANSWER = 255
_HEAD = struct.Struct("!BBIdIIHHI")
_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}


def pack_event(event: Event, waiting: int = 0) -> tuple[bytes, bytes]:
    """The frame of an event in two pieces, of which the second is its data; `waiting` is in bytes."""
    detail, via = event.detail.encode(), event.via.encode()
    head = _HEAD.pack(
        _NUMBERS[event.kind],
        event.sender == SERVER,
        event.connection,
        event.at,
        event.size,
        waiting >> 10,
        len(detail),
        len(via),
        len(event.data),
    )
    return head + detail + via, event.data


def pack_answer(message: dict[str, Any]) -> tuple[bytes, bytes]:
    """The frame of an answer, in two pieces as well."""
    data = json.dumps(message).encode()
    return _HEAD.pack(ANSWER, 0, 0, 0.0, 0, 0, 0, 0, len(data)), data


def read_frames(stream: BinaryIO) -> Iterator[tuple[Event | dict[str, Any], int]]:
    """Every event or answer, and how many bytes were waiting behind it; until the stream ends."""
    while len(head := stream.read(_HEAD.size)) == _HEAD.size:
        kind, sender, connection, at, size, waiting, detail_size, via_size, data_size = _HEAD.unpack(head)
        texts = stream.read(detail_size + via_size) if detail_size or via_size else b""
        data = stream.read(data_size) if data_size else b""
        if kind == ANSWER:
            yield json.loads(data), 0
            continue
        yield (
            Event(
                at,
                connection,
                KINDS[kind],
                SERVER if sender else CLIENT,
                data,
                size,
                texts[:detail_size].decode(),
                texts[detail_size:].decode(),
            ),
            waiting << 10,
        )
