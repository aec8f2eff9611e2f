"""A recording as a pcapng file, which Wireshark and its kin open.

A file is a row of blocks: one that says what the file is, one for the interface, and one for each packet.
"""

from __future__ import annotations

import struct
from typing import IO

from conformance.agent.events import Event
from conformance.observe.packets import Flow
from conformance.observe.saved import About

__all__ = ["PcapngSaver"]

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER = 0x1A2B3C4D
_RAW_IP = 101  # packets begin with their IP header, of version 4 or 6
_END_OF_OPTIONS, _COMMENT, _APPLICATION, _NAME = 0, 1, 4, 2
_UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF


class PcapngSaver:
    """Writes packets, as the events come that they are made of."""

    def __init__(self, file: IO[bytes], about: About) -> None:
        self._file = file
        self._began = about.began
        self._flows: dict[int, Flow] = {}
        comment = (
            f"protocol {about.protocol.protocol}, network {about.network}, to {about.to}; packets made up by a tap"
        )
        options = _option(_COMMENT, comment) + _option(_APPLICATION, "java-python-sockets tap") + _option(0, "")
        self._block(_SECTION, struct.pack("<IHHQ", _BYTE_ORDER, 1, 0, _UNKNOWN_LENGTH) + options)
        self._block(_INTERFACE, struct.pack("<HHI", _RAW_IP, 0, 0) + _option(_NAME, "tap") + _option(0, ""))

    def add(self, event: Event) -> None:
        """Writes the packets that the event is."""
        if event.kind == "sent":
            return
        if event.kind == "opened":
            self._flows[event.connection] = Flow(event.detail, event.via)
        flow = self._flows.get(event.connection)
        if flow is None:  # it was over, as far as packets can tell
            return
        microseconds = round((self._began + event.at) * 1_000_000)
        for packet in flow.packets(event):
            head = struct.pack("<IIIII", 0, microseconds >> 32, microseconds & 0xFFFFFFFF, len(packet), len(packet))
            self._block(_PACKET, head + packet + bytes(-len(packet) % 4))
        if flow.over:
            del self._flows[event.connection]

    def flush(self) -> None:
        """Has all of it in the file."""
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def _block(self, kind: int, body: bytes) -> None:
        size = len(body) + 12
        self._file.write(b"".join((struct.pack("<II", kind, size), body, struct.pack("<I", size))))


def _option(code: int, text: str) -> bytes:
    value = text.encode()
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
