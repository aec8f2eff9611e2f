"""A recording as a pcapng file, which Wireshark and its kin open.

The tap sees streams and no packets, so these are made up as they could have been: the handshake, the bytes in segments,
acknowledgements, the end or the reset, each with right lengths, numbers and checksums.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator, Mapping
from typing import IO

from conformance.agent.events import CLIENT, SERVER, Event, Side, other
from conformance.observe.saved import About

__all__ = ["PcapngSaver", "checksum"]

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER = 0x1A2B3C4D
_RAW_IP = 101  # packets begin with their IP header, of version 4 or 6
_COMMENT, _NAME, _APPLICATION = 1, 2, 4  # options of the first two blocks

_FIN, _SYN, _RST, _PUSH, _ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_TCP = 6
_SEGMENT = 65000  # bytes of data in a packet; an IP packet has at most 65535
_WINDOW = 0xFFFF
# Options of a SYN: the largest segment (kind 2), a no-op (1), and how often to double the window that is written (3).
_SYN_OPTIONS = struct.pack("!BBH BBBB", 2, 4, _SEGMENT, 1, 3, 3, 7)


class PcapngSaver:
    """Writes packets, as the events come that they are made of."""

    def __init__(self, file: IO[bytes], about: About) -> None:
        self._file = file
        self.flush, self.close = file.flush, file.close
        self._began = about.began
        self._flows: dict[int, _Flow] = {}
        told = f"protocol {about.protocol.protocol}, network {about.network}, to {about.to}; packets made up by a tap"
        section = struct.pack("<IHHq", _BYTE_ORDER, 1, 0, -1)  # of unknown length
        self._block(_SECTION, section + _options({_COMMENT: told, _APPLICATION: "java-python-sockets tap"}))
        self._block(_INTERFACE, struct.pack("<HHI", _RAW_IP, 0, 0) + _options({_NAME: "tap"}))

    def add(self, event: Event) -> None:
        if event.kind == "opened":
            self._flows[event.connection] = _Flow(event.detail, event.via)
        flow = self._flows.get(event.connection)
        if flow is None:  # it was over, as far as packets can tell
            return
        microseconds = round((self._began + event.at) * 1_000_000)
        for packet in flow.packets(event):
            head = struct.pack("<IIIII", 0, microseconds >> 32, microseconds & 0xFFFFFFFF, len(packet), len(packet))
            self._block(_PACKET, head + packet)
        if not flow.open:
            del self._flows[event.connection]

    def _block(self, kind: int, body: bytes) -> None:
        padding = bytes(-len(body) % 4)
        size = len(body) + len(padding) + 12
        self._file.write(b"".join((struct.pack("<II", kind, size), body, padding, struct.pack("<I", size))))


def _options(texts: Mapping[int, str]) -> bytes:
    values = [(code, text.encode()) for code, text in texts.items()]
    written = [struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in values]
    return b"".join(written) + bytes(4)


class _Flow:
    """One connection as packets: give it the events, take what they make, whole IP packets."""

    def __init__(self, client: str, server: str) -> None:
        """`client` and `server` are shown addresses: `192.168.1.20:50000`, `[::1]:8999`."""
        self.open: set[Side] = {CLIENT, SERVER}  # who may still send
        self._ends = {CLIENT: _parse(client), SERVER: _parse(server)}
        if len({address.version for address, _ in self._ends.values()}) > 1:
            raise ValueError(f"{client} and {server} are of two families")
        # Sequence numbers may begin anywhere, and always do so in the same place for the same end.
        self._next = {CLIENT: checksum(client.encode()) << 16, SERVER: checksum(server.encode()) << 16}

    def packets(self, event: Event) -> Iterator[bytes]:
        """What the event was on the wire."""
        sender = event.sender
        match event.kind:
            case "opened":
                yield self._packet(CLIENT, _SYN)
                yield self._packet(SERVER, _SYN | _ACK)
                yield self._packet(CLIENT, _ACK)
            case "received":
                for start in range(0, len(event.data), _SEGMENT):
                    yield self._packet(sender, _PUSH | _ACK, event.data[start : start + _SEGMENT])
                # The numbers of bytes that were not kept pass: who reads the packets sees that some are missing.
                self._next[sender] += event.size
                yield self._packet(other(sender), _ACK)
            case "end":
                self.open.discard(sender)
                yield self._packet(sender, _FIN | _ACK)
                yield self._packet(other(sender), _ACK)
            case "cut":
                self.open.clear()  # what came then is in no packet
            case "reset" | "refused":
                self.open.clear()
                yield self._packet(sender, _RST | _ACK)

    def _packet(self, sender: Side, flags: int, data: bytes = b"") -> bytes:
        (source, source_port), (target, target_port) = self._ends[sender], self._ends[other(sender)]
        acknowledged = self._next[other(sender)] if flags & _ACK else 0
        numbers = source_port, target_port, self._next[sender] & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF
        options = _SYN_OPTIONS if flags & _SYN else b""
        offset = (20 + len(options)) // 4 << 4
        segment = struct.pack("!HHIIBBHxxxx", *numbers, offset, flags, _WINDOW) + options + data
        self._next[sender] += len(data) + bool(flags & _SYN) + bool(flags & _FIN)
        size, addresses = len(segment), source.packed + target.packed
        if source.version == 6:
            header = struct.pack("!IHBB", 6 << 28, size, _TCP, 64) + addresses
        else:
            header = _summed(struct.pack("!BBHHHBBxx", 0x45, 0, 20 + size, 0, 0x4000, 64, _TCP) + addresses, 10)
        return header + _summed(segment, 16, addresses + struct.pack("!II", size, _TCP))


def _summed(data: bytes, place: int, pseudo: bytes = b"") -> bytes:
    """The data with the checksum of it and of the pseudo-header at that place, where there are zeros now."""
    return data[:place] + checksum(pseudo + data).to_bytes(2, "big") + data[place + 2 :]


def checksum(data: bytes) -> int:
    """The checksum of the Internet: the complement of the sum of all 16-bit words, carries added in again."""
    # 2**16 is 1 modulo 2**16 - 1: the remainder of the whole as one number is the sum of its words, carries included.
    total = int.from_bytes(data + bytes(len(data) % 2), "big") % 0xFFFF
    return 0 if total == 0 and any(data) else ~total & 0xFFFF


def _parse(shown: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    host, _, port = shown.rpartition(":")
    return ipaddress.ip_address(host.strip("[]").partition("%")[0]), int(port)
