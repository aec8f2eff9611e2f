"""The board: a watch in front of each server, and the history that they have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from conformance.board.history import History
from conformance.board.servers import WatchedServer
from conformance.board.watch import Watch

__all__ = ["Board"]

_LOOK_SECONDS = 0.2


class Board:
    """Its taps listen, and carry what comes, at once; it begins to look when it is told to."""

    def __init__(self, servers: Sequence[WatchedServer]) -> None:
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
        """Reads what the taps tell, says who waits and which mistakes are made, all in threads of its own.

        `when_ended` is called in one of them, once, if a relay has ended by itself.
        """
        for watch in self.watches:
            watch.begin()
        self._looking = threading.Thread(target=self._look, args=(when_ended,), daemon=True)
        self._looking.start()

    def close(self) -> None:
        """Ends the relays, and what they carry."""
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
