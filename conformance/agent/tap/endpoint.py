"""One of the two sockets of a link, the client's or the server's, as an asyncio protocol."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

from conformance.agent.events import Side

__all__ = ["Endpoint"]


class _Link(Protocol):
    """What an endpoint reports to."""

    def made(self, endpoint: Endpoint) -> None: ...

    def came(self, endpoint: Endpoint, data: bytes) -> None: ...

    def sent(self, endpoint: Endpoint, size: int) -> None: ...

    def finished(self, endpoint: Endpoint) -> None: ...

    def gone(self, endpoint: Endpoint, error: OSError) -> None: ...

    def closed(self, endpoint: Endpoint) -> None: ...


class Endpoint(asyncio.Protocol):
    """A socket and the side it is connected to.

    `when_writable` is called with False when the transport's buffer is full, and with True when it has room again.
    """

    transport: asyncio.Transport

    def __init__(self, link: _Link, side: Side) -> None:
        self.side = side
        self.when_writable: Callable[[bool], None] = lambda writable: None
        self._link = link
        self._reads = True

    def read(self, reads: bool) -> None:
        """Resumes or pauses reading from the program."""
        if reads == self._reads:
            return
        self._reads = reads
        if reads:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def send(self, data: bytes) -> None:
        """Sends to the program; the transport keeps what the socket does not take."""
        self.transport.write(data)
        self._link.sent(self, len(data))

    def send_end(self) -> None:
        """Sends the end of the stream (a half-close)."""
        try:
            self.transport.write_eof()
        except OSError as error:
            self._link.gone(self, error)
        else:
            self._link.finished(self)

    def close(self) -> None:
        """Closes the socket once everything is sent."""
        self.transport.close()

    def abort(self) -> None:
        """Closes the socket with a reset, as the system does for a program that dies."""
        if not hasattr(self, "transport"):
            return  # it was never connected
        sock = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # Callbacks of asyncio ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        self._link.came(self, data)

    def eof_received(self) -> bool:
        self._link.came(self, b"")
        return True  # the other direction stays open

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._link.gone(self, exc)
        else:
            self._link.closed(self)

    def pause_writing(self) -> None:
        self.when_writable(False)

    def resume_writing(self) -> None:
        self.when_writable(True)
