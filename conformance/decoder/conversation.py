"""Recorded connections, read by the decoder: each event once, as it comes, and everything kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.agent.events import CLIENT, SERVER, Event, other
from conformance.agent.problem import Problem, Where
from conformance.agent.recording import Connection, Recording
from conformance.decoder.decoder import Decoder, Field, Message, Outcome
from conformance.decoder.program import compile_protocol
from conformance.model.protocol import Protocol

__all__ = ["Conversation", "Conversations", "read_conversations"]

_SHOWN_BYTES = 16
_OUTCOME_SIZE = 320  # bytes of memory that a field takes beside its bytes, roughly
_MOST_KEPT = 256 << 20  # bytes of memory that all fields of a recording may take; what comes then is not read


class Conversation:
    """One connection as the protocol has it, with all its fields.

    `fields` and `messages` stand in the order in which they were decided, each side's in the order in which it sent
    them; `problems` in that order too, those of the fields among them. Every place names the connection. `keeps` is
    False after `forget`; `kept` is how many bytes of memory the fields take, roughly.
    """

    def __init__(self, protocol: Protocol, connection: Connection) -> None:
        self.protocol = protocol
        self.connection = connection
        self.decoder = Decoder(protocol, connection=connection.number, opened=connection.opened)
        self.fields: list[Field] = []
        self.messages: list[Message] = []
        self.problems: list[Problem] = []
        self._ordered: list[Field] = []
        self.keeps = True
        self.kept = 0

    @property
    def number(self) -> int:
        """The connection's number, from 1."""
        return self.connection.number

    def add(self, event: Event) -> Sequence[Outcome]:
        """Takes in what the tap saw of this connection next, and returns what is decided by it.

        Of a `received` whose bytes were not kept only their number is known: that side is read no further.
        """
        decoder, side, told = self.decoder, event.sender, list[Outcome]()
        match event.kind:
            case "received" if event.size:
                if decoder.reads(side):
                    told += decoder.unasked(side, event.at)
                    where = Where(self.number, side, decoder.total(side))
                    told.append(Problem("not-recorded", where, {"size": event.size}, event.at))
                decoder.stop(side)
            case "received":
                told += decoder.receive(side, event.data, event.at)
            case "sent":
                decoder.passed_on(side, event.size)
            case "end":
                told += decoder.end(side, event.at)
            case "reset":
                told += [*decoder.end(side, event.at), *decoder.end(other(side), event.at)]
            case "cut":
                where = Where(self.number, side, event.size)
                told.append(Problem("network-cut", where, {"action": event.detail}, event.at))
                for each in (CLIENT, SERVER):
                    decoder.stop(each)
                    decoder.end(each, event.at)
            case "refused":
                told.append(Problem("refused", Where(self.number, SERVER), {"reason": event.detail}, event.at))
                for each in (CLIENT, SERVER):
                    decoder.stop(each)
                    decoder.end(each, event.at)
        self._keep(told)
        return told

    def forget(self) -> None:
        """Keeps nothing more, neither of what was read nor of what will be."""
        self.keeps = False
        self.kept = 0
        self.connection = Connection(self.number, self.connection.opened)
        for kept in (self.fields, self.messages, self.problems):
            kept.clear()

    def finish(self) -> None:
        """Nothing more was recorded: what has not ended ends here, and what is still due never came."""
        last = max([self.connection.opened, *(self.connection.direction(side).last for side in (CLIENT, SERVER))])
        for side in (CLIENT, SERVER):
            self._keep(self.decoder.end(side, last))
        # How many were too many is known only now.
        for place, problem in enumerate(self.problems):
            if problem.code == "too-many-bytes" and not problem.values:
                assert problem.where.side is not None
                rest = self.connection.direction(problem.where.side).data[problem.where.offset :]
                self.problems[place] = replace(problem, values={"size": len(rest), "raw": rest[:_SHOWN_BYTES]})

    def in_order(self) -> list[Field]:
        """The fields in the order of the protocol, round by round: an answer behind its question."""
        if len(self._ordered) == len(self.fields):
            return self._ordered
        places = compile_protocol(self.protocol).places

        def order(field: Field) -> tuple[int, ...]:
            place, path = places[field.ordinal], field.path
            depth = len(place) - len(path)
            return (*place[:depth], *(part for pair in zip(path, place[depth:], strict=True) for part in pair))

        self._ordered = sorted(self.fields, key=order)
        return self._ordered

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        if not self.keeps:
            return
        self.kept += _OUTCOME_SIZE * len(outcomes)
        for outcome in outcomes:
            problem = outcome if isinstance(outcome, Problem) else None
            if isinstance(outcome, Field):
                self.fields.append(outcome)
                problem = outcome.problem
            elif isinstance(outcome, Message):
                self.messages.append(outcome)
            if problem is not None:
                self.problems.append(problem)


class Conversations:
    """All connections of a recording, read as far as it goes: each look takes in what is new, and nothing twice."""

    def __init__(self, protocol: Protocol, recording: Recording) -> None:
        self._protocol = protocol
        self._recording = recording
        self._taken = 0
        self._kept = 0
        self._by_number: dict[int, Conversation] = {}

    def update(self) -> list[Conversation]:
        """The conversations up to now, in the order in which they were opened."""
        events = self._recording.events[self._taken :]
        self._taken += len(events)
        for event in events:
            conversation = self._by_number.get(event.connection)
            if conversation is None:
                connection = self._recording.connection(event.connection)
                conversation = self._by_number[event.connection] = Conversation(self._protocol, connection)
            if self._kept > _MOST_KEPT and event.kind == "received":
                event = event._replace(data=b"", size=len(event.data) or event.size)
            before = conversation.kept + conversation.decoder.held
            conversation.add(event)
            self._kept += conversation.kept + conversation.decoder.held - before
        return list(self._by_number.values())

    def finish(self) -> list[Conversation]:
        """The conversations of a recording that is over."""
        self._recording.finish()
        conversations = self.update()
        for conversation in conversations:
            conversation.finish()
        return conversations


def read_conversations(protocol: Protocol, recording: Recording) -> list[Conversation]:
    """Reads a recording that is over."""
    return Conversations(protocol, recording).finish()
