"""What the board remembers: the servers, their last connections, the last messages of a chat, and what went wrong.

Everything has a bound. Each change has a number; a page asks for what came after the last one that it knows, at first
after zero. A slow page costs nothing: it skips what newer changes have replaced.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.problem import Problem
from conformance.board.connection import Connection
from conformance.board.page_json import cut, problem_json, reason_json
from conformance.decoder import Field
from conformance.model import Protocol
from conformance.observe.live_events import Closed, Diagnosed, FieldRead, LiveEvent, ProblemFound, Stalled

__all__ = ["CONNECTIONS", "HELD_LIMIT", "MESSAGES", "PROBLEMS", "SECONDS", "History"]

CONNECTIONS = 200  # of a server that are remembered
HELD_LIMIT = 64 << 20  # bytes of memory that all connections may take, roughly; the oldest that are over go first
MESSAGES = 200  # of a chat that are remembered
PROBLEMS = 20  # diagnoses that are remembered, and as many problems without one
SECONDS = 60  # back that the page shows how much was done in each
_GONE = 5000  # forgotten connections whose names are kept; a page that knows less starts again
_MEAN_SECONDS = 5  # over which the rate is taken
_NAMED = 5  # connections, the last ones, named in a problem that several have


class _Server:
    """What is known of a server without asking it; with a count of the messages of clients, or of its answers."""

    def __init__(self, number: int, name: str, protocol: Protocol, port: int, to: str, began: float) -> None:
        self.number = number
        self.began = began
        self.messages: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MESSAGES)
        answers = [step for step in protocol.fields if step.sender == SERVER]
        computed = [step.field for step in answers if step.equals is not None]
        self._counted = (SERVER, (computed or [step.field for step in answers] or [""])[-1])
        what = "sums" if computed == ["sum"] else "answers"
        if protocol.broadcast:
            what, self._counted = "messages", (CLIENT, protocol.broadcast[-1])
        self._broadcast = protocol.broadcast
        self._posted: dict[int, dict[str, str]] = {}  # by connection, what has come of its next message
        facts = {"name": name, "protocol": protocol.protocol, "port": port, "to": to, "chat": bool(protocol.broadcast)}
        self._facts: dict[str, Any] = facts | {"what": what, "total": 0, "came": 0, "missed": 0}
        self._by_second: Counter[int] = Counter()
        self._state: dict[str, Any] = {"state": "quiet"}
        self._open: dict[int, int] = {}  # connections that are not over, and how many of their sides have ended

    def add_event(self, event: Event) -> None:
        """What it shows of the server, and of how many are connected."""
        number = event.connection
        if event.kind == "refused":
            self._is_now(event.at, state="refused", reason=event.detail and reason_json(event.detail))
        elif event.kind == "sent" or event.sender == SERVER:
            self._is_now(event.at, state="reached")
        if event.kind == "opened":
            self._facts["came"] += 1
            self._open[number] = 0
        elif event.kind == "missed":
            self._facts["missed"] += event.size
        elif event.kind == "end" and number in self._open:
            self._open[number] += 1
        if event.kind in ("reset", "refused", "cut") or self._open.get(number) == 2:
            self._open.pop(number, None)

    def add(self, event: LiveEvent, change: int) -> None:
        """Counts, and puts messages together."""
        if type(event) is FieldRead:
            field, at = event.field, self.began + event.at
            if (field.side, field.name) == self._counted:
                self._facts["total"] += 1
                self._by_second[int(at)] += 1
                if len(self._by_second) > 2 * SECONDS:
                    last = range(int(at) - SECONDS, int(at) + 1)
                    self._by_second = Counter({second: self._by_second[second] for second in last})
            if field.side == CLIENT and field.name in self._broadcast:
                self._post(event.connection, field, at, change)
        elif isinstance(event, Closed) and (event.how == "reset" or event.side == CLIENT):
            self._posted.pop(event.connection, None)

    def lose(self, now: float) -> None:
        """Its relay has ended: nobody is connected any more."""
        self._open.clear()
        self._posted.clear()
        self._is_now(now - self.began, state="lost")

    def restore(self, now: float) -> None:
        """It has a relay again; whether it can be reached, a client will show."""
        self._is_now(now - self.began, state="quiet")

    def to_json(self, now: float) -> dict[str, Any]:
        """As the page has it: how much there was in each of the last seconds too, and how much a second just now."""
        by_second = [self._by_second[second] for second in range(int(now) - SECONDS, int(now))]
        rate = sum(by_second[-_MEAN_SECONDS:]) / _MEAN_SECONDS
        return {**self._facts, **self._state, "open": len(self._open), "rate": rate, "seconds": by_second}

    def _post(self, connection: int, field: Field, at: float, change: int) -> None:
        """A message is shown once its poster has sent all of it."""
        parts = self._posted.setdefault(connection, {})
        parts[field.name] = cut(str(field.value))
        if field.name == self._broadcast[-1]:
            author, *texts = (parts.get(name, "") for name in self._broadcast)
            parts.clear()
            message = {"server": self.number, "connection": connection, "at": at, "author": author}
            self.messages.append((change, message | {"text": "\n".join(texts)}))

    def _is_now(self, at: float, **state: Any) -> None:
        """Something showed whether it can be reached."""
        if not state.items() <= self._state.items():
            self._state = state | {"since": self.began + at}


@dataclass
class _Entry:
    """A problem, or a diagnosis, and where it showed: `connections` are the last ones, `times` how often it came."""

    id: str
    server: int
    event: str
    what: Problem | Diagnosed
    change: int
    at: float
    times: int
    connections: list[int]

    @cached_property
    def text(self) -> str:
        """Its JSON, made once a page asks for it."""
        own = {name: getattr(self, name) for name in ("id", "server", "event", "at", "times", "connections")}
        return json.dumps(problem_json(self.what) | own)


class _Problems:
    """The last things that went wrong: each diagnosis once for all connections, other problems once a connection."""

    def __init__(self) -> None:
        self._diagnoses: dict[str, _Entry] = {}
        self._others: dict[str, _Entry] = {}

    def add(self, server: _Server, event: LiveEvent, change: int, *, diagnosed: bool) -> None:
        """Takes in what is wrong; `diagnosed` where that connection has a diagnosis already."""
        known, name, kind = self._others, f"{server.number}/{event.connection}", "problem"
        what: Problem | Diagnosed
        match event:
            case Diagnosed(finding=finding):
                known.pop(name, None)  # the diagnosis explains it
                known, name, kind = self._diagnoses, f"{server.number}/{finding.key}/{finding.side}", "diagnosis"
                what = event
            case FieldRead(field=Field(problem=Problem() as what)) | ProblemFound(problem=what) if not diagnosed:
                pass
            case Stalled(problem=what) if not diagnosed:
                kind = "stalled"
            case _:
                return
        times, connections = 1, [event.connection]
        if before := known.pop(name, None):
            times += before.times
            connections = [number for number in before.connections if number != event.connection] + connections
            if before.event == "problem":  # the first explains the others
                kind, what = before.event, before.what
        at = server.began + event.at
        known[name] = _Entry(name, server.number, kind, what, change, at, times, connections[-_NAMED:])
        if len(known) > PROBLEMS:
            del known[next(iter(known))]

    def told_after(self, change: int) -> str:
        """The member `problems`, as JSON: the ids of all, the latest first, and what is new; empty where nothing is."""
        entries = sorted([*self._diagnoses.values(), *self._others.values()], key=lambda entry: -entry.at)
        fresh = ", ".join(entry.text for entry in entries if entry.change > change)
        if change and not fresh:
            return ""
        return f'"problems": {{"ids": {json.dumps([entry.id for entry in entries])}, "changed": [{fresh}]}}, '


class History:
    """The memory of a board; taps fill it from their threads, and pages are told from it."""

    def __init__(self) -> None:
        self.change = 0
        self._servers: list[_Server] = []
        self._connections: dict[tuple[int, int], Connection] = {}  # by server and number
        self._problems = _Problems()
        self._held = 0
        self._gone: deque[tuple[int, str]] = deque(maxlen=_GONE)
        self._forgotten = 0  # the change up to which it is not known any more what was forgotten
        self._lock = threading.Lock()

    def add_server(self, name: str, protocol: Protocol, port: int, to: str, began: float) -> int:
        """One more server; returns its number. The times of its events count from `began`, in seconds since 1970."""
        self._servers.append(_Server(len(self._servers), name, protocol, port, to, began))
        return len(self._servers) - 1

    def add_event(self, number: int, event: Event) -> None:
        """What the tap of that server saw."""
        server, key = self._servers[number], (number, event.connection)
        with self._lock:
            self.change += 1
            server.add_event(event)
            if event.kind == "opened":
                self._connections[key] = Connection(number, event, server.began)
            if found := self._connections.get(key):
                found.add_event(event, self.change)
                self._make_room(found)
            if event.kind == "opened":
                mine = [each for each in self._connections.values() if each.server == number]
                if len(mine) > CONNECTIONS:
                    self._forget(mine)

    def add(self, number: int, event: LiveEvent) -> None:
        """What was read of it. It may come after its connection was forgotten, and counts all the same."""
        server = self._servers[number]
        with self._lock:
            self.change += 1
            server.add(event, self.change)
            if found := self._connections.get((number, event.connection)):
                found.add(event, self.change)
                self._make_room(found)
            if type(event) is not FieldRead or event.field.problem is not None:
                self._problems.add(server, event, self.change, diagnosed=found is not None and found.diagnosed)

    def changes(self, since: int, now: float) -> tuple[int, str]:
        """All that has come after that change, as JSON, and the change that it goes up to."""
        with self._lock:
            anew = since < self._forgotten or since == 0
            since = 0 if anew else since
            messages = [message for server in self._servers for change, message in server.messages if change > since]
            gone = [] if anew else [key for change, key in self._gone if change > since]
            servers = [server.to_json(now) for server in self._servers]
            told = json.dumps({"anew": anew, "now": now, "servers": servers, "gone": gone, "messages": messages})
            rows = ", ".join(each.row() for each in self._connections.values() if each.change > since)
            return self.change, f'{told[:-1]}, {self._problems.told_after(since)}"connections": [{rows}]}}'

    def lines(self, number: int, connection: int, since: int) -> tuple[int, str] | None:
        """The lines of one connection after that change, as JSON; None where it is not remembered."""
        with self._lock:
            if (found := self._connections.get((number, connection))) is None:
                return None
            lines, left_out = found.lines_after(since)
            told = json.dumps({"anew": since == 0, "left_out": left_out})
            return self.change, f'{told[:-1]}, "lines": [{", ".join(lines)}], "connection": {found.row()}}}'

    def lose(self, number: int, now: float) -> None:
        """The relay of that server has ended, and with it all connections that it carried."""
        server = self._servers[number]
        with self._lock:
            self.change += 1
            server.lose(now)
            for found in self._connections.values():
                if found.server == number and not found.over:
                    found.lose(now, self.change)

    def restore(self, number: int, now: float) -> None:
        """That server has a relay again."""
        with self._lock:
            self.change += 1
            self._servers[number].restore(now)

    def recorded(self, number: int, connection: int) -> list[Event] | None:
        """The events of one connection, with times from `began` on; None where it is not remembered."""
        with self._lock:
            found = self._connections.get((number, connection))
            return None if found is None else found.kept.events()

    def _make_room(self, changed: Connection) -> None:
        self._held += changed.size - changed.counted
        changed.counted = changed.size
        while self._held > HELD_LIMIT and self._connections:
            self._forget(self._connections.values())

    def _forget(self, some: Iterable[Connection]) -> None:
        """Forgets the oldest of them that is over, or else the oldest."""
        oldest = min(some, key=lambda connection: (not connection.over, connection.since))
        del self._connections[oldest.server, oldest.number]
        self._held -= oldest.size
        if len(self._gone) == _GONE:
            self._forgotten = self._gone[0][0]
        self._gone.append((self.change, oldest.key))
