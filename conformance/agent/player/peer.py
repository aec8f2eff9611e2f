"""One connection that the harness itself holds: what it sends, what it expects, and all of it recorded."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from conformance.agent.addresses import shown_address
from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side
from conformance.agent.hexdump import show
from conformance.agent.player.items import Item
from conformance.agent.sized_bytes import BYTES, SizeError
from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError, WireType

__all__ = ["Peer", "UnexpectedError"]

_PIECE = 65536


class UnexpectedError(Exception):
    """The program did not do what the case expects: one sentence."""


class Peer:
    """`me` is the side that the harness plays; `patience` is how long it waits for what must come, in seconds."""

    def __init__(
        self, sock: socket.socket, me: Side, number: int, record: Callable[[Event], None], patience: float
    ) -> None:
        self._sock = sock
        self._me = me
        self._them: Side = SERVER if me == CLIENT else CLIENT
        self._number = number
        self._record = record
        self._patience = patience
        self._buffer = bytearray()
        self._end: str | None = None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client, server = (_own(sock), _other(sock)) if me == CLIENT else (_other(sock), _own(sock))
        record(Event(time.monotonic(), number, "opened", CLIENT, detail=client, via=server))

    def _tell(self, kind: Kind, sender: Side, data: bytes = b"", size: int = 0) -> None:
        self._record(Event(time.monotonic(), self._number, kind, sender, data, size))

    # What the harness does -------------------------------------------------------------------------------------------

    def send(self, data: bytes, cuts: Sequence[int], pause: float, *, lenient: bool) -> None:
        """Sends the bytes, in pieces that end at `cuts`, with a pause between them."""
        pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        self._sock.settimeout(self._patience)
        try:
            for number, piece in enumerate(pieces):
                if number and pause:
                    time.sleep(pause)  # part of what the case does: the other side is to see the pieces apart
                if piece:
                    self._tell("received", self._me, piece)
                    self._sock.sendall(piece)
                    self._tell("sent", self._me, size=len(piece))
        except TimeoutError:
            raise UnexpectedError(f"the {self._them} has not taken what was sent for {self._patience:g} s") from None
        except OSError as error:
            if not lenient:
                raise UnexpectedError(
                    f"the {self._them} took no more of what was sent: {error.strerror or error}"
                ) from None

    def half_close(self) -> None:
        """Ends what the harness sends; it can still receive."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
        self._tell("end", self._me)

    def close(self) -> None:
        """Closes the connection."""
        self._sock.close()
        self._tell("end", self._me)

    def reset(self) -> None:
        """Ends the connection as a program does that died."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()
        self._tell("reset", self._me)

    # What must come --------------------------------------------------------------------------------------------------

    def receive(self, items: Sequence[Item], known: dict[str, Any]) -> None:
        """Exactly these items must come next."""
        for item in items:
            until = time.monotonic() + self._patience
            name = item.remembers
            if name is not None:
                known[name] = self._value(self._wire(item, known), until)
                if (wanted := item.misfit(known[name])) is not None:
                    raise UnexpectedError(f"the {self._them} sent {item.type} {known[name]!r} where {wanted} must come")
                continue
            expected = item.encode(known)
            try:
                got = self._exactly(len(expected), until)
            except UnexpectedError as error:
                raise UnexpectedError(f"{error}, and {self._words(item, known)} must come") from None
            if got != expected:
                raise UnexpectedError(
                    f"the {self._them} sent {show(got)} where {self._words(item, known)} ({show(expected)}) must come"
                )

    def messages(self, count: int, fields: int) -> list[tuple[str, ...]]:
        """So many messages of so many UTF fields."""
        return [
            tuple(self._value(WIRE_TYPES["UTF"], time.monotonic() + self._patience) for _ in range(fields))
            for _ in range(count)
        ]

    def goes_on(self) -> bool:
        """Waits for the next byte, and says whether one came; it is not taken."""
        try:
            return bool(self._buffer) or self._more(time.monotonic() + self._patience)
        except _EndError:
            return False

    def silence(self, seconds: float) -> None:
        """Nothing may come for that long."""
        try:
            spoken = self._buffer or self._more(time.monotonic() + seconds)
        except _EndError as end:
            raise UnexpectedError(
                f"the {self._them} ended the connection by {end.how} where it must keep silent and stay"
            ) from None
        if spoken:
            raise UnexpectedError(f"the {self._them} sent {show(bytes(self._buffer))} where it must keep silent")

    def stays_open(self, seconds: float) -> bool:
        """Waits that long for the end, or a byte; True where neither has come."""
        try:
            return not self._buffer and not self._more(time.monotonic() + min(seconds, self._patience))
        except _EndError:
            return False

    def ends(self, how: str, after: str) -> None:
        """The program must end the connection; what it sent before is wrong, unless it may be `anything`."""
        until = time.monotonic() + self._patience
        try:
            while self._more(until):
                if after == "anything":
                    self._buffer.clear()
            raise UnexpectedError(
                f"the {self._them} did not end the connection within {self._patience:g} s"
                if not self._buffer
                else f"the {self._them} sent {show(bytes(self._buffer))} where it must end the connection"
            )
        except _EndError as end:
            if self._buffer and after == "nothing":
                raise UnexpectedError(
                    f"the {self._them} sent {show(bytes(self._buffer))} before it ended the connection"
                ) from None
            if how not in ("either", end.how):
                raise UnexpectedError(f"the {self._them} ended the connection by {end.how}, and not by {how}") from None

    def _wire(self, item: Item, known: Mapping[str, Any]) -> WireType[Any]:
        try:
            return item.wire(known)
        except SizeError as error:
            raise UnexpectedError(f"the {self._them} can send no such {item.type}: {error}") from None

    def _value(self, wire: WireType[Any], until: float) -> Any:
        while True:
            try:
                value, size = wire.decode(self._buffer)
            except IncompleteValueError as error:
                try:
                    self._need(error.expected, until)
                except UnexpectedError as wrong:
                    raise UnexpectedError(f"{wrong}, and {_one(wire)} must come") from None
                continue
            except UTFDataFormatError as error:
                raise UnexpectedError(
                    f"the {self._them} sent a {wire.name} that is no modified UTF-8: {error}"
                ) from None
            del self._buffer[:size]
            return value

    def _exactly(self, size: int, until: float) -> bytes:
        self._need(size, until)
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _need(self, size: int, until: float) -> None:
        try:
            while len(self._buffer) < size:
                if not self._more(until):
                    came = f"only {show(bytes(self._buffer))}" if self._buffer else "nothing"
                    raise UnexpectedError(f"{came} came from the {self._them} within {self._patience:g} s")
        except _EndError as end:
            so_far = f" after {show(bytes(self._buffer))}" if self._buffer else ""
            raise UnexpectedError(f"the {self._them} ended the connection by {end.how}{so_far}") from None

    def _more(self, until: float) -> bool:
        """Takes in what comes; False where nothing came until then. _EndError at the end, and ever after."""
        if self._end is not None:
            raise _EndError(self._end)
        left = until - time.monotonic()
        if left <= 0:
            return False
        self._sock.settimeout(left)
        try:
            data = self._sock.recv(_PIECE)
        except TimeoutError:
            return False
        except OSError:
            raise self._over("reset") from None
        if not data:
            raise self._over("end")
        self._tell("received", self._them, data)
        self._tell("sent", self._them, size=len(data))
        self._buffer += data
        return True

    def _over(self, how: Literal["end", "reset"]) -> _EndError:
        self._end = how
        self._tell(how, self._them)
        return _EndError(how)

    @staticmethod
    def _words(item: Item, known: Mapping[str, Any]) -> str:
        if item.type == "hex":
            return f"the bytes {item.value}"
        return item.wire(known).describe(item.evaluate(known))


def _one(wire: WireType[Any]) -> str:
    if wire.name == BYTES:
        return f"{wire.size} bytes"
    return f"{'an' if wire.name[0] in 'aeiou' else 'a'} {wire.name}"


class _EndError(Exception):
    """The connection is over."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


def _own(sock: socket.socket) -> str:
    return shown_address(sock.getsockname())


def _other(sock: socket.socket) -> str:
    """Nothing where the program has gone already."""
    try:
        return shown_address(sock.getpeername())
    except OSError:
        return ""
