"""Reads pcapng files and the packets in them, and checks all that such a file promises. Knows nothing of the writer."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Packet:
    """A TCP packet."""

    at: float
    source: tuple[str, int]
    target: tuple[str, int]
    number: int
    acknowledged: int
    flags: str
    data: bytes


@dataclass
class Stream:
    """What one end sent, put together by sequence numbers."""

    flags: str = ""
    data: bytearray = field(default_factory=bytearray)


def packets(path: Path) -> list[Packet]:
    """All packets of the file."""
    content = path.read_bytes()
    assert struct.unpack_from("<IIIHH", content) == (
        0x0A0D0D0A,
        struct.unpack_from("<I", content, 4)[0],
        0x1A2B3C4D,
        1,
        0,
    )
    found, interfaces, place = [], 0, 0
    while place < len(content):
        kind, size = struct.unpack_from("<II", content, place)
        assert size % 4 == 0
        assert size >= 12
        assert struct.unpack_from("<I", content, place + size - 4) == (size,), "the length at the end of a block"
        body = content[place + 8 : place + size - 4]
        if kind == 0x0A0D0D0A:
            _options(body[16:])
        elif kind == 1:
            interfaces += 1
            assert struct.unpack_from("<H", body) == (101,), "raw IP"
            _options(body[8:])
        elif kind == 6:
            interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
            assert interface < interfaces
            assert captured == original
            assert len(body) == 20 + (captured + 3) // 4 * 4
            found.append(_packet(((high << 32) + low) / 1e6, body[20 : 20 + captured]))
        else:
            raise AssertionError(f"a block of kind {kind}")
        place += size
    assert place == len(content)
    return found


def streams(found: list[Packet]) -> dict[tuple[str, int], Stream]:
    """What each end of one connection sent; every number must follow from those before it."""
    expected: dict[tuple[str, int], int] = {}
    result: dict[tuple[str, int], Stream] = {}
    for packet in found:
        stream = result.setdefault(packet.source, Stream())
        if "S" not in packet.flags:
            assert packet.number == expected[packet.source], packet
        if "A" in packet.flags:
            assert packet.acknowledged == expected[packet.target], packet
        stream.flags += packet.flags.replace("A", "").replace("P", "")
        stream.data += packet.data
        consumed = len(packet.data) + sum(flag in "SF" for flag in packet.flags)
        expected[packet.source] = (packet.number + consumed) % 2**32
    return result


def _options(data: bytes) -> None:
    place = 0
    while place < len(data):
        code, size = struct.unpack_from("<HH", data, place)
        place += 4 + (size + 3) // 4 * 4
        if code == 0:
            assert size == 0
            break
    assert place == len(data)


def _packet(at: float, data: bytes) -> Packet:
    if data[0] >> 4 == 4:
        header = data[: (data[0] & 15) * 4]
        assert _sum(header) == 0xFFFF, "the checksum of the IPv4 header"
        assert struct.unpack_from("!H", header, 2) == (len(data),)
        assert header[9] == 6
        source, target = header[12:16], header[16:20]
    else:
        assert data[0] >> 4 == 6
        header = data[:40]
        assert struct.unpack_from("!HB", header, 4) == (len(data) - 40, 6)
        source, target = header[8:24], header[24:40]
    segment = data[len(header) :]
    assert _sum(source + target + struct.pack("!II", len(segment), 6) + segment) == 0xFFFF, "the checksum of TCP"
    source_port, target_port, number, acknowledged, offset, flags = struct.unpack_from("!HHIIBB", segment)
    return Packet(
        at,
        (str(ipaddress.ip_address(source)), source_port),
        (str(ipaddress.ip_address(target)), target_port),
        number,
        acknowledged,
        "".join(name for bit, name in enumerate("FSRPAU") if flags >> bit & 1),
        segment[(offset >> 4) * 4 :],
    )


def _sum(data: bytes) -> int:
    total = 0
    for place in range(0, len(data), 2):
        total += int.from_bytes(data[place : place + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total
