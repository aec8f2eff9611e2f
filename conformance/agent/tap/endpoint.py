"""One end of a link: the socket of the client, or that of the server, and what happens there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

from conformance.agent.events import Side

__all__ = ["End"]


class _Link(Protocol):
    """What an end tells of itself."""

    def made(self, end: End) -> None: ...

    def came(self, end: End, data: bytes) -> None: ...

    def sent(self, end: End, size: int) -> None: ...

    def finished(self, end: End) -> None: ...

    def gone(self, end: End, error: OSError) -> None: ...

    def closed(self, end: End) -> None: ...


class End(asyncio.Protocol):
    """A socket, and the side that is on it.

    `when_writable` is called with False when no more should be sent to it for now, and with True when it has room.
    """

    transport: asyncio.Transport

    def __init__(self, link: _Link, side: Side) -> None:
        self.side = side
        self.when_writable: Callable[[bool], None] = lambda writable: None
        self._link = link
        self._reads = True

    def read(self, reads: bool) -> None:
        """Takes what comes from the program from now on, or leaves it waiting."""
        if reads == self._reads:
            return
        self._reads = reads
        if reads:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def send(self, data: bytes) -> None:
        """Sends to the program, or keeps in the transport what its socket does not take."""
        self.transport.write(data)
        self._link.sent(self, len(data))

    def send_end(self) -> None:
        """Tells the program that the stream ends here."""
        try:
            self.transport.write_eof()
        except OSError as error:
            self._link.gone(self, error)
        else:
            self._link.finished(self)

    def close(self) -> None:
        """Closes it once all is sent."""
        self.transport.close()

    def abort(self) -> None:
        """Closes it with a reset, as a program that died would."""
        if not hasattr(self, "transport"):
            return  # it never was connected
        sock = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # What asyncio tells ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        self._link.came(self, data)

    def eof_received(self) -> bool:
        self._link.came(self, b"")
        return True  # the other half stays open

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._link.gone(self, exc)
        else:
            self._link.closed(self)

    def pause_writing(self) -> None:
        self.when_writable(False)

    def resume_writing(self) -> None:
        self.when_writable(True)
