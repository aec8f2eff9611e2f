"""Events and answers as binary frames: for who has to keep up with traffic that JSON is too slow for.

kind, 1 byte          an index into `KINDS`; 255: an answer to an order; 254: a pause, nothing more waited to be told
sender, 1 byte        0 the client, 1 the server
connection, 4 bytes
at, 8 bytes           seconds on the tap's clock, as a double
size, 4 bytes         of `sent`: how many bytes. Of `received`: how many came whose bytes are missing here
lengths, 2 + 2 + 4 bytes, and what they count: detail and via in UTF-8, data as it is; an answer is JSON in data
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
"""The frame that says that nothing more was waiting."""


def pack_event(event: Event) -> tuple[bytes, bytes]:
    """The frame of an event in two pieces, of which the second is its data."""
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
    """The frame of an answer, in two pieces as well."""
    data = json.dumps(message).encode()
    return _HEAD.pack(_ANSWER, 0, 0, 0.0, 0, 0, 0, len(data)), data


def read_frames(stream: BinaryIO) -> Iterator[Event | dict[str, Any] | None]:
    """Every event and every answer, and None for a pause; until the stream ends."""
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
