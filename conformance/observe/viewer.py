"""What becomes of every event, live or saved: it is read by the protocol, counted, and told."""

from __future__ import annotations

from conformance.agent.events import Event
from conformance.model import Protocol
from conformance.observe.formatting import Teller, Totals
from conformance.observe.live_conversation import LiveConversation
from conformance.observe.live_events import Seen
from conformance.observe.terminal import Printer

__all__ = ["STALL_SECONDS", "Viewer"]

STALL_SECONDS = 5.0
"""How long nothing may come that should, before that is told."""


class Viewer:
    """Shows conversations while they happen; `totals` is what they came to."""

    def __init__(self, protocol: Protocol, teller: Teller, print_line: Printer) -> None:
        self.totals = Totals()
        self._protocol = protocol
        self._teller = teller
        self._print = print_line
        self._open: dict[int, LiveConversation] = {}
        self._too_fast: set[int] = set()
        self._last = 0.0

    def add(self, event: Event) -> None:
        """Shows what the event shows."""
        number, self._last = event.connection, event.at
        if event.kind == "opened":
            self._open[number] = LiveConversation(self._protocol, number)
        conversation = self._open.get(number)
        if conversation is None:
            return  # its end came before these last words
        if event.kind == "received":
            self.totals.bytes[event.sender] += len(event.data) or event.size
        for seen in conversation.add(event):
            self._tell(seen)
            if event.kind == "received" and number in self._too_fast:
                break
        if event.kind == "received" and number in self._too_fast:
            for seen in conversation.give_up(event.at, event.sender):
                self._tell(seen)
        if conversation.over:
            del self._open[number]
            self._too_fast.discard(number)

    def give_up(self, connection: int) -> None:
        """That connection is too fast to be shown. May be called from another thread, even while it is being shown."""
        self._too_fast.add(connection)

    def look(self, now: float, patience: float) -> None:
        """Tells which conversations have been standing still for so many seconds, and whom they wait for."""
        self._last = now
        for conversation in self._open.values():
            for seen in conversation.look(now, patience):
                self._tell(seen)

    def end(self) -> None:
        """Tells what it all came to."""
        for conversation in self._open.values():
            for seen in conversation.end(self._last):
                self._tell(seen)
        self._print(self._teller.totals(self.totals, len(self._open)))

    def _tell(self, seen: Seen) -> None:
        self.totals.add(seen)
        self._print(self._teller.seen(seen))
