"""One connection that the harness itself holds: what it sends, what it expects, and all of it recorded."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeAlias

from conformance.agent.addresses import shown_address
from conformance.agent.events import CLIENT, Event, Kind, Side, other
from conformance.agent.player.items import Item
from conformance.agent.problem import Problem, ProblemError, Where
from conformance.agent.sized_bytes import BYTES, SizeError
from conformance.agent.taken import Receiver
from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError, WireType

__all__ = ["Peer", "Timeouts", "shown"]

_PIECE = 65536
_SHOWN_BYTES = 16
_SHOWN_CHARACTERS = 60

_Unexpected: TypeAlias = Callable[..., ProblemError]
"""Makes the problem of a code and further facts, where what must come next is known."""


_Wait = Literal["answer", "end", "take", "left-open"]
_WAITS: Mapping[str, _Wait] = {
    "nothing-came": "answer",
    "only-part-came": "answer",
    "must-end": "end",
    "not-taken": "take",
    "left-open": "left-open",
}
_LEFT_OPEN_SECONDS = 0.5  # after which a connection counts as left open, where that is only noted
_SHORT_SECONDS = 0.5
_IN_VAIN = 2
_REST_SECONDS = 0.2
# Of which nothing is expected: whoever sends so many sends without end, and the rest is not read. A chat server may
# keep 36 MiB for a member of the cases that does not read.
_FLOOD_BYTES = 64 << 20
_HEARD_BYTES = 4096  # that are taken in while the case sends: who does not read must hold up the other side in the end


@dataclass
class Timeouts:
    """How long a program may take, in seconds: `seconds`, until the same wait was in vain twice.

    Kept for all cases against one program: what never comes is not waited for at length in each of them.
    """

    seconds: float
    in_vain: Counter[str] = field(default_factory=Counter)

    def limit(self, wait: _Wait) -> float:
        """For that kind of wait: an answer, the end of the connection, that bytes are taken."""
        longest = min(self.seconds, _LEFT_OPEN_SECONDS) if wait == "left-open" else self.seconds
        return longest if self.in_vain[wait] < _IN_VAIN else min(longest / 5, _SHORT_SECONDS)

    def take_in(self, problem: Problem | None) -> None:
        """Counts the wait that came to nothing, if there was one: what a case has found, or noted."""
        if problem is not None and (wait := _WAITS.get(problem.values.get("cause", problem.code))):
            self.in_vain[wait] += 1


@dataclass(eq=False)
class Peer:
    """One end of a connection: `me` is the side that the harness plays, `number` that of the connection, from 1.

    `timeouts` say how long it waits for what must come, or one number of seconds does. Where the program does not do
    what it must, a `ProblemError` is raised.
    """

    _sock: socket.socket
    _me: Side
    _number: int
    _record: Callable[[Event], None]
    timeouts: Timeouts | float

    def __post_init__(self) -> None:
        self._timeouts = Timeouts(self.timeouts) if isinstance(self.timeouts, int | float) else self.timeouts
        self.half_closed = False
        self._them = other(self._me)
        self._buffer = bytearray()
        self._offset = 0  # that of the first byte in the buffer, among all that the program has sent
        self._end: Literal["end", "reset"] | None = None
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._receiver = Receiver(self._sock)
        ours, theirs = shown_address(self._sock.getsockname()), ""
        with contextlib.suppress(OSError):  # the program has gone already
            theirs = shown_address(self._sock.getpeername())
        client, server = (ours, theirs) if self._me == CLIENT else (theirs, ours)
        self._record(Event(time.monotonic(), self._number, "opened", CLIENT, detail=client, via=server))

    @property
    def where(self) -> Where:
        """The place of the program's next byte."""
        return Where(self._number, self._them, self._offset)

    def _tell(self, kind: Kind, sender: Side, data: bytes = b"", size: int = 0) -> None:
        self._record(Event(time.monotonic(), self._number, kind, sender, data, size))

    def _unexpected(self, code: str, /, name: str | None = None, kind: str | None = None, **facts: Any) -> ProblemError:
        """The problem, at the place of the program's next byte, with a field's name and type where these are known."""
        return ProblemError(Problem(code, replace(self.where, field=name, type=kind), facts, time.monotonic()))

    def send(self, data: bytes, cuts: Sequence[int], pause: float, *, lenient: bool) -> None:
        """Sends the bytes, in pieces that end at `cuts`, with a pause between them, in seconds.

        With a pause, the program has taken a piece before the next one leaves, as far as the system tells.
        """
        timeout = self._timeouts.limit("take")
        self._sock.settimeout(timeout)
        try:
            for start, end in itertools.pairwise([0, *cuts, len(data)]):
                if start and pause:
                    for seconds in self._receiver.until_taken():
                        time.sleep(seconds)
                    self._hear(pause)
                    self._sock.settimeout(timeout)
                if piece := data[start:end]:
                    self._tell("received", self._me, piece)
                    self._sock.sendall(piece)
                    self._tell("sent", self._me, size=len(piece))
        except TimeoutError:
            raise self._unexpected("not-taken", timeout=timeout) from None
        except OSError as error:
            until = time.monotonic() + _REST_SECONDS
            while len(self._buffer) < _FLOOD_BYTES and self._more(until):
                pass  # what it had said before is worth knowing
            if not lenient:
                raise self._unexpected("ended-while-sent-to", reason=error.strerror or str(error)) from None

    def _hear(self, seconds: float) -> None:
        """Lets that time pass, which is part of what the case does; what comes meanwhile is recorded when it comes."""
        until = time.monotonic() + seconds
        while len(self._buffer) < _HEARD_BYTES and self._more(until):
            pass
        time.sleep(max(0.0, until - time.monotonic()))

    def do(self, what: str) -> None:
        """Ends what the harness sends (`half-close`) or the connection (`close`; `reset`, as a program that died)."""
        if self._sock.fileno() < 0:
            return  # it was ended before
        self.half_closed |= what == "half-close"
        with contextlib.suppress(OSError):
            if what == "half-close":
                self._sock.shutdown(socket.SHUT_WR)
            elif what == "reset":
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if what != "half-close":
            self._sock.close()
        self._tell("reset" if what == "reset" else "end", self._me)

    def receive(self, items: Sequence[Item], known: dict[str, Any]) -> None:
        """Exactly these items must come next; values that have a name are put into `known`."""
        for item in items:
            until, name = self._until("answer"), item.remembers
            try:
                wire = item.wire(known)
            except SizeError:
                raise self._unexpected("bad-size", name=name, kind=item.type, size=item.size(known)) from None
            if name is None:
                self._exactly(item, wire, known, until)
            else:
                due: dict[str, Any] = {"due": "size", "needed": wire.size} if wire.name == BYTES else {"due": "field"}
                unexpected = partial(self._unexpected, name=name, kind=wire.name, **due)
                known[name] = self._value(wire, unexpected, until, item)

    def messages(self, count: int, fields: int) -> list[tuple[Where, tuple[str, ...]]]:
        """So many messages of so many UTF fields, each with the place of its first byte."""
        found: list[tuple[Where, tuple[str, ...]]] = []
        utf = WIRE_TYPES["UTF"]
        for number in range(1, count + 1):
            where = self.where
            unexpected = partial(self._unexpected, kind=utf.name, due="message", message=number)
            texts = [self._value(utf, unexpected, self._until("answer")) for _ in range(fields)]
            found.append((where, tuple(texts)))
        return found

    def goes_on(self) -> bool:
        """Waits for the next byte, and says whether one came; it is not taken."""
        return bool(self._buffer) or self._more(self._until("answer"))

    def silence(self, seconds: float) -> None:
        """Nothing may come for that long, and the connection must stand."""
        if self._buffer or self._more(time.monotonic() + seconds):
            raise self._unexpected("spoke-when-silent", **self._first(), seconds=seconds)
        if self._end is not None:
            raise self._unexpected("ended-instead", due="silence", seconds=seconds, ended=self._end)

    def stays_open(self, after: str) -> bool:
        """Waits a while for the end, or a byte, unless `anything` may come; True where neither has come."""
        until = self._until("left-open")
        while self._more(until):
            if after != "anything":
                return False
            self._drop(len(self._buffer))
        return not self._buffer and self._end is None

    def ends(self, how: str, after: str) -> None:
        """The program must end the connection; what it sent before is wrong, unless it may be `anything` that ends."""
        until, begin, flood = self._until("end"), self._offset, False
        while not flood and self._more(until):
            flood = self._offset + len(self._buffer) - begin >= _FLOOD_BYTES
            if after == "anything" and not flood:
                self._drop(len(self._buffer))
        if self._buffer and (after == "nothing" or flood):
            raise self._unexpected("sent-instead-of-ending", **self._first())
        if self._end is None:
            raise self._unexpected("must-end", timeout=self._timeouts.limit("end"))
        if how not in ("either", self._end):
            raise self._unexpected("ended-otherwise", ended=self._end, how=how)

    def _value(self, wire: WireType[Any], unexpected: _Unexpected, until: float, item: Item | None = None) -> Any:
        """The next value, whatever it is; an address, where `item` wants one."""
        while True:
            try:
                value, size = wire.decode(self._buffer)
            except IncompleteValueError as error:
                self._need(error.expected, unexpected, until)
            except UTFDataFormatError as error:
                assert wire.rest is not None
                size = wire.size + wire.rest(bytes(self._buffer[: wire.size]))
                raise unexpected("malformed-text", reason=str(error), **self._first(size)) from None
            else:
                if item is not None and not item.fits(value):
                    raise unexpected("no-address", value=shown(value), **self._first(size))
                self._drop(size)
                return value

    def _exactly(self, item: Item, wire: WireType[Any], known: Mapping[str, Any], until: float) -> None:
        """These bytes. Where only some have come, and a wrong one among them, that one is the problem."""
        value = item.evaluate(known)
        expected = wire.encode(value)
        size, long = len(expected), len(expected) > _SHOWN_BYTES
        facts: dict[str, Any] = {"due": "bytes", "right": expected[:_SHOWN_BYTES], "needed": size}
        if wire.name != BYTES:
            facts |= {"due": "value", "expected": shown(value)}
        if long:
            facts["due"] = f"long-{facts['due']}"
        unexpected = partial(self._unexpected, kind=wire.name, **facts)
        try:
            self._need(size, unexpected, until)
        except ProblemError:
            if expected.startswith(self._buffer):
                raise
        got = bytes(self._buffer[:size])
        if got == expected:
            self._drop(size)
            return
        same = next(place for place, (one, two) in enumerate(zip(got, expected, strict=False)) if one != two)
        values = {"differs": self._offset + same, **self._first(len(got))}
        if long:  # those bytes are shown that are not the same
            raw, right = (data[same : same + _SHOWN_BYTES] for data in (got, expected))
            values |= {"same": same, "raw": raw, "right": right}
        raise unexpected("unexpected-bytes", **values)

    def _need(self, size: int, unexpected: _Unexpected, until: float) -> None:
        """So many bytes must be there."""
        while len(self._buffer) < size:
            if not self._more(until):
                code = "ended-instead" if self._end else "only-part-came" if self._buffer else "nothing-came"
                why = {"ended": self._end} if self._end else {"timeout": self._timeouts.limit("answer")}
                raise unexpected(code, **why, **self._first())

    def _until(self, wait: _Wait) -> float:
        return time.monotonic() + self._timeouts.limit(wait)

    def _first(self, size: int | None = None) -> dict[str, Any]:
        """Of so many bytes that have come, or of all that are not used: how many they are, and the first of them."""
        data = bytes(self._buffer[:size])
        return {"size": len(data), "raw": data[:_SHOWN_BYTES]} if data else {}

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._offset += size

    def _more(self, until: float) -> bool:
        """Takes in what comes; False where nothing came until then, or `_end` did."""
        left = until - time.monotonic()
        if self._end is not None or left <= 0:
            return False
        self._sock.settimeout(left)
        try:
            data = self._sock.recv(_PIECE)
        except TimeoutError:
            return False
        except OSError:
            self._end, data = "reset", b""
        if not data:
            self._end = self._end or "end"
            self._tell(self._end, self._them)
            return False
        self._tell("received", self._them, data)
        self._tell("sent", self._them, size=len(data))
        self._buffer += data
        return True


def shown(value: Any) -> Any:
    """A value as a problem has it: a long text loses its middle, alone or in a list."""
    if isinstance(value, list | tuple):
        return [shown(part) for part in value]
    if not isinstance(value, str) or len(value) <= _SHOWN_CHARACTERS:
        return value
    return f"{value[: _SHOWN_CHARACTERS // 2]}...{value[-_SHOWN_CHARACTERS // 2 :]}"
