"""The exercise of a file transfer, for the tests of fields that are `bytes`."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from conformance.agent.events import CLIENT, SERVER
from conformance.model import Protocol
from conformance.model.yaml_file import read_yaml, validate
from javaio import to_int32
from tests.decoder.building import Part, ints, utf

FOLDER = Path(__file__).resolve().parents[2] / "exercises" / "file-transfer"
PROTOCOL = FOLDER / "protocol.yaml"
TRANSFER: Protocol = validate(Protocol, read_yaml(PROTOCOL), PROTOCOL)


def longs(*numbers: int) -> bytes:
    """The bytes of some `writeLong`."""
    return struct.pack(f">{len(numbers)}q", *numbers)


def checksum(content: bytes) -> int:
    """What `(int) crc.getValue()` is."""
    return to_int32(zlib.crc32(content))


def sent(name: str, content: bytes) -> list[Part]:
    """A file, as a right client sends it."""
    return [(CLIENT, utf(name)), (CLIENT, longs(len(content))), (CLIENT, content)]


def answered(content: bytes) -> Part:
    """What a right server says of it."""
    return (SERVER, longs(len(content)) + ints(checksum(content)))


def transfer(*contents: bytes) -> list[Part]:
    """What passes where a client sends these contents, each in a file of its own."""
    parts: list[Part] = [(CLIENT, utf("127.0.0.1"))]
    for number, content in enumerate(contents):
        parts += [*sent(f"{number}.txt", content), answered(content)]
    return [(side, data) for side, data in parts if data]
