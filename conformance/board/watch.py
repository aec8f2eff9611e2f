"""A tap in front of one server: the relay and the reading of the `tap` command, told to a history."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable

from conformance.agent.events import Event
from conformance.agent.tap.conditions import Conditions
from conformance.board.history import History
from conformance.board.servers import WatchedServer
from conformance.observe.formatting import JsonTeller, Totals
from conformance.observe.pcapng import PcapngSaver
from conformance.observe.relay_process import RelayProcess
from conformance.observe.saved import About, JsonSaver
from conformance.observe.tap_session import Saver, TapSession
from conformance.observe.viewer import STALL_SECONDS, Viewer

__all__ = ["Watch"]

_CLOSING_SECONDS = 1.0


class Watch:
    """Begins at once to listen, on `port`; `UsageError` where that cannot be."""

    def __init__(self, server: WatchedServer, history: History) -> None:
        assert server.listen.port is not None
        assert server.to.port is not None
        self.server = server
        self._relay = RelayProcess()
        listen, to = (server.listen.host, server.listen.port), (server.to.host, server.to.port)
        self.port, self._began = self._relay.open(listen, to, Conditions())
        self._opened = time.monotonic()
        number = history.add_server(server.name, server.protocol, self.port, str(server.to))
        self._noting = _Noting(history, number, self._began)
        self._viewer = Viewer(server.protocol, JsonTeller(self._began), self._noting)
        self._session: TapSession | None = None

    def begin(self) -> None:
        """Begins to read what the relay tells."""
        self._session = TapSession(self._relay, self._viewer, [self._noting])

    @property
    def totals(self) -> Totals:
        """What has passed so far."""
        return self._viewer.totals

    @property
    def ended(self) -> bool:
        """Whether the relay has ended, and with it what it carried."""
        return self._session is not None and self._session.done.is_set()

    def look(self) -> None:
        """Tells who keeps whom waiting, and which mistakes can be named by now."""
        if self._session is not None:
            self._session.look(time.monotonic() - self._opened, STALL_SECONDS)

    def end(self) -> None:
        """Has the relay end, and what it carries with it."""
        self._relay.end()

    def close(self) -> None:
        """Ends the relay; returns when all that it told is noted, or enough was waited for that."""
        self._relay.end()
        # Nobody will look at what is left. A relay that still has much to tell ends once nobody can hear it any more.
        if self._session is None or self._session.done.wait(_CLOSING_SECONDS):
            self._relay.wait()

    def saved(self, suffix: str, events: Iterable[Event]) -> bytes:
        """A file with these events: a `json` for `decode`, or a `pcapng` for Wireshark."""
        file = _Memory()
        about = About(self.server.protocol, str(self.server.to), "direct", self._began)
        saver: Saver = JsonSaver(file, about) if suffix == "json" else PcapngSaver(file, about)
        for event in events:
            saver.add(event.shifted(-self._began))
        saver.close()
        return file.getvalue()


class _Noting:
    """Takes what a tap saves and what it prints, and has both remembered."""

    def __init__(self, history: History, number: int, began: float) -> None:
        self._history = history
        self._number = number
        self._began = began

    def __call__(self, line: str) -> None:
        self._history.line(self._number, self._began, line)

    def add(self, event: Event) -> None:
        self._history.event(self._number, event.shifted(self._began))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Memory(io.BytesIO):
    """A file whose content outlives its closing."""

    def close(self) -> None:
        pass
