"""What the board remembers: the servers, their last connections, the room's last messages, and what went wrong.

Everything has a bound. Each change has a number; a page knows up to which number it is told, and asks for what came
after. So a slow page costs nothing: it skips what has been overtaken, and a late one simply begins at zero.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from conformance.agent.events import SERVER, Event
from conformance.board.connection import Connection
from conformance.board.counting import Counter
from conformance.board.problems import Troubles
from conformance.model import Protocol

__all__ = ["CONNECTIONS", "HELD_LIMIT", "MESSAGES", "History"]

CONNECTIONS = 200
"""How many connections of a server are remembered."""
HELD_LIMIT = 64 << 20
"""How many bytes all that is remembered of connections may take, roughly; the oldest that are over go first."""
MESSAGES = 200
"""How many messages of a room are remembered."""
_GONE = 5000  # connections whose falling off is remembered; a page that knows less begins anew


class _Server:
    """What is known of a server: nothing of it comes from asking it."""

    def __init__(self, number: int, name: str, protocol: Protocol, port: int, to: str) -> None:
        self.number = number
        self.facts = {"name": name, "protocol": protocol.protocol, "port": port, "to": to}
        self.counter = Counter(protocol)
        self.broadcast = protocol.broadcast
        self.state: dict[str, Any] = {"state": "quiet"}
        self.came = 0
        self.open: dict[int, int] = {}  # connections that are not over, and how many of their sides have ended
        self.connections: dict[int, Connection] = {}
        self.posting: dict[int, dict[str, str]] = {}  # by connection, what has come of its next message
        self.messages: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MESSAGES)

    def event(self, event: Event) -> None:
        """What it shows of the server, and of how many are connected."""
        number = event.connection
        if event.kind == "refused":
            self._is_now("refused", event.at, event.detail)
        elif event.kind == "sent" or event.sender == SERVER:
            self._is_now("reached", event.at)
        if event.kind == "opened":
            self.came += 1
            self.open[number] = 0
        elif event.kind == "end" and number in self.open:
            self.open[number] += 1
        if event.kind in ("reset", "refused") or self.open.get(number) == 2:
            self.open.pop(number, None)

    def _is_now(self, state: str, since: float, why: str = "") -> None:
        """Something showed whether it can be reached."""
        if (self.state["state"], self.state.get("why", "")) != (state, why):
            self.state = {"state": state, "since": since, **({"why": why} if why else {})}

    def to_json(self, now: float) -> dict[str, Any]:
        """As the page has it."""
        count = {"came": self.came, "open": len(self.open), **self.counter.to_json(now)}
        return {**self.facts, **self.state, **count, "room": bool(self.broadcast)}


class History:
    """The memory of a board; taps fill it from their threads, and pages are told from it."""

    def __init__(self) -> None:
        self.change = 0
        self._servers: list[_Server] = []
        self._troubles = Troubles()
        self._held = 0
        self._gone: deque[tuple[int, str]] = deque(maxlen=_GONE)
        self._forgotten = 0  # the change up to which it is no longer known what has fallen off
        self._lock = threading.Lock()

    def add_server(self, name: str, protocol: Protocol, port: int, to: str) -> int:
        """One more server; returns its number."""
        self._servers.append(_Server(len(self._servers), name, protocol, port, to))
        return len(self._servers) - 1

    def event(self, number: int, event: Event) -> None:
        """What the tap of that server saw; its time is that since 1970."""
        server = self._servers[number]
        with self._lock:
            self.change += 1
            server.event(event)
            if event.kind == "opened":
                server.connections[event.connection] = Connection(number, event.connection, event.detail, event.at)
            connection = server.connections.get(event.connection)
            if connection is not None:
                self._held += connection.event(event, self.change)
            self._make_room(server)

    def line(self, number: int, began: float, text: str) -> None:
        """A line of JSON about that server, as `tap --json` tells it; `began` is from when it counts its times."""
        entry: dict[str, Any] = json.loads(text)
        if "connection" not in entry:
            return
        entry["at"] = began + entry["at"]
        del entry["time"]
        if entry["event"] == "field" and not isinstance(entry["value"], str):
            # A page has no integers above 2**53, and no 1.0: there, every value is text.
            entry["value"] = str(entry["value"])
        server = self._servers[number]
        with self._lock:
            self.change += 1
            # What was read may come after its connection has fallen off: it counts all the same.
            if entry["event"] == "field":
                server.counter.field(entry)
                self._message(server, entry)
            elif entry["event"] in ("end", "reset", "refused"):
                server.posting.pop(entry["connection"], None)
            connection = server.connections.get(entry["connection"])
            if connection is not None:
                self._held += connection.line(entry, self.change)
            self._troubles.line(number, entry, self.change, named=connection is not None and connection.named)
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
            if self._troubles.change > since or anew:
                told["troubles"] = self._troubles.to_json()
            connections = ",".join(
                connection.summary()
                for server in self._servers
                for connection in server.connections.values()
                if connection.change > since
            )
            return self.change, f'{json.dumps(told)[:-1]}, "connections": [{connections}]}}'

    def lines(self, number: int, connection: int, since: int) -> tuple[int, str] | None:
        """The lines of one connection after that change, as JSON; None where it is not remembered."""
        with self._lock:
            found = self._find(number, connection)
            if found is None:
                return None
            lines, left_out = found.lines_after(since)
            return (
                self.change,
                f'{{"anew": {json.dumps(since == 0)}, "left_out": {left_out}, "lines": [{",".join(lines)}], '
                f'"connection": {found.summary()}}}',
            )

    def recorded(self, number: int, connection: int) -> list[Event] | None:
        """The events of one connection, with times since 1970; None where it is not remembered."""
        with self._lock:
            found = self._find(number, connection)
            return None if found is None else found.recording.events()

    def _find(self, number: int, connection: int) -> Connection | None:
        return self._servers[number].connections.get(connection) if 0 <= number < len(self._servers) else None

    def _message(self, server: _Server, entry: dict[str, Any]) -> None:
        """A message stands in the room once its poster has sent all of it."""
        if entry["sender"] == SERVER or entry["field"] not in server.broadcast:
            return
        parts = server.posting.setdefault(entry["connection"], {})
        parts[entry["field"]] = entry["value"]
        if entry["field"] == server.broadcast[-1]:
            author, *texts = (parts.get(name, "") for name in server.broadcast)
            parts.clear()
            message = {
                "server": server.number,
                "connection": entry["connection"],
                "at": entry["at"],
                "author": author,
                "text": "\n".join(texts),
            }
            server.messages.append((self.change, message))

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
