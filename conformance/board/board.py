"""The board: a tap in front of each server, and one history of what all of them see."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from conformance.agent.events import Event
from conformance.agent.tap.conditions import Conditions
from conformance.board.history import History
from conformance.board.servers import WatchedServer
from conformance.observe.live_events import LiveEvent
from conformance.observe.pcapng import PcapngSaver
from conformance.observe.relay_process import RelayProcess
from conformance.observe.saved import About, JsonSaver
from conformance.observe.tap_session import Saver, TapSession
from conformance.observe.viewer import STALL_SECONDS, Viewer

__all__ = ["Board", "Watch"]

_LOOK_SECONDS = 0.2
_CLOSING_SECONDS = 1.0


class Board:
    """Its taps listen, and pass on what comes, at once; what they see is read from `begin` on."""

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

    @property
    def ended(self) -> list[str]:
        """The servers whose relay has ended by itself."""
        return [watch.server.name for watch in self.watches if watch.ended]

    def begin(self, when_ended: Callable[[], None]) -> None:
        """Reads what the taps see, and looks who waits and what can be diagnosed, all in threads of its own.

        `when_ended` is called in one of them, once, if a relay has ended by itself.
        """
        for watch in self.watches:
            watch.begin()
        self._looking = threading.Thread(target=self._look, args=(when_ended,), daemon=True)
        self._looking.start()

    def close(self) -> None:
        """Ends the relays, and the connections that they carry."""
        self._closing.set()
        if self._looking is not None:
            self._looking.join()
        for watch in self.watches:
            watch.end()
        for watch in self.watches:
            watch.close()

    def _look(self, when_ended: Callable[[], None]) -> None:
        while not self._closing.wait(_LOOK_SECONDS):
            for watch in self.watches:
                watch.look()
            if self.ended:
                when_ended()
                return


class Watch:
    """The tap in front of one server: it listens at once, on `port`, and fills the history from `begin` on."""

    def __init__(self, server: WatchedServer, history: History) -> None:
        """`UsageError` where it cannot listen."""
        assert server.listen.port is not None
        assert server.to.port is not None
        self.server = server
        self._history = history
        self._relay = RelayProcess()
        listen, to = (server.listen.host, server.listen.port), (server.to.host, server.to.port)
        self.port, self._began = self._relay.open(listen, to, Conditions())
        self._opened = time.monotonic()
        self._number = history.add_server(server.name, server.protocol, self.port, str(server.to), self._began)
        self._session: TapSession | None = None

    def begin(self) -> None:
        """Begins to read what the relay tells."""
        viewer = Viewer(self.server.protocol, self._seen)
        self._session = TapSession(self._relay, viewer, [_EventsOf(self._history, self._number)])

    @property
    def ended(self) -> bool:
        """Whether the relay has ended, and with it the connections that it carried."""
        return self._session is not None and self._session.done.is_set()

    def look(self) -> None:
        """Notes who keeps whom waiting, and what can be diagnosed by now."""
        if self._session is not None:
            self._session.look(time.monotonic() - self._opened, STALL_SECONDS)

    def end(self) -> None:
        """Has the relay end, and the connections that it carries."""
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
            saver.add(event)
        saver.close()
        return file.getvalue()

    def _seen(self, event: LiveEvent) -> None:
        self._history.add(self._number, event)


class _EventsOf:
    """Keeps the events of a tap in the history, where `tap --save` keeps them in a file."""

    def __init__(self, history: History, number: int) -> None:
        self._history = history
        self._number = number

    def add(self, event: Event) -> None:
        self._history.add_event(self._number, event)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Memory(io.BytesIO):
    """A file whose content outlives its closing."""

    def close(self) -> None:
        pass
