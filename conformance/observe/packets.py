"""TCP packets as they could have been, made of what the tap saw.

The tap sees streams and no packets. For tools that read packets these are made up: the handshake, the bytes in
segments, acknowledgements, the end or the reset, each with right lengths, numbers and checksums.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator

from conformance.agent.events import CLIENT, SERVER, Event, Side, other

__all__ = ["Flow", "checksum"]

FIN, SYN, RST, PUSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_TCP = 6
_SEGMENT = 65000  # bytes of data in a packet; an IP packet has at most 65535
_WINDOW = 0xFFFF
# Options of a SYN: the largest segment (kind 2), a no-op (1), and how often to double the window that is written (3).
_SYN_OPTIONS = struct.pack("!BBH BBBB", 2, 4, _SEGMENT, 1, 3, 3, 7)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Flow:
    """One connection as packets: give it the events, take what they make, whole IP packets."""

    def __init__(self, client: str, server: str) -> None:
        """`client` and `server` are shown addresses: `192.168.1.20:50000`, `[::1]:8999`."""
        ends = {CLIENT: _parse(client), SERVER: _parse(server)}
        if len({address.version for address, _ in ends.values()}) > 1:
            raise ValueError(f"{client} and {server} are of two families")
        self._ends = ends
        self._next = {CLIENT: _first_number(client), SERVER: _first_number(server)}
        self._identification = 0
        self._ended: set[Side] = set()

    @property
    def over(self) -> bool:
        """Whether nothing more can come."""
        return len(self._ended) == 2

    def packets(self, event: Event) -> Iterator[bytes]:
        """What the event was on the wire."""
        sender = event.sender
        match event.kind:
            case "opened":
                yield self._packet(CLIENT, SYN, options=_SYN_OPTIONS)
                yield self._packet(SERVER, SYN | ACK, options=_SYN_OPTIONS)
                yield self._packet(CLIENT, ACK)
            case "received":
                for start in range(0, len(event.data), _SEGMENT):
                    yield self._packet(sender, PUSH | ACK, event.data[start : start + _SEGMENT])
                self._skip(sender, event.size)
                yield self._packet(other(sender), ACK)
            case "end":
                self._ended.add(sender)
                yield self._packet(sender, FIN | ACK)
                yield self._packet(other(sender), ACK)
            case "reset" | "refused":
                self._ended = {CLIENT, SERVER}
                yield self._packet(sender, RST | ACK)

    def _skip(self, sender: Side, size: int) -> None:
        """Bytes that were not kept: their numbers pass, and who reads the packets sees that some are missing."""
        self._next[sender] = self._next[sender] + size & 0xFFFFFFFF

    def _packet(self, sender: Side, flags: int, data: bytes = b"", options: bytes = b"") -> bytes:
        (source, source_port), (target, target_port) = self._ends[sender], self._ends[other(sender)]
        acknowledged = self._next[other(sender)] if flags & ACK else 0
        offset = (20 + len(options)) // 4 << 4

        def segment(check: int) -> bytes:
            return struct.pack(
                "!HHIIBBHHH",
                source_port,
                target_port,
                self._next[sender],
                acknowledged,
                offset,
                flags,
                _WINDOW,
                check,
                0,
            )

        size = 20 + len(options) + len(data)
        pseudo = source.packed + target.packed + struct.pack("!II", size, _TCP)
        body = segment(checksum(pseudo + segment(0) + options + data)) + options + data
        header = self._header(source, target, size)
        self._skip(sender, len(data) + bool(flags & SYN) + bool(flags & FIN))
        return header + body

    def _header(self, source: _Address, target: _Address, size: int) -> bytes:
        if source.version == 6:
            return struct.pack("!IHBB", 6 << 28, size, _TCP, 64) + source.packed + target.packed
        self._identification = self._identification + 1 & 0xFFFF

        def header(check: int) -> bytes:
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, self._identification, 0x4000, 64, _TCP, check)
            return head + source.packed + target.packed

        return header(checksum(header(0)))


def checksum(data: bytes) -> int:
    """The checksum of the Internet: the complement of the sum of all 16-bit words, carries added in again."""
    if len(data) % 2:
        data += b"\0"
    # 2**16 is 1 modulo 2**16 - 1: the remainder of the whole as one number is the sum of its words, carries included.
    total = int.from_bytes(data, "big") % 0xFFFF
    return 0 if total == 0 and any(data) else ~total & 0xFFFF


def _parse(shown: str) -> tuple[_Address, int]:
    host, _, port = shown.rpartition(":")
    return ipaddress.ip_address(host.strip("[]").partition("%")[0]), int(port)


def _first_number(shown: str) -> int:
    """Where an end's sequence numbers begin: anywhere, and always the same for the same end."""
    return checksum(shown.encode()) << 16
