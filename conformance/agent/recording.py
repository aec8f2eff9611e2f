"""What the tap recorded, connection by connection: one thread adds events, others look at them, or wait for more."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from conformance.agent.events import CLIENT, Event, Side
from conformance.agent.load_shedding import LoadShedder, memory_of

__all__ = ["Connection", "Direction", "Recording"]

_LIMIT = 64 << 20


@dataclass
class Direction:
    """One direction of a connection: what its sender sent, when it came to the tap and when it went on.

    `received_to` and `sent_to` have for each entry the offset behind it; `last` is when something happened last. `size`
    is how many bytes came to the tap, `passed_on` how many have gone on to the other side.
    """

    received: list[tuple[float, bytes]] = field(default_factory=list)
    received_to: list[int] = field(default_factory=list)
    sent: list[tuple[float, int]] = field(default_factory=list)
    sent_to: list[int] = field(default_factory=list)
    ended: float | None = None
    reset: float | None = None
    last: float = 0.0
    size: int = 0
    passed_on: int = 0

    @property
    def data(self) -> bytes:
        """All the bytes, in order. It joins them: not for a loop."""
        return b"".join([data for _, data in self.received])

    @property
    def closed(self) -> bool:
        """Whether no more can come."""
        return self.ended is not None or self.reset is not None

    def came(self, offset: int) -> float:
        """When the byte at `offset` came to the tap."""
        return self.received[bisect_right(self.received_to, offset)][0]

    def went(self, offset: int) -> float | None:
        """When the byte at `offset` went on to the other side, if it did."""
        index = bisect_right(self.sent_to, offset)
        return self.sent[index][0] if index < len(self.sent) else None


@dataclass
class Connection:
    """One connection: its number, from 1 in the order of connecting, and its two directions."""

    number: int
    opened: float
    refused: str | None = None
    cut: bool = False
    client: Direction = field(default_factory=Direction)
    server: Direction = field(default_factory=Direction)

    def direction(self, sender: Side) -> Direction:
        """The direction in which `sender` sends."""
        return self.client if sender == CLIENT else self.server

    def add(self, event: Event) -> None:
        """Takes in what happened on it next."""
        direction = self.direction(event.sender)
        direction.last = event.at
        match event.kind:
            case "opened":
                self.opened = event.at
            case "received":
                direction.received.append((event.at, event.data))
                direction.size += len(event.data)
                direction.received_to.append(direction.size)
            case "sent":
                direction.sent.append((event.at, event.size))
                direction.passed_on += event.size
                direction.sent_to.append(direction.passed_on)
            case "end":
                direction.ended = event.at if direction.ended is None else direction.ended  # half-closed, then closed
            case "reset":
                direction.reset = event.at
            case "cut":
                self.cut = True
            case "refused":
                self.refused = event.detail
                self.server.reset = event.at


class Recording:
    """All connections of a cell or a case, in the order in which they were opened; `events` only grows, at its end.

    It takes `limit` bytes of memory. Then it is `full`, and of what comes, LoadShedder tells what is left out: `finish`
    adds in sums how much that was, and `missed` is how many connections. `cut`: the network has cut a connection.
    """

    def __init__(self, events: Sequence[Event] = (), *, limit: int = _LIMIT) -> None:
        self._changed = threading.Condition(threading.RLock())
        self.events: list[Event] = []
        self.over = False
        self.full = False
        self.cut = False
        self.missed = 0
        self._limit = limit
        self._held = 0
        self._shedder = LoadShedder()
        self._connections: dict[int, Connection] = {}
        for event in events:
            self.add(event)

    @property
    def connections(self) -> list[Connection]:
        """The connections so far."""
        with self._changed:
            return list(self._connections.values())

    def connection(self, number: int) -> Connection:
        """The connection of that number."""
        with self._changed:
            return self._connections[number]

    def add(self, event: Event) -> None:
        """Takes in one more event."""
        with self._changed:
            self.full = self.full or self._held > self._limit
            if self.full:
                for taken in self._shedder.take(event, room=False):
                    self._add(taken)
            else:
                self._add(event)
            self._changed.notify_all()

    def finish(self) -> None:
        """Adds what was left out, in sums."""
        with self._changed:
            for rest in self._shedder.rest(self.events[-1].at if self.events else 0.0):
                self._add(rest)

    def end(self) -> None:
        """Nothing more will be recorded: whoever waits for it need not wait longer."""
        with self._changed:
            self.over = True
            self._changed.notify_all()

    def _add(self, event: Event) -> None:
        if event.kind == "missed":
            self.missed += event.size
            return
        self.cut |= event.kind == "cut"
        if event.kind == "opened":
            self._connections[event.connection] = Connection(event.connection, event.at)
        else:
            self._connections[event.connection].add(event)
        self._held += memory_of(event)
        self.events.append(event)

    def wait_for(self, seen: Callable[[], bool], until: float) -> bool:
        """Waits until `seen` holds, the recording is over or full, or time.monotonic() says `until`; tells if it held.

        `seen` is asked anew at each event: it must look at what is new only.
        """
        with self._changed:
            while not seen():
                left = until - time.monotonic()
                if self.over or self.full or left <= 0 or not self._changed.wait(left):
                    return seen()
            return True
