"""The decoder: a protocol, and the bytes and ends of both sides of one connection in; fields and problems out.

Theory of operation. It knows nothing of sockets, threads, files and clocks: times come in with the bytes. Each side is
a machine of its own, over its own part of the session (`program.py`), and goes on as far as it can with every piece:

state       where it stands in its program; the bytes it has not used; the values of the rounds that it is in
waits for   one of three things: more of its own bytes; a value that the other side says first (what a size or an
            `equals` is computed from, or whether there is one round more of a loop that the other side leads); its end
ends        at the end of its program, where bytes that still come are too many; where its bytes stop before a field
            that is due; or at bytes that are no such field. The last two stop this side alone. What the other side says
            after that, and depends on what was lost, is not decided: there are no fields and no problems of it

A loop has a round more where the side that leads it (whose field is first in it) has sent one byte more, and is over
where that side has ended. Rounds have numbers, and a round's values are kept until both sides have entered it: so an
answer finds its question however far ahead the other side is. A wrong value is a problem, and reading goes on.

When it is decided    a field at its last byte, or at the moment when what it depends on is known, if that is later
                      that something is missing at the side's end, and never before
Whether an answer came too early is judged by when its question was passed on to the side that answers. Whoever feeds
the decoder tells that by `passed_on`; if nobody does, it is not judged.

The same bytes give the same fields and problems, however they are cut and interleaved. A field costs the same in every
round. Kept are the bytes that are not decided yet, and the values of the rounds that are under way.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, cast

from conformance.agent.addresses import is_address
from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.problem import Problem, Where
from conformance.agent.sized_bytes import BYTES, SizedBytes
from conformance.decoder.program import Own, Program, Round, Said, compile_protocol
from conformance.model.protocol import FieldStep, Protocol
from javaio import WIRE_TYPES, UTFDataFormatError

__all__ = ["Decoder", "Expected", "Field", "Message", "Outcome", "Unread", "encoded"]

_SHOWN_BYTES = 16


class Field(NamedTuple):
    """A field that passed, whole.

    `offset` is that of its first byte among all that `side` sent; `began` and `came` are the times of its first and its
    last byte; `path` has the round of each loop around it, from 1; `ordinal` is its place among the protocol's fields.
    """

    side: Side
    name: str
    type: str
    value: Any
    raw: bytes
    offset: int
    began: float
    came: float
    path: tuple[int, ...]
    ordinal: int
    problem: Problem | None

    @property
    def end(self) -> int:
        """The offset of the byte behind it."""
        return self.offset + len(self.raw)

    @property
    def round(self) -> int | None:
        """Its round in the innermost loop; None outside of loops."""
        return self.path[-1] if self.path else None

    def where(self, connection: int | None, line: int | None = None) -> Where:
        """Its place on that connection; `line` is where it shows on a console."""
        return Where(connection, self.side, self.offset, self.name, self.type, self.round, line=line)


class Message(NamedTuple):
    """One round of a loop that is one side's alone: what it said at once, by name. `last` is its last field."""

    side: Side
    fields: Mapping[str, Any]
    last: Field


class Unread(NamedTuple):
    """Bytes that are no field, and why nothing is read any more was told before."""

    side: Side
    offset: int
    data: bytes
    at: float


class Expected(NamedTuple):
    """A field that is due from `side`: `got` is what has come of it; `needed`, how many bytes it takes, if known."""

    side: Side
    field: str
    type: str
    ordinal: int
    path: tuple[int, ...]
    offset: int
    got: bytes
    needed: int | None
    equals: str | None
    value: Any

    @property
    def round(self) -> int | None:
        """Its round in the innermost loop; None outside of loops."""
        return self.path[-1] if self.path else None


Outcome = Field | Message | Problem | Unread

# NamedTuple's own constructor takes three times as long.
_field = cast(Callable[[tuple[Any, ...]], Field], partial(tuple.__new__, Field))
_PATIENT = 1.0  # seconds: who says nothing for so long inside of a question has stopped by itself
_NEVER = sys.maxsize
# What objects take in memory, in bytes, roughly: a piece whose bytes wait, and a round that one side has not entered.
_PIECE_SIZE = 256
_ROUND_SIZE = 600
_NOTHING: tuple[Outcome, ...] = ()


class Decoder:
    """Reads one connection by `protocol`; `connection` is its number in the places of problems.

    `longest` is how many bytes of a field may be kept until it is whole.
    """

    def __init__(
        self, protocol: Protocol, *, connection: int | None = None, opened: float = 0.0, longest: int | None = None
    ) -> None:
        programs = compile_protocol(protocol)
        scope: dict[Any, Any] = {}
        self._client = _Side(CLIENT, programs.client, [scope], connection, opened, longest)
        self._server = _Side(SERVER, programs.server, [scope], connection, opened, longest)
        self._client.other, self._server.other = self._server, self._client
        self._early: list[Outcome] = []  # fields of no bytes, which need not wait for any
        for side in (self._client, self._server):
            side.advance(self._early, opened)

    def _side(self, side: Side) -> _Side:
        return self._client if side == CLIENT else self._server

    @property
    def rounds(self) -> int:
        """How many rounds of the loops that both sides take part in have begun."""
        return self._client.rounds + self._server.rounds

    @property
    def over(self) -> bool:
        """Whether both sides have ended."""
        return self._client.ended and self._server.ended

    def total(self, side: Side) -> int:
        """How many bytes that side has sent."""
        return self._side(side).total

    @property
    def held(self) -> int:
        """How many bytes of memory is taken by what is not decided yet, roughly."""
        held = _ROUND_SIZE * (self._client.ahead + self._server.ahead)
        for side in (self._client, self._server):
            if not side.stopped:
                held += side.total - side.place + _PIECE_SIZE * len(side.marks)
        return held

    def read(self, side: Side) -> int:
        """Up to which byte that side is read."""
        return self._side(side).place

    def reads(self, side: Side) -> bool:
        """Whether what that side sends can still be read; False behind bytes that are no field."""
        return not self._side(side).stopped

    def receive(self, side: Side, data: bytes, at: float) -> Sequence[Outcome]:
        """`data` has come from `side`: what is decided by it, in order."""
        mine = self._client if side == CLIENT else self._server
        total = mine.total + len(data)
        if mine.stopped:
            place, mine.total = mine.total, total
            return [Unread(side, place, data, at)] if mine.shows else _NOTHING
        mine.total = total
        mine.pieces.append(data)
        mine.marks.append((total, at, mine.other.passed_on))
        return self._go_on(mine, at) if total >= mine.enough else _NOTHING

    def passed_on(self, side: Side, size: int) -> None:
        """`size` bytes more of that side have gone on to the other."""
        mine = self._client if side == CLIENT else self._server
        mine.passed_on = (mine.passed_on or 0) + size

    def end(self, side: Side, at: float) -> Sequence[Outcome]:
        """That side has ended, by whatever way: nothing more comes from it."""
        mine = self._side(side)
        if mine.ended:
            return _NOTHING
        mine.ended, mine.left = True, at
        out = [] if mine.stopped else self._go_on(mine, at)
        if mine.other.ended:
            for each in (mine, mine.other):
                each.nothing_more(out, at)
        return out

    def stop(self, side: Side) -> None:
        """From here on the bytes of that side are counted, and neither read nor shown."""
        mine = self._side(side)
        mine.stopped, mine.shows = True, False
        mine.pieces.clear()
        mine.marks.clear()
        if mine.other.stopped:
            for each in (mine, mine.other):  # neither comes to a round any more
                each.scopes, each.ahead = [], 0

    def unasked(self, side: Side, at: float) -> Sequence[Outcome]:
        """That side is read no further: what waits there for a question came before any that could still come."""
        out: list[Outcome] = []
        self._side(side).nothing_more(out, at)
        return out

    def unread(self, side: Side) -> bytes:
        """The bytes of that side that are kept, and not read yet."""
        return self._side(side).rest()

    def expects(self) -> list[Expected]:
        """Which fields are due by now: each side's next, where it has begun it or the protocol has it speak."""
        return [due for side in (self._client, self._server) if not side.ended and (due := side.due()) is not None]

    def due(self, side: Side) -> Expected | None:
        """The field of that side that is due, or was when it ended."""
        mine = self._side(side)
        return mine.owed or mine.due()

    def _go_on(self, mine: _Side, at: float) -> list[Outcome]:
        """Both sides, until neither can go on: what one says may be what the other waits for."""
        out, self._early = self._early, []
        mine.advance(out, at)
        while mine.told and mine.other.blocked:
            mine.told = False
            mine = mine.other
            mine.advance(out, at)
        mine.told = False
        return out


@dataclass(slots=True)
class _Loop:
    """The rounds of a loop: how many have begun, whether it is over, the values of those that one side has entered.

    `began` is the offset at which the side that leads it began its last round.
    """

    started: int = 0
    over: bool = False
    began: int = 0
    rounds: dict[int, dict[Any, Any]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Side:
    """One side's machine."""

    name: Side
    program: Program
    scopes: list[dict[Any, Any]]
    connection: int | None
    last: float  # when its last byte came
    longest: int | None
    other: _Side = field(init=False)
    said: Field = field(init=False)  # its last field
    owed: Expected | None = None  # what was due when it ended
    pc: int = 0  # where it stands in its program
    path: tuple[int, ...] = ()
    pieces: list[bytes] = field(default_factory=list)
    place: int = 0  # the offset of the first byte in them
    total: int = 0
    enough: int = 1  # so many must have come in all before it is worth a look
    marks: deque[tuple[int, float, int | None]] = field(default_factory=deque)  # of each piece its end, time, and heard
    passed_on: int | None = None
    blocked: bool = False  # waits for the other side
    told: bool = False  # has said something that the other side may wait for
    ended: bool = False
    left: float = 0.0  # when it ended
    asked: tuple[FieldStep, int, float] | None = (
        None  # the round that it is in: its first field, where and when it began
    )
    stopped: bool = False
    shows: bool = True
    rounds: int = 0
    ahead: int = 0  # rounds that it entered first, less those that it entered second

    def rest(self) -> bytes:
        """All that is there and not used."""
        if len(self.pieces) > 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0] if self.pieces else b""

    def advance(self, out: list[Outcome], at: float) -> None:
        """Goes on as far as possible: all in one loop, for a call for each field would take as long as the field."""
        program, scopes, marks, place = self.program, self.scopes, self.marks, self.place
        buffer = self.rest()
        size, start, pc, needed = len(buffer), 0, self.pc, 1
        blocked = False
        while True:
            op = program[pc]
            if type(op) is Own:
                try:
                    wanted = None if op.equals is None else op.equals(scopes)
                    length = op.size if op.counted is None else op.counted(scopes)
                except KeyError:
                    blocked = True
                    break
                if op.counted is not None and not (isinstance(length, int) and length >= 0):
                    self._halt(out, self._problem("bad-size", op, place + start, at, {"size": length}))
                    break
                there = size - start
                if op.rest is not None and there >= length:
                    length += op.rest(buffer[start : start + length])
                if there < length:
                    needed = length
                    if self.longest is not None and length > self.longest and not self.ended:
                        values = {"size": length, "limit": self.longest}
                        self._halt(out, self._problem("field-too-long", op, place + start, at, values))
                    break
                stop = start + length
                raw = buffer[start:stop]
                offset = place + start
                if length:
                    while marks[0][0] <= offset:
                        marks.popleft()
                    end, began, heard = marks[0]
                    came = began
                    if end < offset + length:
                        while marks[0][0] < offset + length:
                            marks.popleft()
                        came = marks[0][1]
                    self.last = came
                else:
                    began = came = self.last
                    heard = self.other.passed_on
                try:
                    value = op.unpack(raw if op.rest is None else raw[op.size :])
                except UTFDataFormatError as error:
                    values = {"reason": str(error), "raw": raw[:_SHOWN_BYTES], "size": length}
                    self._halt(out, self._problem("malformed-text", op, offset, came, values))
                    break
                problem = None
                if op.equals is not None:
                    if value != wanted:
                        problem = self._wrong(op, value, wanted, raw, offset, came)
                    elif op.asked is not None and heard is not None and op.asked(scopes) > heard:
                        problem = self._problem("before-question", op, offset, came, {"question": op.question})
                elif op.is_address and not is_address(value):
                    values = {"value": value, "raw": raw[:_SHOWN_BYTES], "size": length}
                    problem = self._problem("no-address", op, offset, came, values)
                scope = scopes[op.level]
                scope[op.name] = value
                scope[op.ordinal] = offset + length
                self.told = True
                said = (self.name, op.name, op.type, value, raw, offset, began, came, self.path, op.ordinal, problem)
                self.said = _field(said)
                out.append(self.said)
                start = stop
                pc += 1
            elif type(op) is Round:
                if op.again:
                    loop, number = scopes[-2][op.loop], self.path[-1] + 1
                else:
                    loop, number = scopes[-1].setdefault(op.loop, _Loop()), 1
                if op.leads:
                    more = size > start
                    if not more and not self.ended:
                        break
                    self.told = True
                    if not more:
                        loop.over = True
                    elif number > 1 and loop.began == place + start:
                        where = Where(self.connection, self.name, place + start, round=number)
                        self._halt(out, Problem("empty-round", where, {}, at))
                        break
                    else:
                        loop.started, loop.began = number, place + start
                        self.rounds += op.shared
                elif loop.started >= number:
                    more = True
                elif loop.over:
                    more = False
                else:
                    blocked = True
                    break
                if op.again:
                    gone, self.path = scopes.pop(), self.path[:-1]
                if more:
                    self.asked = (op.lead, loop.began, at) if op.shared else None
                    entered = loop.rounds.pop(number, None) if op.shared else None
                    if entered is not None:  # who comes second finds those of the first, which are forgotten here
                        self.ahead -= 1
                    else:
                        entered = {}
                        if op.shared and not self.other.stopped:  # a side that has stopped comes to no round any more
                            loop.rounds[number] = entered
                            self.ahead += 1
                    scopes.append(entered)
                    self.path = (*self.path, number)
                elif op.again:
                    scopes[-1].update((key, gone[key]) for key in op.exports if key in gone)
                    self.told = True
                pc += op.more if more else op.past
            elif type(op) is Said:
                out.append(Message(self.name, {name: scopes[-1][name] for name in op.names}, self.said))
                pc += 1
            else:
                if size > start:
                    offset = place + start
                    came = next(came for end, came, _ in marks if end > offset)
                    self._halt(out, Problem("too-many-bytes", Where(self.connection, self.name, offset), {}, came))
                break
        self.pc, self.blocked = pc, blocked
        self.place = place = place + start
        self.enough = _NEVER if blocked else place + needed
        self.pieces = [buffer[start:]] if start < size else []
        if self.ended:
            self._owes(out, at)
        if self.stopped and self.pieces:
            out.append(Unread(self.name, place, self.pieces.pop(), at))

    def due(self) -> Expected | None:
        """The field that is to come next, where it has begun, or all is known that it waits for."""
        op = self.program[self.pc]
        if type(op) is not Own or self.blocked or self.stopped:
            return None
        try:
            value = None if op.equals is None else op.equals(self.scopes)
            needed = op.size if op.counted is None else op.counted(self.scopes)
        except KeyError:
            return None
        got = self.rest()
        if op.rest is not None:
            needed = needed + op.rest(got[:needed]) if len(got) >= needed else None
        equals = op.step.equals
        return Expected(self.name, op.name, op.type, op.ordinal, self.path, self.place, got, needed, equals, value)

    def nothing_more(self, out: list[Outcome], at: float) -> None:
        """Both sides have ended, and this one has bytes that answer nothing: told where the other side is all read."""
        rest = self.rest()
        if not self.blocked or not rest or self.stopped:
            return
        self.stopped = True
        if not self.other.stopped and not self.other.blocked:
            where = Where(self.connection, self.name, self.place)
            came = next(came for end, came, _ in self.marks if end > self.place)
            out.append(Problem("unasked", where, {"raw": rest[:_SHOWN_BYTES], "size": len(rest)}, came))
        out.append(Unread(self.name, self.place, rest, at))

    def _halt(self, out: list[Outcome], problem: Problem) -> None:
        out.append(problem)
        self.stopped = True
        self.marks.clear()

    def _problem(self, code: str, op: Own, offset: int, at: float, values: Mapping[str, Any]) -> Problem:
        where = Where(self.connection, self.name, offset, op.name, op.type, self.path[-1] if self.path else None)
        return Problem(code, where, values, at)

    def _wrong(self, op: Own, value: Any, wanted: Any, raw: bytes, offset: int, at: float) -> Problem:
        values = {"value": value, "expected": wanted, "equals": op.step.equals, "raw": raw[:_SHOWN_BYTES]}
        values["size"] = len(raw)
        if (right := encoded(op.type, wanted)) is not None:
            values["right"] = right[:_SHOWN_BYTES]
        return self._problem("wrong-value", op, offset, at, values)

    def _owes(self, out: list[Outcome], at: float) -> None:
        """The side has ended: a field may be due, or have only begun."""
        op, due = self.program[self.pc], self.due()
        if due is None:
            return
        assert isinstance(op, Own)
        self.owed = due
        if self.asked is not None and due.path and (left := self._left_asked(*self.asked, due, at)) is not None:
            self._halt(out, left)
            return
        values: dict[str, Any] = {} if due.equals is None else {"equals": due.equals, "expected": due.value}
        if due.got:
            needed = op.size if due.needed is None else due.needed
            values |= {"needed": needed, "got": len(due.got), "raw": due.got[:_SHOWN_BYTES]}
        elif op.counted is not None:
            values["needed"] = due.needed
        code = "ends-inside" if due.got else "never-sent"
        self._halt(out, self._problem(code, op, due.offset, at, values))

    def _left_asked(self, lead: FieldStep, offset: int, asked: float, due: Expected, at: float) -> Problem | None:
        """The problem that who answers had ended by when the question of this round came, or had come; None if not."""
        answers, asks = (self.other, self) if lead.sender == self.name else (self, self.other)
        where = Where(self.connection, asks.name, offset, lead.field, lead.type, due.round)
        if answers.ended and answers.left < asked:
            facts: dict[str, Any] = {"answerer": answers.name, "after": round(asked - answers.left, 3)}
            return Problem("asked-after-end", where, facts, asked)
        if answers is self.other and answers.ended and answers.left < min(at, self.last + _PATIENT):
            return Problem("asked-after-end", where, {"answerer": answers.name, "begun": True}, answers.left)
        return None


def encoded(type_: str | None, value: Any) -> bytes | None:
    """The bytes of that value; None where it or the type is not known, or where the type cannot hold it.

    What `equals` gives may be such a value.
    """
    if type_ is None or value is None:
        return None
    try:
        return (SizedBytes(len(value)) if type_ == BYTES else WIRE_TYPES[type_]).encode(value)
    except (TypeError, ValueError, OverflowError):
        return None
