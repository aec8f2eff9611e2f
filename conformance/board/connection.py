"""One connection as the board remembers it: its row, its last lines, and the beginning of its recording."""

from __future__ import annotations

import json
import sys
from collections import deque
from typing import Any

from conformance.agent.events import Event, Kind, Side
from conformance.agent.problem import Problem
from conformance.board.page_json import LONG, headline, line_json, row_field, with_short_texts
from conformance.decoder import Field
from conformance.observe.live_events import Bytes, Diagnosed, FieldRead, LiveEvent, ProblemFound, Stalled

__all__ = ["KEPT_BYTES", "LINES", "Connection", "KeptEvents"]

LINES = 300
"""How many lines of a conversation are remembered."""
LINES_BYTES = 160 << 10
"""How many bytes these may take."""
KEPT_BYTES = 128 << 10
"""How many bytes of memory the recording of a connection may take."""
# What objects take beside their texts and bytes, in bytes, roughly.
_CONNECTION_SIZE = 4 << 10
_EVENT_SIZE = 256
_LINE_SIZE = 480
_JSON_SIZE = 160  # of a line that is JSON already
_PROBLEM_SIZE = 1 << 10
_TAIL = 6  # fields that stand in a row


class _Line:
    """A live event until a page asks for it, and then its JSON."""

    __slots__ = ("change", "event", "size", "text")

    def __init__(self, change: int, event: LiveEvent) -> None:
        self.change = change
        self.event: LiveEvent | None = event
        self.text = ""
        self.size = _LINE_SIZE
        if type(event) is FieldRead:
            field = event.field
            self.size += len(field.raw) + sys.getsizeof(field.value)
            self.size += _PROBLEM_SIZE if field.problem is not None else 0
        elif isinstance(event, Bytes):
            self.size += len(event.data)
        else:
            self.size += _PROBLEM_SIZE

    def to_json(self, began: float) -> str:
        if self.event is not None:
            self.text = line_json(self.event, began)
            self.event = None
            self.size = len(self.text) + _JSON_SIZE
        return self.text


class Connection:
    """A connection, made of its `opened`. `change` is the number of its last change; `since`, in seconds since 1970.

    The times of its events count from `began`, in seconds since 1970.
    """

    def __init__(self, server: int, event: Event, began: float) -> None:
        self.server = server
        self.number = event.connection
        self.since = began + event.at
        self.change = 0
        self.kept = KeptEvents()
        self.diagnosed = False
        self._began = began
        self._client = event.detail
        self._state = "open"
        self._until: float | None = None
        self._ends = 0
        self._fields = 0
        self._wrong: Problem | Diagnosed | None = None  # what went wrong first, until it is diagnosed
        self._waits: Problem | None = None
        self._tail: deque[Field | dict[str, Any]] = deque(maxlen=_TAIL)
        self._lines: deque[_Line] = deque()
        self._lines_size = 0
        self._left_out = 0
        self._left_out_change = 0  # of the last line that is left out
        self._row = (-1, "")

    @property
    def key(self) -> str:
        """Its name among all connections of the board."""
        return f"{self.server}/{self.number}"

    @property
    def over(self) -> bool:
        """Whether nothing more can come."""
        return self._state != "open"

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, roughly."""
        return _CONNECTION_SIZE + self.kept.size + self._lines_size

    def add_event(self, event: Event, change: int) -> None:
        """Takes in what the tap saw of it."""
        self.change = change
        self._ends += event.kind == "end"
        if event.kind in ("reset", "refused"):
            self._state, self._until = event.kind, event.at
        elif self._ends == 2 and not self.over:
            self._state, self._until = "ended", event.at
        self.kept.add(event)

    def add(self, event: LiveEvent, change: int) -> None:
        """Takes in what was read of it."""
        self.change = change
        self._waits = None
        line = _Line(change, event)
        if type(event) is FieldRead:
            field = event.field
            self._fields += 1
            if field.problem is not None:
                self._goes_wrong(field.problem)
            if len(field.raw) > LONG:
                # As JSON it is short.
                line.to_json(self._began)
                self._tail.append(row_field(field))
            else:
                self._tail.append(field)
        elif isinstance(event, ProblemFound):
            self._goes_wrong(event.problem)
        elif isinstance(event, Stalled):
            self._waits = event.problem
        elif isinstance(event, Diagnosed):
            self.diagnosed, self._wrong = True, event
        elif isinstance(event, Bytes) and len(event.data) > LONG:
            line.to_json(self._began)
        lines = self._lines
        lines.append(line)
        self._lines_size += line.size
        while len(lines) > LINES or self._lines_size > LINES_BYTES:
            old = lines.popleft()
            self._lines_size -= old.size
            self._left_out += 1
            self._left_out_change = old.change

    def row(self) -> str:
        """Its row, as JSON."""
        change, text = self._row
        if change != self.change:
            text = json.dumps(self._to_json())
            self._row = (self.change, text)
        return text

    def lines_after(self, change: int) -> tuple[list[str], int]:
        """Its lines after that change, as JSON, and how many of these are left out (at the least)."""
        known = change >= self._left_out_change
        texts = [line.to_json(self._began) for line in self._lines if line.change > change or not known]
        self._lines_size = sum(line.size for line in self._lines)
        return texts, 0 if known else self._left_out if change == 0 else 1

    def _goes_wrong(self, problem: Problem) -> None:
        if self._wrong is None:
            self._wrong = with_short_texts(problem)

    def _to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "key": self.key,
            "server": self.server,
            "number": self.number,
            "client": self._client,
            "since": self.since,
            "state": self._state,
            "fields": self._fields,
            "tail": [field if isinstance(field, dict) else row_field(field) for field in self._tail],
        }
        if self._until is not None:
            told["until"] = self._began + self._until
        if self._wrong is not None:
            told["wrong"] = headline(self._wrong)
        if self._waits is not None:
            told["waits"] = headline(self._waits)
        return told


class KeptEvents:
    """The events of one connection, for whoever saves it: its beginning whole, and how many bytes the rest was.

    Past the bound those that carry bytes become one a side that says how many they were. `size` is in bytes of memory.
    """

    def __init__(self) -> None:
        self.size = 0
        self._events: list[Event] = []
        self._rest: dict[tuple[Kind, Side], Event] = {}

    def add(self, event: Event) -> None:
        """Keeps it, or what can be kept of it."""
        room = max(0, KEPT_BYTES - self.size)
        if event.kind in ("received", "sent") and (room == 0 or room < len(event.data)):
            self._count(event._replace(data=event.data[room:]))
            if room == 0:
                return
            event = event._replace(data=event.data[:room])
        self._events.append(event)
        self.size += len(event.data) + _EVENT_SIZE

    def events(self) -> list[Event]:
        """All of them, in the order of their times."""
        return sorted([*self._events, *self._rest.values()], key=lambda event: event.at)

    def _count(self, event: Event) -> None:
        key = (event.kind, event.sender)
        before = self._rest[key].size if key in self._rest else 0
        self._rest[key] = event._replace(data=b"", size=before + len(event.data) + event.size)
