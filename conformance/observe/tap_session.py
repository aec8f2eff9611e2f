"""What a running tap does with what its relay tells: saves it, and shows it, at a pace of its own each.

One thread takes in and saves. Another reads and shows, which takes far longer a byte; what waits for it is bounded. A
connection that is too fast for it is only counted from then on.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from operator import methodcaller
from typing import Any, Literal, Protocol

from conformance.agent.events import Event
from conformance.observe.relay_process import RelayProcess
from conformance.observe.viewer import STALL_SECONDS, Viewer

__all__ = ["Saver", "TapSession", "give_way"]

_WAITING_LIMIT = 8 << 20  # bytes that may wait to be shown before the fast connections among them are given up
_HELD_LIMIT = 64 << 20  # and before any bytes at all are
_FAST = 1 << 20  # a connection that has sent less is not what it takes so long for
_EVENT_SIZE = 256  # what an event takes beside its bytes, roughly
_GIVES_WAY = 10  # where processors are short, the traffic goes first
_SWITCH_SECONDS = 0.0005  # how long the thread that shows may keep the one that saves from going on


class Saver(Protocol):
    """Keeps events in a file: `flush` has all of them there, `close` ends it."""

    def add(self, event: Event) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


def give_way() -> None:
    """Has this process, which shows, leave the processors to those that carry the traffic.

    To be called once, and before the threads are there that do the work: to Linux each has a niceness of its own.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    if hasattr(os, "nice"):
        os.nice(_GIVES_WAY)


class TapSession:
    """Begins at once; `done` is set when the relay has ended and all that it told is saved and shown.

    `unsaved` says why not all of it is in the files: `too-fast`, or `unwritable` with the system's reason.
    """

    def __init__(self, relay: RelayProcess, viewer: Viewer, savers: list[Saver]) -> None:
        self.viewer = viewer
        self.unsaved: tuple[Literal["too-fast", "unwritable"], dict[str, Any]] | None = None
        self.done = threading.Event()
        self._relay = relay
        self._savers = savers
        self._lost = 0
        self._carried: dict[int, int] = {}
        self._waiting: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        # Each is counted by one thread alone; their difference is what waits.
        self._put = 0
        self._shown = 0
        self._one_at_a_time = threading.Lock()
        for work in (self._take_in, self._show):
            threading.Thread(target=work, daemon=True).start()

    def look(self) -> None:
        """Says who keeps whom waiting, if the showing is not what takes so long."""
        if self._waiting.empty():
            with self._one_at_a_time:
                self.viewer.look(self._relay.now, STALL_SECONDS)

    def _take_in(self) -> None:
        try:
            for event in self._relay.events():
                if event is None:
                    self._each_saver(methodcaller("flush"))
                else:
                    self._each_saver(methodcaller("add", event))
                    if self._savers and event.kind == "received" and event.size:
                        self._lost += event.size
                        self.unsaved = "too-fast", {"size": self._lost}
                    self._pass_on(event)
            self._each_saver(methodcaller("close"))
        finally:
            self._waiting.put(None)

    def _each_saver(self, act: Callable[[Saver], None]) -> None:
        for saver in tuple(self._savers):
            try:
                act(saver)
            except OSError as error:
                self._savers.remove(saver)
                self.unsaved = "unwritable", {"reason": error.strerror or str(error)}

    def _pass_on(self, event: Event) -> None:
        waiting, number = self._put - self._shown, event.connection
        if event.kind == "received":
            self._carried[number] = self._carried.get(number, 0) + len(event.data)
            if waiting > _WAITING_LIMIT and self._carried[number] > _FAST:
                self.viewer.give_up(number)
            if waiting > _HELD_LIMIT:
                event = event._replace(data=b"", size=len(event.data) or event.size)
        elif event.kind in ("end", "reset", "refused"):
            self._carried.pop(number, None)
        self._put += len(event.data) + _EVENT_SIZE
        self._waiting.put(event)

    def _show(self) -> None:
        try:
            while (event := self._waiting.get()) is not None:
                with self._one_at_a_time:
                    self.viewer.add(event)
                self._shown += len(event.data) + _EVENT_SIZE
        finally:
            self.done.set()
