"""What the board remembers: the servers, their last connections, the last messages of a chat, and what went wrong.

Everything has a bound. Each change has a number; a page knows up to which number it was told, and asks for what came
after. A slow page costs nothing: it skips what newer changes have replaced. A new one starts at zero.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.problem import Problem
from conformance.board.connection import Connection
from conformance.board.page_json import cut, diagnosis_json, problem_json, reason_json, with_short_texts
from conformance.decoder import Field
from conformance.model import Protocol
from conformance.observe.live_events import Closed, Diagnosed, FieldRead, LiveEvent, ProblemFound, Stalled

__all__ = ["CONNECTIONS", "HELD_LIMIT", "MESSAGES", "PROBLEMS", "SECONDS", "History"]

CONNECTIONS = 200
"""How many connections of a server are remembered."""
HELD_LIMIT = 64 << 20
"""How many bytes of memory all connections may take, roughly; the oldest that are over go first."""
MESSAGES = 200
"""How many messages of a chat are remembered."""
PROBLEMS = 20
"""How many diagnoses, and how many problems without one, are remembered."""
SECONDS = 60
"""How many seconds back the page shows how much was done in each."""
_GONE = 5000  # forgotten connections whose names are kept; a page that knows less starts again
_MEAN_SECONDS = 5  # over which the rate is taken
_NAMED = 5  # connections, the last ones, named in a problem that several have


class _Counter:
    """Counts what a protocol is there for: messages that clients post, or the server's answers."""

    def __init__(self, protocol: Protocol) -> None:
        answers = [step for step in protocol.fields if step.sender == SERVER]
        computed = [step.field for step in answers if step.equals is not None]
        if protocol.broadcast:
            self._what, self._side, self._name = "messages", CLIENT, protocol.broadcast[-1]
        else:
            self._what = "sums" if computed == ["sum"] else "answers"
            self._side, self._name = SERVER, (computed or [step.field for step in answers] or [""])[-1]
        self._total = 0
        self._by_second: dict[int, int] = {}

    def add(self, field: Field, at: float) -> None:
        """A field has passed."""
        if field.name == self._name and field.side == self._side:
            self._total += 1
            second = int(at)
            self._by_second[second] = self._by_second.get(second, 0) + 1
            if len(self._by_second) > 2 * SECONDS:
                self._by_second = {key: count for key, count in self._by_second.items() if key > second - SECONDS}

    def to_json(self, now: float) -> dict[str, Any]:
        """How many there were, in each of the last seconds too, and how many a second just now."""
        second = int(now)
        by_second = [self._by_second.get(key, 0) for key in range(second - SECONDS, second)]
        rate = sum(by_second[-_MEAN_SECONDS:]) / _MEAN_SECONDS
        return {"what": self._what, "total": self._total, "rate": rate, "seconds": by_second}


class _Server:
    """What is known of a server. Nothing of it comes from asking it."""

    def __init__(self, number: int, name: str, protocol: Protocol, port: int, to: str, began: float) -> None:
        self.number = number
        self.began = began
        self.counter = _Counter(protocol)
        self.broadcast = protocol.broadcast
        self.connections: dict[int, Connection] = {}
        self.posted: dict[int, dict[str, str]] = {}  # by connection, what has come of its next message
        self.messages: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MESSAGES)
        self._facts = {"name": name, "protocol": protocol.protocol, "port": port, "to": to}
        self._state: dict[str, Any] = {"state": "quiet"}
        self._reason = ""  # why it is in this state
        self._came = 0
        self._open: dict[int, int] = {}  # connections that are not over, and how many of their sides have ended

    def add_event(self, event: Event) -> None:
        """What it shows of the server, and of how many are connected."""
        number = event.connection
        if event.kind == "refused":
            self._is_now("refused", event.at, event.detail)
        elif event.kind == "sent" or event.sender == SERVER:
            self._is_now("reached", event.at)
        if event.kind == "opened":
            self._came += 1
            self._open[number] = 0
        elif event.kind == "end" and number in self._open:
            self._open[number] += 1
        if event.kind in ("reset", "refused") or self._open.get(number) == 2:
            self._open.pop(number, None)

    def add(self, event: LiveEvent, change: int) -> None:
        """Counts, and puts messages together."""
        if type(event) is FieldRead:
            self.counter.add(event.field, self.began + event.at)
            if event.field.side == CLIENT and event.field.name in self.broadcast:
                self._post(event.connection, event.field, event.at, change)
        elif isinstance(event, Closed) and (event.how == "reset" or event.side == CLIENT):
            self.posted.pop(event.connection, None)

    def to_json(self, now: float) -> dict[str, Any]:
        """As the page has it."""
        count = {"came": self._came, "open": len(self._open), **self.counter.to_json(now)}
        return {**self._facts, **self._state, **count, "chat": bool(self.broadcast)}

    def _post(self, connection: int, field: Field, at: float, change: int) -> None:
        """A message is shown once its poster has sent all of it."""
        parts = self.posted.setdefault(connection, {})
        parts[field.name] = cut(str(field.value))
        if field.name == self.broadcast[-1]:
            author, *texts = (parts.get(name, "") for name in self.broadcast)
            parts.clear()
            message = {"server": self.number, "connection": connection, "at": self.began + at, "author": author}
            self.messages.append((change, message | {"text": "\n".join(texts)}))

    def _is_now(self, state: str, at: float, reason: str = "") -> None:
        """Something showed whether it can be reached."""
        if (self._state["state"], self._reason) != (state, reason):
            self._state, self._reason = {"state": state, "since": self.began + at}, reason
            if reason:
                self._state["reason"] = reason_json(reason)


@dataclass
class _Entry:
    """A problem, or a diagnosis, and where it showed: `connections` are the last ones, `times` how often it came."""

    id: str
    server: int
    event: str
    what: Problem | Diagnosed
    change: int = 0
    at: float = 0.0
    times: int = 0
    connections: list[int] = field(default_factory=list)
    text: str = ""  # its JSON, once a page has asked for it

    def to_json(self) -> str:
        if not self.text:
            told = problem_json(self.what) if isinstance(self.what, Problem) else diagnosis_json(self.what)
            own = {"id": self.id, "server": self.server, "event": self.event, "at": self.at, "times": self.times}
            self.text = json.dumps(told | own | {"connections": self.connections})
        return self.text


class _Problems:
    """The last things that went wrong: each diagnosis once for all connections, other problems once a connection."""

    def __init__(self) -> None:
        self.change = 0
        self._diagnoses: dict[str, _Entry] = {}
        self._others: dict[str, _Entry] = {}

    def add(self, server: _Server, event: LiveEvent, change: int, *, diagnosed: bool) -> None:
        """Takes in what is wrong; `diagnosed` where that connection has a diagnosis already."""
        name = f"{server.number}/{event.connection}"
        if isinstance(event, Diagnosed):
            self._others.pop(name, None)  # the diagnosis explains it
            finding = event.finding
            key = f"{server.number}/{finding.key}/{finding.side}"
            self._note(self._diagnoses, _Entry(key, server.number, "diagnosis", event), server, event, change)
        elif not diagnosed:
            if type(event) is FieldRead and event.field.problem is not None:
                problem = event.field.problem
            elif isinstance(event, ProblemFound | Stalled):
                problem = event.problem
            else:
                return
            what = "stalled" if isinstance(event, Stalled) else "problem"
            entry = _Entry(name, server.number, what, with_short_texts(problem))
            self._note(self._others, entry, server, event, change)

    def told_after(self, change: int) -> str:
        """All by their ids, the latest first, and those that are new after that change."""
        entries = sorted([*self._diagnoses.values(), *self._others.values()], key=lambda entry: -entry.at)
        fresh = ", ".join(entry.to_json() for entry in entries if entry.change > change)
        return f'{{"ids": {json.dumps([entry.id for entry in entries])}, "changed": [{fresh}]}}'

    def _note(self, known: dict[str, _Entry], entry: _Entry, server: _Server, event: LiveEvent, change: int) -> None:
        before = known.pop(entry.id, None)
        if before is not None:
            entry.times, entry.connections = before.times, before.connections
            if before.event == "problem":  # the first explains the others
                entry.event, entry.what = before.event, before.what
        entry.times += 1
        entry.connections = [*(number for number in entry.connections if number != event.connection), event.connection]
        del entry.connections[:-_NAMED]
        entry.change, entry.at = change, server.began + event.at
        known[entry.id] = entry
        if len(known) > PROBLEMS:
            del known[next(iter(known))]
        self.change = change


class History:
    """The memory of a board; taps fill it from their threads, and pages are told from it."""

    def __init__(self) -> None:
        self.change = 0
        self._servers: list[_Server] = []
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
        server = self._servers[number]
        with self._lock:
            self.change += 1
            server.add_event(event)
            if event.kind == "opened":
                connection = server.connections[event.connection] = Connection(number, event, server.began)
                self._held += connection.size
            if (found := server.connections.get(event.connection)) is not None:
                before = found.size
                found.add_event(event, self.change)
                self._held += found.size - before
            self._make_room(server)

    def add(self, number: int, event: LiveEvent) -> None:
        """What was read of it. It may come after its connection was forgotten, and counts all the same."""
        server = self._servers[number]
        with self._lock:
            self.change += 1
            server.add(event, self.change)
            found = server.connections.get(event.connection)
            if found is not None:
                before = found.size
                found.add(event, self.change)
                self._held += found.size - before
            if type(event) is not FieldRead or event.field.problem is not None:
                self._problems.add(server, event, self.change, diagnosed=found is not None and found.diagnosed)
            self._make_room(server)

    def changes(self, since: int, now: float) -> tuple[int, str]:
        """All that has come after that change, as JSON, and the change that it goes up to."""
        with self._lock:
            anew = since < self._forgotten or since == 0
            since = 0 if anew else since
            told: dict[str, Any] = {
                "anew": anew,
                "now": now,
                "servers": [server.to_json(now) for server in self._servers],
                "gone": [] if anew else [key for change, key in self._gone if change > since],
                "messages": [
                    message for server in self._servers for change, message in server.messages if change > since
                ],
            }
            parts = [json.dumps(told)[:-1]]
            if self._problems.change > since or anew:
                parts.append(f'"problems": {self._problems.told_after(since)}')
            rows = ",".join(
                connection.row()
                for server in self._servers
                for connection in server.connections.values()
                if connection.change > since
            )
            return self.change, ", ".join([*parts, f'"connections": [{rows}]}}'])

    def lines(self, number: int, connection: int, since: int) -> tuple[int, str] | None:
        """The lines of one connection after that change, as JSON; None where it is not remembered."""
        with self._lock:
            found = self._find(number, connection)
            if found is None:
                return None
            before = found.size
            lines, left_out = found.lines_after(since)
            self._held += found.size - before
            return (
                self.change,
                f'{{"anew": {json.dumps(since == 0)}, "left_out": {left_out}, "lines": [{",".join(lines)}], '
                f'"connection": {found.row()}}}',
            )

    def recorded(self, number: int, connection: int) -> list[Event] | None:
        """The events of one connection, with times from `began` on; None where it is not remembered."""
        with self._lock:
            found = self._find(number, connection)
            return None if found is None else found.kept.events()

    def _find(self, number: int, connection: int) -> Connection | None:
        return self._servers[number].connections.get(connection) if 0 <= number < len(self._servers) else None

    def _make_room(self, server: _Server) -> None:
        while len(server.connections) > CONNECTIONS:
            self._forget(next(_oldest([server])))
        while self._held > HELD_LIMIT and (connection := next(_oldest(self._servers), None)) is not None:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        del self._servers[connection.server].connections[connection.number]
        self._held -= connection.size
        if len(self._gone) == _GONE:
            self._forgotten = self._gone[0][0]
        self._gone.append((self.change, connection.key))


def _oldest(servers: list[_Server]) -> Iterator[Connection]:
    """Those that are over, then all, each time the oldest first."""
    everything = [connection for server in servers for connection in server.connections.values()]
    return iter(sorted(everything, key=lambda connection: (not connection.over, connection.since)))
