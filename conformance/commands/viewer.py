"""What becomes of every event, live or saved: it is read by the protocol, counted, and told."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.commands.reading import LiveConversation
from conformance.commands.seen import Seen
from conformance.commands.telling import Teller, Totals
from conformance.commands.terminal import Printer
from conformance.model import Protocol
from conformance.tap.events import Event

__all__ = ["Viewer"]

# A connection that sent so much is no conversation that anyone follows; only such a one is ever given up.
_FLOOD = 1 << 20
_TOO_MUCH_WAITING = 16 << 20


class Viewer:
    """Shows conversations while they happen; `totals` is what they came to."""

    def __init__(self, protocol: Protocol, teller: Teller, print_line: Printer) -> None:
        self.totals = Totals()
        self._protocol = protocol
        self._teller = teller
        self._print = print_line
        self._open: dict[int, LiveConversation] = {}
        self._carried: dict[int, int] = {}

    def add(self, event: Event, waiting: int = 0) -> None:
        """Shows what the event shows; `waiting` is how many bytes are still to be read behind it."""
        number = event.connection
        conversation = self._open.get(number)
        if conversation is None:
            if event.kind != "opened":
                return
            conversation = self._open[number] = LiveConversation(self._protocol, number)
            self._carried[number] = 0
        if event.kind == "received":
            size = len(event.data) or event.size
            self.totals.bytes[event.sender] += size
            self._carried[number] += size
            if waiting > _TOO_MUCH_WAITING and self._carried[number] > _FLOOD:
                self._tell(conversation.give_up(event.at, event.sender))
        self._tell(conversation.add(event))
        if conversation.over:
            del self._open[number], self._carried[number]

    def look(self, now: float, patience: float) -> None:
        """Tells which conversations have been standing still for so many seconds, and whom they wait for."""
        for conversation in self._open.values():
            self._tell(conversation.stalled(now, patience))

    def end(self) -> None:
        """Tells what it all came to."""
        self._print(self._teller.totals(self.totals, len(self._open)))

    def _tell(self, things: Iterable[Seen]) -> None:
        for seen in things:
            self.totals.add(seen)
            self._print(self._teller.seen(seen))
