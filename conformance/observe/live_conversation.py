"""Connections while they go on: what passes, what should have come and did not, and which mistake explains it.

Fields are not kept, so that a connection may go on for ever; its beginning is, for the diagnosis. A mistake is known
better by all its bytes than by the first one: it is looked for once nothing has come for a moment, or nothing more can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.load_shedding import memory_of
from conformance.agent.problem import Problem, Where
from conformance.agent.recording import Connection
from conformance.decoder import Conversation, Expected, Field, Outcome, Unread
from conformance.diagnosis import Detail, Finding, diagnose, suspicions
from conformance.diagnosis.guesses import guesses
from conformance.judge.room import Room
from conformance.model.protocol import Protocol
from conformance.observe import live_events as live

__all__ = ["STALL_SECONDS", "LiveConversation", "Totals", "Viewer", "stalled"]

STALL_SECONDS = 5.0
"""How long nothing may come that should, before that is told."""

_SHOWN_BYTES = 16
# Bytes of memory that may be taken by what waits for the rest of its field, or for the other side; and by all of that
# and the beginnings that are kept for the diagnosis, of all connections together.
_MOST_UNREAD = 32 << 20
_HELD_LIMIT = 64 << 20
_STALE = 1000  # looks that are not due any more
_UNFINISHED = ("never-sent", "ends-inside")
_QUIET_SECONDS = 0.3
_LONG_SECONDS = 3.0  # who waited so long may not have been answered
_MOST_KEPT = 16 << 20  # bytes of memory for the diagnosis: who goes wrong later than that gets none


class LiveConversation:
    """Reads one connection by `protocol`: every event of the tap makes live events. `over` where no more can come."""

    def __init__(self, protocol: Protocol, number: int, *, opened: float = 0.0) -> None:
        self.over = False
        self.outcomes: Sequence[Outcome] = ()  # of the last event, until somebody has taken them
        self._number = number
        self._conversation = Conversation(protocol, Connection(number, opened))
        self._recorded = 0  # bytes of memory that its events take, as long as they are kept
        self.scheduled = inf  # when it will be looked at
        self.counted = 0  # how much of `held` is counted where that of all is
        self.decoder = self._conversation.decoder
        self._last = self._moved = opened
        self._stalled = self._looked = self._wrong = self._odd = self._ended = False
        self._told: set[tuple[str, Side]] = set()
        self._given_up: set[Side] = set()
        self._gone: Side | None = None  # left in the middle: what the other did not finish is no mistake of the other's

    @property
    def held(self) -> int:
        """How many bytes of memory it takes, roughly."""
        kept = self._conversation
        return self.decoder.held + (kept.kept + self._recorded if kept.keeps else 0)

    def forget(self) -> None:
        """Keeps its beginning no longer: there is no diagnosis any more."""
        self._conversation.forget()

    def add(self, event: Event) -> Iterator[live.LiveEvent]:
        yield from self._when_quiet(event.at)
        self._odd |= event.kind == "reset" or event.at - self._last >= _LONG_SECONDS
        self._last = event.at
        if event.kind == "reset" or (event.kind == "end" and event.sender == SERVER):
            self._gone = self._gone or (None if self._stalled or self._ended else event.sender)
        self._ended |= event.kind == "end"
        if event.kind != "sent":
            self._moved, self._stalled, self._looked = event.at, False, False
        match event.kind:
            case "opened":
                yield live.Opened(event.at, self._number, event.detail)
            case "end" | "reset" as how:
                yield live.Closed(event.at, self._number, event.sender, how, event.detail)
            case "cut":
                where = Where(self._number, event.sender, event.size)
                yield live.Elided(event.at, self._number, Problem("network-cut", where, {"action": event.detail}))
                self._conversation.forget()
            case "received":
                if event.size:
                    yield from self.give_up(event.at, event.sender, "not-kept")
                elif self.decoder.held > _MOST_UNREAD:
                    yield from self.read_no_more(event.at)
        kept = self._conversation
        if kept.keeps:
            kept.connection.add(event)
            self._recorded += memory_of(event)
            if kept.kept + self._recorded > _MOST_KEPT:
                kept.forget()
        self.outcomes = kept.add(event)
        yield from self._read(event.at, self.outcomes)
        self.over = self.decoder.over
        if self.over:
            yield from self._diagnose(event.at)

    def give_up(self, at: float, side: Side, code: str = "too-fast", **values: Any) -> Iterator[live.LiveEvent]:
        """From here on the bytes of that side are counted, and not read."""
        if side not in self._given_up:
            self._given_up.add(side)
            decoder = self.decoder
            where = Where(self._number, side, decoder.read(side) if decoder.reads(side) else decoder.total(side))
            decoder.stop(side)
            self._conversation.forget()
            yield live.Elided(at, self._number, Problem(code, where, values, at))

    def read_no_more(self, at: float) -> Iterator[live.LiveEvent]:
        """What waits takes too much memory: without it, nothing that depends on it can be read either."""
        for side in (CLIENT, SERVER):
            yield from self.give_up(at, side, "too-much-unread", limit=_MOST_UNREAD)

    def next_look(self, timeout: float) -> float:
        """When it is to be looked at, unless something comes before; infinite where that would show nothing."""
        quiet = self._last + _QUIET_SECONDS if self._wrong else inf
        return quiet if self._looked else min(quiet, self._moved + timeout)

    def look(self, now: float, timeout: float) -> Iterator[live.LiveEvent]:
        """What should have come by now, and did not, once each time; and the diagnosis of what went wrong."""
        yield from self._when_quiet(now)
        if self.over or self._looked or now < self._moved + timeout:
            return
        self._looked = True
        for problem in self._stalls(now - self._moved):
            self._stalled = True
            yield live.Stalled(now, self._number, problem)
        if self._stalled:
            yield from self._diagnose(now, still=True)

    def end(self, now: float) -> Iterator[live.LiveEvent]:
        """The diagnosis that was still to come, where nobody looks any further."""
        return self._diagnose(now)

    def _read(self, at: float, outcomes: Sequence[Outcome]) -> Iterator[live.LiveEvent]:
        for outcome in outcomes:
            if isinstance(outcome, Field):
                self._wrong |= outcome.problem is not None
                yield live.FieldRead(at, self._number, outcome)
            elif isinstance(outcome, Problem) and outcome.code != "network-cut":  # which was told
                self._wrong = True
                yield from self._blamed(at, outcome)
            elif isinstance(outcome, Unread):
                yield live.Bytes(at, self._number, outcome.side, outcome.data, outcome.offset)

    def _blamed(self, at: float, problem: Problem) -> Iterator[live.LiveEvent]:
        """The problem; or, of who could not finish because the other left, that of the other, if that is the server."""
        if problem.code in _UNFINISHED and problem.where.side != self._gone and self._gone is not None:
            if self._gone == CLIENT:
                return
            problem = Problem("asked-after-end", problem.where, {"answerer": SERVER, "begun": True}, problem.at)
        yield live.ProblemFound(at, self._number, problem)

    def _stalls(self, seconds: float) -> Iterator[Problem]:
        due = self.decoder.expects()
        for expected in due:
            yield stalled(self._number, expected, seconds)
        for side in (CLIENT, SERVER):
            if self._unread(side) and all(expected.side != side for expected in due):
                rest = self.decoder.unread(side)
                where = Where(self._number, side, self.decoder.read(side))
                values = {"seconds": round(seconds), "size": len(rest), "raw": rest[:_SHOWN_BYTES]}
                yield Problem("not-asked-yet", where, values)

    def _unread(self, side: Side) -> int:
        return self.decoder.total(side) - self.decoder.read(side) if self.decoder.reads(side) else 0

    def _when_quiet(self, now: float) -> Iterator[live.LiveEvent]:
        if self._wrong and now >= self._last + _QUIET_SECONDS:
            yield from self._diagnose(now)
            self._wrong = False

    def _diagnose(self, now: float, *, still: bool = False) -> Iterator[live.LiveEvent]:
        """Each mistake once; `still` where nothing has moved for so long that somebody must be waiting."""
        if not self._conversation.keeps or not (self._wrong or still or self.over):
            return
        found = diagnose([self._conversation], now=now if still else None, timeout=0.0)
        if not self._wrong and not found:
            found = suspicions([self._conversation])
        self._wrong = False
        # Between fields somebody may just be thinking, or typing; nobody does inside one.
        findings = [finding for finding in found if finding.key != "both-sides-waiting" or finding.raw]
        for side in (CLIENT, SERVER):
            mine = [finding for finding in findings if finding.side == side]
            if mine and (mine[0].key, side) not in self._told:
                self._told.add((mine[0].key, side))
                yield live.Diagnosed(now, self._number, mine[0], tuple(mine[1:]))


def _field_too_many(problem: Problem, protocol: Protocol) -> Finding:
    """What explains messages that stand elsewhere than they should."""
    where, names = problem.where, protocol.broadcast
    code, beside = ("extra-after", names[-1]) if problem.values["behind"] else ("extra-before", names[0])
    detail = Detail(code, {"type": where.type, "field": beside, "each_round": True})
    place = (where.field, where.type, where.round, where.offset or 0)
    return Finding("field-too-many", SERVER, (where.connection or 0,), *place, details=(detail,))


class RawConversation(LiveConversation):
    """A connection of which nothing is known: its bytes as they come, and what they could be."""

    def next_look(self, timeout: float) -> float:
        return inf

    def add(self, event: Event) -> Iterator[live.LiveEvent]:
        side = event.sender
        match event.kind:
            case "opened":
                yield live.Opened(event.at, self._number, event.detail)
            case "end" | "reset" as how:
                yield live.Closed(event.at, self._number, side, how, event.detail)
            case "received" if event.size and side not in self._given_up:
                yield from self.give_up(event.at, side, "not-kept")
            case "received" if side not in self._given_up:
                offset, found = self.decoder.total(side), guesses(side, event.data)
                yield live.Bytes(event.at, self._number, side, event.data, offset, found)
        for outcome in self._conversation.add(event):
            if isinstance(outcome, Problem) and outcome.code == "refused":
                yield live.ProblemFound(event.at, self._number, outcome)
        self._conversation.forget()
        self.over = self.decoder.over

    def look(self, now: float, timeout: float) -> Iterator[live.LiveEvent]:
        yield from ()

    def end(self, now: float) -> Iterator[live.LiveEvent]:
        yield from ()


def stalled(connection: int, due: Expected, seconds: float) -> Problem:
    """The problem that nothing came for so many seconds, though `due` is."""
    values: dict[str, Any] = {"seconds": round(seconds)}
    if due.got:
        values |= {} if due.needed is None else {"needed": due.needed}
        values |= {"got": len(due.got), "raw": due.got[:_SHOWN_BYTES]}
    if due.equals is not None:
        values |= {"equals": due.equals, "expected": due.value}
    where = Where(connection, due.side, due.offset, due.field, due.type, due.round)
    return Problem("stalled", where, values)


@dataclass
class Totals:
    """How much there was: of the connections `open` are not over; `bytes` are those that each side sent.

    `missed` connections more were opened while too much was waiting to be read: nothing is known of them.

    Where no protocol says what is right, nothing is `judged`.
    """

    connections: int = 0
    missed: int = 0
    open: int = 0
    fields: int = 0
    problems: int = 0
    bytes: dict[Side, int] = field(default_factory=lambda: {CLIENT: 0, SERVER: 0})
    judged: bool = True


class Viewer:
    """Reads all connections of one server by `protocol`; `sink` is called with each live event, in their order.

    A conversation in which nothing comes for `timeout` seconds stands still.
    """

    def __init__(
        self, protocol: Protocol, sink: Callable[[live.LiveEvent], None], timeout: float = STALL_SECONDS
    ) -> None:
        self.totals = Totals(judged=bool(protocol.session))
        self._protocol = protocol
        self._sink = sink
        self._room = Room(protocol)
        self._open: dict[int, LiveConversation] = {}
        self.timeout = timeout
        # When conversations are to be looked at: each has one entry that counts (its `scheduled`), and perhaps others.
        self._looks: list[tuple[float, int]] = []
        self._too_fast: set[int] = set()
        self._held = 0
        self._last = 0.0

    def add(self, event: Event) -> None:
        number, self._last = event.connection, event.at
        if event.kind == "missed":
            self.totals.missed += event.size
            self._room.miss()
        if event.kind == "opened":
            kind = LiveConversation if self._protocol.session else RawConversation
            self._open[number] = kind(self._protocol, number, opened=event.at)
            self.totals.connections += 1
            self.totals.open += 1
        conversation = self._open.get(number)
        if conversation is None:
            return  # its end came before these last words
        if event.kind == "received":
            self.totals.bytes[event.sender] += len(event.data) or event.size
        for seen in conversation.add(event):
            self._pass_on([seen])
            if event.kind == "received" and number in self._too_fast:
                break
        if event.kind == "received" and number in self._too_fast:
            self._pass_on(conversation.give_up(event.at, event.sender))
        outcomes, conversation.outcomes = conversation.outcomes, ()
        self._found(event.at, self._room.add(event, outcomes, conversation.decoder))
        if conversation.over:
            del self._open[number]
            self._too_fast.discard(number)
            self.totals.open -= 1
            self._held -= conversation.counted
            return
        self._schedule(number, conversation)
        self._count(conversation)
        if self._held > _HELD_LIMIT:
            self._make_room(event.at)

    def _make_room(self, at: float) -> None:
        """Has less kept, until it is half of the limit: the oldest beginnings first, and then the most that waits."""
        for conversation in self._open.values():
            if self._held > _HELD_LIMIT // 2:
                conversation.forget()
                self._count(conversation)
        for conversation in sorted(self._open.values(), key=lambda one: -one.held):
            if self._held > _HELD_LIMIT // 2:
                self._pass_on(conversation.read_no_more(at))
                self._count(conversation)

    def _count(self, conversation: LiveConversation) -> None:
        held = conversation.held
        self._held += held - conversation.counted
        conversation.counted = held

    def _schedule(self, number: int, conversation: LiveConversation) -> None:
        at = conversation.next_look(self.timeout)
        if at >= conversation.scheduled:  # looked at too early, it is looked at again
            return
        conversation.scheduled = at
        heappush(self._looks, (at, number))
        if len(self._looks) > 2 * len(self._open) + _STALE:
            self._looks = [(one.scheduled, each) for each, one in self._open.items() if one.scheduled < inf]
            heapify(self._looks)

    def give_up(self, connection: int) -> None:
        """That connection is too fast to be shown. May be called from another thread, even while it is being shown."""
        self._too_fast.add(connection)

    def look(self, now: float) -> None:
        """Says which conversations have been standing still, and whom they wait for."""
        self._last = now
        while self._looks and self._looks[0][0] <= now:
            at, number = heappop(self._looks)
            conversation = self._open.get(number)
            if conversation is not None and conversation.scheduled == at:
                conversation.scheduled = inf
                self._pass_on(conversation.look(now, self.timeout))
                self._schedule(number, conversation)
        self._found(now, self._room.look(now))

    def end(self) -> None:
        """Nothing more comes: diagnoses what is still to be diagnosed."""
        for conversation in self._open.values():
            self._pass_on(conversation.end(self._last))
        self._found(self._last, self._room.end(self._last))

    def _found(self, at: float, problems: Iterable[Problem]) -> None:
        for problem in problems:
            number = problem.where.connection or 0
            self._pass_on([live.ProblemFound(at, number, problem)])
            if problem.values.get("change") == "shifted":
                self._pass_on([live.Diagnosed(at, number, _field_too_many(problem, self._protocol))])

    def _pass_on(self, events: Iterable[live.LiveEvent]) -> None:
        for event in events:
            if isinstance(event, live.FieldRead):
                self.totals.fields += 1
                self.totals.problems += event.field.problem is not None
            elif isinstance(event, live.ProblemFound):
                self.totals.problems += 1
            self._sink(event)
