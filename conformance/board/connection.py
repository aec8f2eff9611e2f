"""One connection as the board remembers it: its row, its last lines, and the beginning of its recording."""

from __future__ import annotations

import json
import sys
from collections import deque
from dataclasses import dataclass
from typing import Any

from conformance.agent.events import Event, Kind, Side
from conformance.agent.problem import Problem
from conformance.board.page_json import LONG, line_json, problem_json, row_field
from conformance.formatting import shortened
from conformance.observe.live_events import Bytes, Diagnosed, FieldRead, LiveEvent, ProblemFound, Stalled

__all__ = ["KEPT_BYTES", "LINES", "Connection", "KeptEvents"]

LINES = 300  # of a conversation that are remembered
LINES_BYTES = 160 << 10  # of memory that these may take
KEPT_BYTES = 128 << 10  # of memory that the recording of a connection may take
# What objects take beside their texts and bytes, in bytes, roughly.
_CONNECTION_SIZE = 4 << 10
_EVENT_SIZE = 256
_LINE_SIZE = 480
_PROBLEM_SIZE = 1 << 10
_TAIL = 6  # fields that stand in a row


@dataclass(slots=True)
class _Line:
    change: int
    told: LiveEvent | str  # an event until a page asks for it, and then its JSON
    size: int


class Connection:
    """A connection, made of its `opened`. Its events count from `began`; it and `since` are in seconds since 1970."""

    def __init__(self, server: int, event: Event, began: float) -> None:
        self.server = server
        self.number = event.connection
        self.key = f"{server}/{self.number}"  # its name among all connections of the board
        self.since = began + event.at
        self.change = 0  # the number of its last one
        self.over = False  # whether nothing more can come
        self.counted = 0  # how much of its size is counted where all sizes are
        self.kept = KeptEvents()
        self._began = began
        self._ends = 0
        self._facts: dict[str, Any] = {"key": self.key, "server": server, "number": self.number, "client": event.detail}
        self._facts |= {"since": self.since, "state": "open", "fields": 0}
        self._flags: dict[str, Problem | Diagnosed] = {}  # what is `wrong`, and what it `waits` for
        self._tail: deque[dict[str, Any]] = deque(maxlen=_TAIL)
        self._row = ""  # its JSON, once a page has asked for it
        self._lines: deque[_Line] = deque()
        self._lines_size = 0
        self._left_out = 0
        self._left_out_change = 0  # of the last line that is left out

    @property
    def diagnosed(self) -> bool:
        return isinstance(self._flags.get("wrong"), Diagnosed)

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, roughly."""
        return _CONNECTION_SIZE + self.kept.size + self._lines_size

    def add_event(self, event: Event, change: int) -> None:
        """Takes in what the tap saw of it."""
        self.change, self._row = change, ""
        self._ends += event.kind == "end"
        if event.kind in ("reset", "refused", "cut") or (self._ends == 2 and not self.over):
            self.over = True
            state = {"end": "ended", "cut": "lost"}.get(event.kind, event.kind)
            self._facts |= {"state": state, "until": self._began + event.at}
        self.kept.add(event)

    def lose(self, now: float, change: int) -> None:
        """Nothing more can be known of it: the relay that carried it has ended."""
        self.change, self._row = change, ""
        self.over = True
        self._flags.pop("waits", None)
        self._facts |= {"state": "lost", "until": now}

    def add(self, event: LiveEvent, change: int) -> None:
        """Takes in what was read of it."""
        self.change, self._row = change, ""
        self._flags.pop("waits", None)
        size, problem = _LINE_SIZE, None
        match event:
            case FieldRead(field=field):
                self._facts["fields"] += 1
                self._tail.append(row_field(field))
                size += len(field.raw) + sys.getsizeof(field.value)
                problem = field.problem
            case Bytes(data=data):
                size += len(data)
            case ProblemFound():
                problem = event.problem
            case Stalled():
                self._flags["waits"] = event.problem
            case Diagnosed():
                self._flags["wrong"] = event
        if problem is not None:
            size += _PROBLEM_SIZE
            self._flags.setdefault("wrong", shortened(problem))  # the first explains the others
        line = _Line(change, event, size)
        if size > _LINE_SIZE + 2 * LONG:  # as JSON it is short
            line.size = _LINE_SIZE + len(self._text(line))
        self._lines.append(line)
        self._lines_size += line.size
        while len(self._lines) > LINES or self._lines_size > LINES_BYTES:
            old = self._lines.popleft()
            self._lines_size -= old.size
            self._left_out += 1
            self._left_out_change = old.change

    def row(self) -> str:
        """Its row, as JSON."""
        if not self._row:
            flags = {name: problem_json(what) for name, what in self._flags.items()}
            heads = {name: {"code": told["code"], "text": told["text"]} for name, told in flags.items()}
            self._row = json.dumps({**self._facts, "tail": list(self._tail), **heads})
        return self._row

    def lines_after(self, change: int) -> tuple[list[str], int]:
        """Its lines after that change, as JSON, and how many of these are left out (at the least)."""
        known = change >= self._left_out_change
        texts = [self._text(line) for line in self._lines if line.change > change or not known]
        return texts, 0 if known else self._left_out if change == 0 else 1

    def _text(self, line: _Line) -> str:
        if not isinstance(line.told, str):
            line.told = line_json(line.told, self._began)
        return line.told


class KeptEvents:
    """The events of one connection, for whoever saves it: its beginning whole, and how many bytes the rest was.

    Past the bound those that carry bytes become one a side that says how many they were. `size` is in bytes of memory.
    """

    def __init__(self) -> None:
        self.size = 0
        self._events: list[Event] = []
        self._rest: dict[tuple[Kind, Side], Event] = {}

    def add(self, event: Event) -> None:
        room = max(0, KEPT_BYTES - self.size)
        if event.kind in ("received", "sent") and room < max(1, len(event.data)):
            key = event.kind, event.sender
            before = self._rest[key].size if key in self._rest else 0
            self._rest[key] = event._replace(data=b"", size=before + len(event.data) - room + event.size)
            if room == 0:
                return
            event = event._replace(data=event.data[:room])
        self._events.append(event)
        self.size += len(event.data) + _EVENT_SIZE

    def events(self) -> list[Event]:
        """All of them, in the order of their times."""
        return sorted([*self._events, *self._rest.values()], key=lambda event: event.at)
