"""A conversation read while it happens: each side by itself, as far as its bytes go.

`conversation.py` reads both sides of a finished recording together. Here a side must not wait for the other: a client
that asks ten times before the first answer has asked ten times, and is shown so. Each side is a generator that walks
through the protocol, asks for its own fields only, and stops where its bytes do. Rounds of a loop that both sides take
part in share a scope, so that an answer finds the question it belongs to.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.agent.addresses import is_address
from conformance.agent.events import CLIENT, SERVER, Event, Side, other
from conformance.agent.hexdump import show
from conformance.agent.sized_bytes import SizeError
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step
from conformance.observe.live_diagnosis import Naming
from conformance.observe.live_events import Bytes, Closing, Elided, Field, Opened, Problem, Refused, Seen, Stall
from javaio import IncompleteValueError, UTFDataFormatError

__all__ = ["LiveConversation"]

_WAITS = ". The other side waits for it; if each waits for the other, they wait for ever"
_COMPACT = 1 << 16  # bytes that were read may stay in a buffer up to here
_MOST_KEPT = 1 << 26  # of a field that is not yet whole


class LiveConversation:
    """One connection, read by a protocol; every event of the tap makes things that can be told."""

    def __init__(self, protocol: Protocol, number: int) -> None:
        self._number = number
        scope = _Scope(ChainMap())
        self._naming = Naming(protocol, number)
        self._sides = {side: _Side(side, protocol.session, scope) for side in (CLIENT, SERVER)}
        self._quiet_since = 0.0
        self._stalled = False
        self.over = False

    def add(self, event: Event) -> Iterator[Seen]:
        """Takes in what the tap saw."""
        yield from self._naming.when_quiet(event.at)
        self._naming.add(event)
        if event.kind != "sent":
            self._quiet_since, self._stalled = event.at, False
        for seen in self._read_on(event):
            if isinstance(seen, Problem) or (isinstance(seen, Field) and seen.problem):
                self._naming.wrong()
            yield seen
        if self.over:
            yield from self._naming.name(event.at, still=False)

    def _read_on(self, event: Event) -> Iterator[Seen]:
        side = self._sides[event.sender]
        match event.kind:
            case "opened":
                yield Opened(event.at, self._number, event.detail)
            case "refused":
                self.over = True
                yield Refused(event.at, self._number, event.detail)
            case "sent":
                side.passed_on += event.size
            case "received":
                if event.size:
                    yield from self.give_up(event.at, event.sender, "of what came then only the number was kept")
                yield from self._received(event, side)
            case "end":
                side.ended = True
                yield from self._walk(event.at)
                yield Closing(event.at, self._number, event.sender, "end")
                yield from self._owed(event.at, event.sender)
                self.over = self._sides[other(event.sender)].ended
            case "reset":
                yield Closing(event.at, self._number, event.sender, "reset", event.detail)
                for each in (event.sender, other(event.sender)):
                    if not self._sides[each].ended:
                        yield from self._owed(event.at, each)
                        self._sides[each].ended = True
                self.over = True

    def end(self, now: float) -> Iterator[Seen]:
        """Nobody looks any further: the mistake that was still to be named."""
        yield from self._naming.name(now, still=False)

    def give_up(self, at: float, sender: Side, why: str = "it sends faster than can be shown") -> Iterator[Seen]:
        """From here on the bytes of that side are counted, and not read."""
        side = self._sides[sender]
        if side.shown:
            place = side.base + side.offset if side.readable else side.total
            side.readable = side.shown = False
            side.buffer.clear()
            yield Elided(
                at,
                self._number,
                sender,
                f"from byte {place} on, the {sender}'s bytes are carried and no longer read: {why}",
            )

    def look(self, now: float, patience: float) -> Iterator[Seen]:
        """What should have come by now, and did not, told once each time; and whose mistake has a name."""
        yield from self._naming.when_quiet(now)
        if self.over or self._stalled or now - self._quiet_since < patience:
            return
        for side in self._sides.values():
            if side.readable and not side.ended and (owed := side.owed()):
                self._stalled = True
                yield Stall(
                    now, self._number, side.name, f"nothing for {now - self._quiet_since:.0f} s: {owed}{_WAITS}"
                )
        if self._stalled:
            yield from self._naming.name(now, still=True)

    def _received(self, event: Event, side: _Side) -> Iterator[Seen]:
        if not side.readable:
            if side.shown:
                yield Bytes(event.at, self._number, event.sender, event.data, side.total)
            side.total += len(event.data)
            return
        side.total += len(event.data)
        side.buffer += event.data
        yield from self._walk(event.at)

    def _walk(self, at: float) -> Iterator[Seen]:
        """Reads on wherever that is possible: the bytes of one side may let the other go on as well."""
        going = True
        while going:
            going = False
            for side in self._sides.values():
                while side.readable and (seen := self._step(side, at)) is not None:
                    going = True
                    yield from seen

    def _step(self, side: _Side, at: float) -> tuple[Seen, ...] | None:
        """One step of one side; None where it has to wait."""
        want = side.want
        if isinstance(want, _Head):
            more = self._more(want, side)
            if more is None:
                return None
            side.go(more)
            return ()
        if want is None:
            if side.left:
                return self._broken(
                    side, at, f"the {side.name} sends more than the protocol has: it expects nothing more from it"
                )
            return None
        return self._read(want, side, at)

    def _more(self, head: _Head, side: _Side) -> bool | None:
        loop, sides = head.loop, self._sides
        if loop.leader == side.name:
            if side.left:
                loop.started = head.round
                return True
            if side.ended:
                loop.over = True
                return False
            return None
        if loop.started >= head.round:
            return True
        if loop.over or sides[loop.leader].ended or side.ended:
            return False
        # Bytes, and no round that they could belong to: an answer before the question. It is read as one.
        return True if side.left else None

    def _read(self, want: _Want, side: _Side, at: float) -> tuple[Seen, ...] | None:
        step, offset = want.step, side.offset
        if len(side.buffer) - offset < side.needed:
            return None
        try:
            value, size = step.wire(want.scope.values).decode(side.buffer, offset)
        except KeyError:
            return None  # the other side has not yet told how many bytes it is to be
        except SizeError as error:
            return self._broken(side, at, f"the {side.name} can send no bytes `{step.field}`: {error}")
        except IncompleteValueError as error:
            side.needed = error.expected
            if side.needed > _MOST_KEPT:
                return tuple(self.give_up(at, side.name, f"`{step.field}` is too long to be kept"))
            return None
        except UTFDataFormatError as error:
            return self._broken(
                side,
                at,
                f"the {side.name} sends no {step.type} `{step.field}`: expected two bytes of length and then text in "
                f"modified UTF-8, got bytes that are none ({error})",
            )
        raw = bytes(side.buffer[offset : offset + size])
        place = side.base + offset
        seen = Field(
            at, self._number, side.name, step.field, step.type, value, raw, place, self._problem(want, side, value)
        )
        side.take(size)
        want.scope.values[step.field] = value
        want.scope.ends[step.field] = (side.name, place + size)
        side.go(None)
        return (seen,)

    def _problem(self, want: _Want, side: _Side, value: Any) -> str | None:
        step, scope = want.step, want.scope
        if step.form == "IP address" and not is_address(value):
            return "this is no IP address, and the protocol has the sender's own here"
        if step.expected is None:
            return None
        try:
            expected = step.expected(scope.values)
        except KeyError:
            unread = not self._sides[other(side.name)].readable
            return None if unread else f"it comes before what it answers: it must be {step.equals}"
        if value != expected:
            right = show(step.wire(scope.values).encode(expected))
            return f"it must be {step.equals} = {expected} ({right})"
        asked = [end for sender, end in scope.ends.values() if sender != side.name]
        if asked and max(asked) > self._sides[other(side.name)].passed_on:
            return "it was sent before all of the question had arrived"
        return None

    def _broken(self, side: _Side, at: float, sentence: str) -> tuple[Seen, ...]:
        rest, place = bytes(side.buffer[side.offset :]), side.base + side.offset
        side.readable = False
        side.buffer.clear()
        return (
            Problem(at, self._number, side.name, f"{sentence}. From byte {place} on: {show(rest)}"),
            Bytes(at, self._number, side.name, rest, place),
        )

    def _owed(self, at: float, sender: Side) -> Iterator[Seen]:
        side = self._sides[sender]
        if side.readable and (owed := side.owed()):
            yield Problem(at, self._number, sender, f"it ends too early: {owed}")


@dataclass
class _Scope:
    """The fields known so far, and who sent each, up to which byte; of a round, on top of what came before it."""

    values: ChainMap[str, Any]
    ends: dict[str, tuple[Side, int]] = field(default_factory=dict)
    loops: dict[int, _Loop] = field(default_factory=dict)

    def loop(self, step: Repeat) -> _Loop:
        return self.loops.setdefault(id(step), _Loop(_leader(step), _speakers(step.repeat)))

    def inner(self) -> _Scope:
        return _Scope(self.values.new_child())


@dataclass
class _Loop:
    """The rounds of a `repeat`: whose first field begins one, how many have begun, and those that are under way."""

    leader: Side
    speakers: frozenset[Side]
    started: int = 0
    over: bool = False
    rounds: dict[int, _Scope] = field(default_factory=dict)

    def enter(self, number: int, outer: _Scope) -> _Scope:
        """The scope of a round; who comes second finds that of the first, and it is forgotten then."""
        if len(self.speakers) == 1:
            return outer.inner()
        if number in self.rounds:
            return self.rounds.pop(number)
        self.rounds[number] = scope = outer.inner()
        return scope


@dataclass(frozen=True, slots=True)
class _Want:
    step: FieldStep
    scope: _Scope


@dataclass(frozen=True, slots=True)
class _Head:
    loop: _Loop
    round: int


_Walk = Generator["_Want | _Head", bool | None, None]


class _Side:
    """How far one side has come: its bytes, and what the protocol has next from it."""

    def __init__(self, name: Side, session: tuple[Step, ...], scope: _Scope) -> None:
        self.name = name
        self.buffer = bytearray()
        self.base = 0  # of the buffer, in the whole of its bytes
        self.offset = 0
        self.needed = 0
        self.total = 0
        self.passed_on = 0
        self.ended = False
        self.readable = True
        self.shown = True
        self._walk = _walk(name, session, scope)
        self.want = next(self._walk, None)

    @property
    def left(self) -> bool:
        return self.offset < len(self.buffer)

    def take(self, size: int) -> None:
        self.offset += size
        if self.offset == len(self.buffer) or self.offset > _COMPACT:
            del self.buffer[: self.offset]
            self.base += self.offset
            self.offset = 0

    def go(self, answer: bool | None) -> None:
        self.needed = 0
        try:
            self.want = self._walk.send(answer)
        except StopIteration:
            self.want = None

    def owed(self) -> str | None:
        """What it has begun and not finished, or must send next; None where it may well be silent."""
        want = self.want
        if isinstance(want, _Head):
            if want.loop.leader == self.name or want.loop.started < want.round:
                return None
            return f"the {self.name} has not answered the question of round {want.round}"
        if want is None:
            return None
        step = want.step
        got = bytes(self.buffer[self.offset :])
        if got:
            return f"of {step.type} `{step.field}` the {self.name} has sent {len(got)} of {self._needs()} ({show(got)})"
        must = ""
        if step.expected is not None:
            try:
                must = f", which must be {step.equals} = {step.expected(want.scope.values)}"
            except KeyError:
                return None  # nobody has asked yet
        return f"the {self.name} has not sent {step.type} `{step.field}`{must}"

    def _needs(self) -> str:
        return f"{self.needed} bytes" if self.needed else "its bytes"


def _walk(side: Side, steps: tuple[Step, ...], scope: _Scope) -> _Walk:
    for step in steps:
        match step:
            case FieldStep():
                if step.sender == side:
                    yield _Want(step, scope)
            case Repeat(repeat=body):
                loop = scope.loop(step)
                if side not in loop.speakers:
                    continue
                number = 1
                while (yield _Head(loop, number)):
                    yield from _walk(side, body, loop.enter(number, scope))
                    number += 1
            case BothWays(sides=sides):
                yield from _walk(side, sides.client if side == CLIENT else sides.server, scope)


def _leader(step: Repeat) -> Side:
    first = step.repeat[0]
    assert isinstance(first, FieldStep)
    return first.sender


def _speakers(steps: tuple[Step, ...]) -> frozenset[Side]:
    found: set[Side] = set()
    for step in steps:
        match step:
            case FieldStep():
                found.add(step.sender)
            case Repeat(repeat=body):
                found |= _speakers(body)
            case BothWays(sides=sides):
                found |= _speakers(sides.client) | _speakers(sides.server)
    return frozenset(found)
