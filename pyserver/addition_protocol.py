"""The addition service on an event loop: same wire and same lines as `multithreaded`, for ten thousand clients.

Whatever has arrived is answered in one go: the requests of a client that does not wait for each answer are decoded,
shown and answered as one batch. What is left of a value that is still incomplete stays in the buffer.
"""

import asyncio
from typing import cast

from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError
from pyconsole import out, out_encoded
from pyserver.addition import PAIR_SIZE, AdditionService
from pyserver.event_loop import run as run_on_event_loop

__all__ = ["AdditionProtocol", "run"]

_UTF = WIRE_TYPES["UTF"]
_INT = WIRE_TYPES["int"]


def run(port: int, host: str | None = None) -> int:
    """Serves all clients, until it is stopped; the status of the program where it cannot listen."""
    return run_on_event_loop(port, host, AdditionProtocol)


class AdditionProtocol(asyncio.Protocol):
    """One client."""

    __slots__ = ("_address_known", "_buffer", "_first_shown", "_needed", "_service", "_transport")

    def __init__(self, client_id: int) -> None:
        self._service = AdditionService(client_id)
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._address_known = False
        self._needed = 0  # bytes of the address, as far as is known: no use in looking at fewer
        self._first_shown = False  # the first number of the pair that the buffer begins with has had its line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        out(self._service.connected())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._address_known or self._receive_address():
            self._answer_pairs()
            self._show_first_number()

    def pause_writing(self) -> None:
        """The client does not read its answers: until it does, nothing more is read from it."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        out(self._service.disconnected())

    def _receive_address(self) -> bool:
        if len(self._buffer) < self._needed:
            return False
        try:
            address, size = _UTF.decode(self._buffer)
        except IncompleteValueError as incomplete:
            self._needed = incomplete.expected
            return False
        except UTFDataFormatError:
            self._close()
            return False
        del self._buffer[:size]
        self._address_known = True
        out(self._service.address(address))
        return True

    def _answer_pairs(self) -> None:
        size = len(self._buffer) // PAIR_SIZE * PAIR_SIZE
        if not size or self._transport is None:
            return
        sums, lines = self._service.answer(self._buffer[:size])
        del self._buffer[:size]
        if self._first_shown:
            self._first_shown = False
            _, _, lines = lines.partition(b"\n")
        out_encoded(lines)
        self._transport.write(sums)

    def _show_first_number(self) -> None:
        if len(self._buffer) >= _INT.size and not self._first_shown:
            self._first_shown = True
            out(self._service.first(_INT.decode(self._buffer).value))

    def _close(self) -> None:
        self._buffer.clear()
        if self._transport is not None:
            self._transport.close()
