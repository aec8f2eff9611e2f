"""One connection as the board remembers it: what a row of the page says of it, its last lines, and its recording."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from conformance.agent.events import Event
from conformance.board.recording import Recording

__all__ = ["LINES", "Connection"]

LINES = 300
"""How many lines of a conversation are remembered."""
_MOST_CHARACTERS = 64 << 10  # of lines
_LINE_SIZE = 128  # what a line takes beside its characters, roughly
_TAIL = 6  # fields that stand in a row
_SHORT = 40  # characters of a value there


class Connection:
    """A connection; `change` is that of its last change, `since` the time when it came."""

    def __init__(self, server: int, number: int, client: str, since: float) -> None:
        self.server = server
        self.number = number
        self.client = client
        self.since = since
        self.change = 0
        self.recording = Recording()
        self._state = "open"
        self._until: float | None = None
        self._ends = 0
        self._fields = 0
        self.named = False  # whether the mistake that is made here has a name
        self._wrong = ""  # that name, or what went wrong first
        self._waits = ""
        self._tail: deque[dict[str, Any]] = deque(maxlen=_TAIL)
        self._lines: deque[tuple[int, str]] = deque()
        self._lines_size = 0
        self._lost = 0  # the change of the last line that has fallen off
        self._told = 0

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
        """What it takes, roughly."""
        return self.recording.size + self._lines_size

    def event(self, event: Event, change: int) -> int:
        """What the tap saw of it; returns by how much it has grown."""
        self.change = change
        self._ends += event.kind == "end"
        if event.kind in ("reset", "refused"):
            self._state, self._until = event.kind, event.at
        elif self._ends == 2 and not self.over:
            self._state, self._until = "ended", event.at
        return self.recording.add(event)

    def line(self, entry: dict[str, Any], change: int) -> int:
        """What was read of it; returns by how much it has grown."""
        self.change = change
        event = entry["event"]
        self._waits = str(entry["sentence"]) if event == "stall" else ""
        if event == "field":
            self._fields += 1
            short = {key: entry[key] for key in ("sender", "field", "type")} | {"value": _shortened(entry["value"])}
            self._tail.append(short | ({"wrong": True} if "problem" in entry else {}))
        if event == "mistake":
            self.named, self._wrong = True, str(entry["title"])
        elif "problem" in entry and not self._wrong:
            self._wrong = str(entry["problem"])
        before = self._lines_size
        text = json.dumps(entry)
        self._lines.append((change, text))
        self._lines_size += len(text) + _LINE_SIZE
        while len(self._lines) > LINES or self._lines_size > _MOST_CHARACTERS + len(text):
            self._lost, old = self._lines.popleft()
            self._lines_size -= len(old) + _LINE_SIZE
            self._told += 1
        return self._lines_size - before

    def summary(self) -> str:
        """Its row, as JSON."""
        row: dict[str, Any] = {
            "key": self.key,
            "server": self.server,
            "number": self.number,
            "client": self.client,
            "since": self.since,
            "state": self._state,
            "fields": self._fields,
            "tail": list(self._tail),
        }
        more = {"until": self._until, "wrong": self._wrong, "waits": self._waits}
        return json.dumps(row | {key: value for key, value in more.items() if value})

    def lines_after(self, change: int) -> tuple[list[str], int]:
        """Its lines after that change, and how many of these have fallen off already (at the least)."""
        if change < self._lost:
            return [text for _, text in self._lines], self._told if change == 0 else 1
        return [text for number, text in self._lines if number > change], 0


def _shortened(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
