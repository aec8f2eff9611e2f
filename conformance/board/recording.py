"""What is kept of a connection for whoever saves it: its beginning whole, and of the rest how much it was."""

from __future__ import annotations

from conformance.agent.events import Event, Kind, Side

__all__ = ["EVENT_SIZE", "Recording"]

_MOST_KEPT = 128 << 10
EVENT_SIZE = 256  # what an event takes beside its bytes, roughly


class Recording:
    """The events of one connection. Past the bound those that carry bytes become one a side that tells their number."""

    def __init__(self) -> None:
        self.size = 0
        self._events: list[Event] = []
        self._rest: dict[tuple[Kind, Side], Event] = {}

    def add(self, event: Event) -> int:
        """Keeps it, or what can be kept of it; returns by how much the recording has grown."""
        room = max(0, _MOST_KEPT - self.size)
        if event.kind in ("received", "sent") and (room == 0 or room < len(event.data)):
            self._count(event._replace(data=event.data[room:]))
            if room == 0:
                return 0
            event = event._replace(data=event.data[:room])
        self._events.append(event)
        grown = len(event.data) + EVENT_SIZE
        self.size += grown
        return grown

    def _count(self, event: Event) -> None:
        key = (event.kind, event.sender)
        before = self._rest[key].size if key in self._rest else 0
        self._rest[key] = event._replace(data=b"", size=before + len(event.data) + event.size)

    def events(self) -> list[Event]:
        """All of them, in the order of their times."""
        return sorted([*self._events, *self._rest.values()], key=lambda event: event.at)
