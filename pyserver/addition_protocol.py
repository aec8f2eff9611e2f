"""The addition service on an event loop: the same bytes and lines as `multithreaded`, for ten thousand clients.

All complete requests that have arrived are decoded, printed and answered as one batch. Only an incomplete value is
kept.
"""

import asyncio
from functools import partial
from typing import cast

from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError
from pyserver.addition import PAIR_SIZE, AdditionService
from pyserver.event_loop import run as run_on_event_loop
from pyserver.tick import Tick

__all__ = ["AdditionProtocol", "run"]

_UTF = WIRE_TYPES["UTF"]
_INT = WIRE_TYPES["int"]

# Bytes of requests in a batch. Larger batches would delay the lines of their first requests.
_BATCH = 512 * PAIR_SIZE


def run(port: int, host: str | None = None) -> int:
    """Serves all clients until the program is stopped; returns its exit status if it cannot listen."""
    return run_on_event_loop(port, host, lambda tick: partial(AdditionProtocol, tick))


class AdditionProtocol(asyncio.Protocol):
    """The connection of one client."""

    __slots__ = ("_address_known", "_buffer", "_first_shown", "_needed", "_service", "_tick", "_transport")

    def __init__(self, tick: Tick, client_id: int) -> None:
        self._tick = tick
        self._service = AdditionService(client_id)
        self._transport: asyncio.Transport | None = None
        self._buffer: bytearray | None = None  # exists only while a value is incomplete
        self._address_known = False
        self._needed = 0  # bytes of the address, as far as is known: fewer need not be decoded
        self._first_shown = False  # the line for the first number in the buffer is printed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._tick.out(self._service.connected())

    def data_received(self, data: bytes) -> None:
        if self._buffer is None:
            if len(data) == PAIR_SIZE and self._address_known and self._transport is not None:
                # The short way, for a client that waits for each answer.
                total, lines = self._service.answer(data)
                self._tick.answer(lines, self._transport, total)
                return
            self._buffer = bytearray()
        buffer = self._buffer
        buffer += data
        if self._address_known or self._receive_address(buffer):
            self._answer_pairs(buffer)
            self._show_first_number(buffer)
        if not buffer:
            self._buffer = None

    def eof_received(self) -> None:
        """Sends the answers to everything received; the transport closes after that."""
        self._tick.flush()

    def pause_writing(self) -> None:
        """The client does not read its answers: stops reading from it until it does."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._tick.out(self._service.disconnected())

    def _receive_address(self, buffer: bytearray) -> bool:
        if len(buffer) < self._needed:
            return False
        try:
            address, size = _UTF.decode(buffer)
        except IncompleteValueError as incomplete:
            self._needed = incomplete.expected
            return False
        except UTFDataFormatError:
            buffer.clear()
            if self._transport is not None:
                self._transport.close()
            return False
        del buffer[:size]
        self._address_known = True
        self._tick.out(self._service.address(address))
        return True

    def _answer_pairs(self, buffer: bytearray) -> None:
        whole = len(buffer) // PAIR_SIZE * PAIR_SIZE
        for at in range(0, whole, _BATCH):
            self._answer(buffer[at : min(at + _BATCH, whole)])
        del buffer[:whole]

    def _answer(self, pairs: bytes | bytearray) -> None:
        sums, lines = self._service.answer(pairs)
        if self._first_shown:
            self._first_shown = False
            _, _, lines = lines.partition(b"\n")
        if self._transport is not None:
            self._tick.answer(lines, self._transport, sums)

    def _show_first_number(self, buffer: bytearray) -> None:
        if len(buffer) >= _INT.size and not self._first_shown:
            self._first_shown = True
            self._tick.out(self._service.first(_INT.decode(buffer).value))
