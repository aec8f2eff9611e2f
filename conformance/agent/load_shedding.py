"""What of a stream of events is kept for a reader who is too slow, or not kept at all: the queue stays bounded.

While there is room every event is taken. Without room, these are left out:

bytes          what a side sent becomes one `received` that says how many bytes are missing, and one `sent`; both come
               before the next event of that connection that is taken whole
connections    of one that is opened now, nothing is told; `missed` says how many there were, once there is room

So a queue holds at most what it held when it became full, and six events for each connection that is open. Ends and
resets of connections that were told of are always taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter

from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side

__all__ = ["EVENT_SIZE", "LoadShedder", "memory_of"]

EVENT_SIZE = 256
"""Bytes of memory that an event takes beside its data, roughly."""

_SUMMED: tuple[Kind, Kind] = ("received", "sent")
_RANGES = 10_000  # of connections left out that are remembered


def memory_of(event: Event) -> int:
    """The bytes of memory that it takes, roughly."""
    return len(event.data) + EVENT_SIZE


class LoadShedder:
    """`sheds` where something is left out, or was: else every event can be taken as it is."""

    def __init__(self) -> None:
        self.sheds = False
        self._sizes: dict[tuple[int, Kind, Side], int] = {}  # of bytes that are left out
        self._at = 0.0  # when the last of them came
        self._missed = 0
        self._left_out: list[tuple[int, int]] = []  # the first and the last of connections that followed each other

    def leave_out(self, event: Event) -> bool:
        """Without room: whether it only adds to a sum. To be asked before `take`, where events are many."""
        kind, number = event.kind, event.connection
        if kind not in _SUMMED:
            return False
        self.sheds = True
        if not (self._left_out and self._is_left_out(number)):
            key, self._at = (number, kind, event.sender), event.at
            self._sizes[key] = self._sizes.get(key, 0) + len(event.data) + event.size
        return True

    def take(self, event: Event, *, room: bool) -> Iterator[Event]:
        """What is to be queued for it."""
        number = event.connection
        if not room:
            if self.leave_out(event):
                return
            self.sheds = True
            if event.kind in ("opened", "missed"):
                self._leave_out(event)
                return
        elif self._missed or self._sizes:
            yield from self.rest(event.at)
        if self._is_left_out(number):
            return
        if not room:
            for key in [(number, kind, side) for kind in _SUMMED for side in (CLIENT, SERVER)]:
                if key in self._sizes:
                    yield self._sum(key, self._sizes.pop(key))
        yield event

    def rest(self, at: float) -> Iterator[Event]:
        """What was left out since the last time, in sums."""
        sizes, self._sizes = self._sizes, {}
        for key, size in sizes.items():
            yield self._sum(key, size)
        if self._missed:
            yield Event(at, 0, "missed", CLIENT, size=self._missed)
            self._missed = 0

    def _sum(self, key: tuple[int, Kind, Side], size: int) -> Event:
        return Event(self._at, *key, size=size)

    def _leave_out(self, event: Event) -> None:
        if event.kind == "missed":
            self._missed += event.size
            return
        self._missed += 1
        number = event.connection
        if self._left_out and self._left_out[-1][1] == number - 1:
            self._left_out[-1] = self._left_out[-1][0], number
        else:
            self._left_out.append((number, number))
            del self._left_out[:-_RANGES]

    def _is_left_out(self, number: int) -> bool:
        at = bisect_right(self._left_out, number, key=itemgetter(0)) - 1
        return at >= 0 and number <= self._left_out[at][1]
