"""The board: a tap in front of each server, and one history of what all of them see."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Field, PlainValidator

from conformance.agent.events import Event
from conformance.agent.tap.conditions import Conditions
from conformance.board.history import History
from conformance.formatting import catalogue
from conformance.model import Protocol
from conformance.model.lookup import UsageError, find_protocol
from conformance.model.yaml_file import Model, load
from conformance.observe.live_conversation import Viewer
from conformance.observe.pcapng import PcapngSaver
from conformance.observe.places import Place, listen_place, place
from conformance.observe.saved import About, JsonSaver
from conformance.observe.tap_session import RelayProcess, Saver, TapSession

__all__ = ["Board", "Tell", "Watch", "WatchedServer", "read_servers", "server_words"]

_LOOK_SECONDS = 0.2
_CLOSING_SECONDS = 1.0
# How many seconds after the end of a relay another one is started; a relay that lived longer begins with the shortest.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0

Tell: TypeAlias = Callable[[str, Mapping[str, Any]], None]
"""Is told what became of a relay: `ended`, `back`, or `not-back`, each with the values of its sentence."""


@dataclass(frozen=True)
class WatchedServer:
    """A server: clients find it where the tap listens, and the tap finds it at `to`."""

    name: str
    protocol: Protocol
    listen: Place
    to: Place

    @classmethod
    def of(cls, name: str, protocol: str, listen: Place, to: Place) -> WatchedServer:
        """With the protocol of that name, and its port where `to` has none; UsageError where there is none."""
        found = find_protocol(protocol)
        where = Place(to.host, to.port or found.port)
        return cls(name or str(where), found, listen, where)


def server_words(words: str) -> WatchedServer:
    """`addition:9000:localhost:8999`, with `alice=` before it where the server is to have a name; else UsageError."""
    name, equals, rest = words.rpartition("=")
    parts = rest.split(":", 2)
    if len(parts) < 3 or not all(parts) or (equals and not name):
        raise UsageError("cli.usage.server", text=words)
    protocol, port, to = parts
    return WatchedServer.of(name, protocol, listen_place(port), place(to))


def _parsed_by(parse: Callable[[str], Place]) -> PlainValidator:
    def parsed(value: object) -> Place:
        try:
            return parse(str(value))
        except UsageError as error:  # what is wrong in a file is said in English
            raise ValueError(catalogue("en").text(error.name, error.values)) from error

    return PlainValidator(parsed)


class _Entry(Model):
    protocol: str
    listen: Annotated[Place, _parsed_by(listen_place)]
    to: Annotated[Place, _parsed_by(place)]


class _File(Model):
    servers: dict[str, _Entry] = Field(min_length=1)


def read_servers(path: Path) -> list[WatchedServer]:
    """The servers of a YAML file. YamlError, or UsageError where there is no such protocol."""
    servers = load(_File, path).servers
    return [WatchedServer.of(name, entry.protocol, entry.listen, entry.to) for name, entry in servers.items()]


class Board:
    """Its taps listen, and pass on what comes, at once; what they see is read from `begin` on.

    A relay that ends by itself ends the connections that it carried, and nothing else: another takes its place, at
    once, and later and later where that does not last.
    """

    def __init__(self, servers: Sequence[WatchedServer]) -> None:
        """`UsageError` where a tap cannot listen."""
        self.history = History()
        self.watches: list[Watch] = []
        self._closing = threading.Event()
        self._looking: threading.Thread | None = None
        try:
            for server in servers:
                self.watches.append(Watch(server, self.history))
        except BaseException:
            self.close()
            raise

    def begin(self, told: Tell) -> None:
        """Reads what the taps see, in threads of its own; one of them tells when a relay ends, and is back."""
        for watch in self.watches:
            watch.begin()
        self._looking = threading.Thread(target=self._look, args=(told,), daemon=True)
        self._looking.start()

    def close(self) -> None:
        """Ends the relays, and the connections that they carry."""
        self._closing.set()
        if self._looking is not None:
            self._looking.join()
        for watch in self.watches:
            watch.relay.end()
        for watch in self.watches:
            # Nobody will look at what is left; and who was stopped (SIGSTOP) does not end.
            if watch.session is not None and not watch.session.done.wait(_CLOSING_SECONDS):
                watch.relay.kill()
                watch.session.done.wait(_CLOSING_SECONDS)
            watch.relay.wait()

    def _look(self, told: Tell) -> None:
        while not self._closing.wait(_LOOK_SECONDS):
            for watch in self.watches:
                watch.look(told)


class Watch:
    """The tap in front of one server: it listens at once, and fills the history from `begin` on."""

    def __init__(self, server: WatchedServer, history: History) -> None:
        """`UsageError` where it cannot listen."""
        self.server = server
        self.session: TapSession | None = None
        self.relay = relay = RelayProcess(server.listen, server.to, Conditions())
        self._history = history
        self._number = history.add_server(server.name, server.protocol, relay.port, str(server.to), relay.began)
        self._last = 0  # the highest number of a connection
        self._since = time.monotonic()
        self._pause = _SHORTEST_PAUSE
        self._again: float | None = None  # when another relay is to be started

    def begin(self) -> None:
        viewer = Viewer(self.server.protocol, partial(self._history.add, self._number))
        self.session = TapSession(self.relay, viewer, [_EventsOf(self._add)])

    def look(self, told: Tell) -> None:
        """Says who keeps whom waiting; and sees to it that there is a relay."""
        assert self.session is not None
        now = time.monotonic()
        if not self.session.done.is_set():
            self.session.look()
        elif self._again is None:
            self._pause = _SHORTEST_PAUSE if now - self._since > _LONGEST_PAUSE else self._pause
            self._again = now + self._pause
            self.relay.end()
            self.relay.wait()
            self._history.lose(self._number, time.time())
            told("ended", {"name": self.server.name, "port": self.relay.port, "seconds": self._pause})
        elif now >= self._again:
            self._start_again(now, told)

    def _start_again(self, now: float, told: Tell) -> None:
        listen, to = Place(self.server.listen.host, self.relay.port), self.server.to
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        try:
            self.relay = RelayProcess(listen, to, Conditions(), began=self.relay.began, before=self._last)
        except UsageError as error:
            self._again = now + self._pause
            told("not-back", {"name": self.server.name, "seconds": self._pause, "reason": error})
            return
        self._again, self._since = None, now
        self._history.restore(self._number, time.time())
        self.begin()
        told("back", {"name": self.server.name, "port": self.relay.port})

    def _add(self, event: Event) -> None:
        self._last = max(self._last, event.connection)
        self._history.add_event(self._number, event)

    def saved(self, suffix: str, events: Iterable[Event]) -> bytes:
        """A file with these events: a `json` for `decode`, or a `pcapng` for Wireshark."""
        file = _Memory()
        about = About(self.server.protocol, str(self.server.to), "direct", self.relay.began)
        saver: Saver = JsonSaver(file, about) if suffix == "json" else PcapngSaver(file, about)
        for event in events:
            saver.add(event)
        saver.close()
        return file.getvalue()


@dataclass
class _EventsOf:
    """Keeps the events of a tap in the history, as `tap --save` does in a file."""

    add: Callable[[Event], None]

    def flush(self) -> None: ...

    def close(self) -> None: ...


class _Memory(io.BytesIO):
    """A file whose content outlives its closing."""

    def close(self) -> None: ...
