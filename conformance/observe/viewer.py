"""What becomes of every event of a tap, live or saved: its connection is read, and counted, and what shows goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.model import Protocol
from conformance.observe.live_conversation import LiveConversation
from conformance.observe.live_events import FieldRead, LiveEvent, ProblemFound

__all__ = ["STALL_SECONDS", "Totals", "Viewer"]

STALL_SECONDS = 5.0
"""How long nothing may come that should, before that is told."""


@dataclass
class Totals:
    """How much there was: of the connections `open` are not over; `bytes` are those that each side sent."""

    connections: int = 0
    open: int = 0
    fields: int = 0
    problems: int = 0
    bytes: dict[Side, int] = field(default_factory=lambda: {CLIENT: 0, SERVER: 0})


class Viewer:
    """Reads all connections of one server by `protocol`; `sink` is called with each live event, in their order."""

    def __init__(self, protocol: Protocol, sink: Callable[[LiveEvent], None]) -> None:
        self.totals = Totals()
        self._protocol = protocol
        self._sink = sink
        self._open: dict[int, LiveConversation] = {}
        self._too_fast: set[int] = set()
        self._last = 0.0

    def add(self, event: Event) -> None:
        number, self._last = event.connection, event.at
        if event.kind == "opened":
            self._open[number] = LiveConversation(self._protocol, number, opened=event.at)
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
        if conversation.over:
            del self._open[number]
            self._too_fast.discard(number)
            self.totals.open -= 1

    def give_up(self, connection: int) -> None:
        """That connection is too fast to be shown. May be called from another thread, even while it is being shown."""
        self._too_fast.add(connection)

    def look(self, now: float, timeout: float) -> None:
        """Says which conversations have been standing still for `timeout` seconds, and whom they wait for."""
        self._last = now
        for conversation in self._open.values():
            self._pass_on(conversation.look(now, timeout))

    def end(self) -> None:
        """Nothing more comes: diagnoses what is still to be diagnosed."""
        for conversation in self._open.values():
            self._pass_on(conversation.end(self._last))

    def _pass_on(self, events: Iterable[LiveEvent]) -> None:
        for event in events:
            if isinstance(event, FieldRead):
                self.totals.fields += 1
                self.totals.problems += event.field.problem is not None
            elif isinstance(event, ProblemFound):
                self.totals.problems += 1
            self._sink(event)
