"""A running tap: its relay is a process of its own, and what that tells is saved, and shown, at a pace of its own each.

One thread takes in and saves. Another reads and shows, which takes far longer a byte; what waits for it is bounded. A
connection that is too fast for it is only counted from then on.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any, Literal, Protocol

from conformance.agent.events import Event
from conformance.agent.load_shedding import LoadShedder, memory_of
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.frames import FrameReader
from conformance.model.lookup import UsageError
from conformance.observe.live_conversation import Viewer
from conformance.observe.places import Place

__all__ = ["RelayProcess", "Saver", "TapSession", "give_way"]

_ROOT = Path(__file__).resolve().parents[2]
_BUFFER = 1 << 20  # bytes read from the relay at once
_WAITING_LIMIT = 8 << 20  # bytes that may wait to be shown before the fast connections among them are given up
_HELD_LIMIT = 32 << 20  # and before the load is shed
_FAST = 1 << 20  # a connection that has sent less is not what it takes so long for
_ENDING_SECONDS = 5.0  # for a relay to be gone once nobody hears it any more
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


class RelayProcess:
    """A tap that listens, and hands on what it sees.

    `port` is where it listens; `began` is the time from which its events count theirs, in seconds since 1970. One that
    takes the place of another goes on with its `began`, and with the numbers of connections behind `before`.
    """

    def __init__(
        self, listen: Place, to: Place, conditions: Conditions, *, began: float | None = None, before: int = 0
    ) -> None:
        """UsageError where it cannot listen there."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "conformance.agent.tap"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A session of its own: Ctrl-C is for us, and the tap ends when its input does.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        if sys.platform == "linux":
            import fcntl

            with suppress(OSError):
                fcntl.fcntl(self._output.fileno(), fcntl.F_SETPIPE_SZ, _BUFFER)
        reader, reads = FrameReader(), iter(partial(os.read, self._output.fileno(), _BUFFER), b"")
        self._messages = (message for data in reads for message in reader.feed(data))
        ends = {"listen": (listen.host, listen.port), "to": (to.host, to.port)}
        options = {"conditions": conditions._asdict(), "seed": time.time_ns(), "connect_timeout": 0}
        self._input.write(json.dumps({"do": "open", **ends, **options}).encode() + b"\n")
        self._input.flush()
        answer: dict[str, Any] = next((message for message in self._messages if isinstance(message, dict)), {})
        if "done" not in answer:
            self.end()
            self.wait()
            if not answer:
                raise UsageError("cli.usage.tap-ended")
            kind = "host" if listen.host else "everywhere"
            why = answer["problem"]["values"]["reason"]
            raise UsageError(f"cli.usage.cannot-listen.{kind}", **asdict(listen), reason=why)
        self.port = int(answer["port"])
        self.began = time.time() if began is None else began
        since = time.time() - self.began
        self._opened = time.monotonic() - since
        reader.shift, reader.before = since - float(answer["now"]), before

    @property
    def now(self) -> float:
        """The time as its events count it, in seconds."""
        return time.monotonic() - self._opened

    def events(self) -> Iterator[Event | None]:
        """Every event, and None where nothing more was waiting behind it; until the tap has ended."""
        for message in self._messages:
            if not isinstance(message, dict):
                yield message

    def end(self) -> None:
        """Has the tap end: what it has seen until then still comes."""
        with suppress(OSError):
            self._input.close()

    def wait(self) -> None:
        """Returns once the process is gone; one that does not go is killed."""
        self._output.close()
        try:
            self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()

    def kill(self) -> None:
        """Has the process be gone at once."""
        self._process.kill()


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
        self._lost = {"size": 0, "connections": 0}
        self._carried: dict[int, int] = {}
        self._waiting: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        # Each is counted by one thread alone; their difference is what waits.
        self._put = 0
        self._shown = 0
        self._shedder = LoadShedder()
        self._one_at_a_time = threading.Lock()
        for work in (self._take_in, self._show):
            threading.Thread(target=work, daemon=True).start()

    def look(self) -> None:
        """Says who keeps whom waiting, if the showing is not what takes so long."""
        if self._waiting.empty():
            with self._one_at_a_time:
                self.viewer.look(self._relay.now)

    def _take_in(self) -> None:
        try:
            for event in self._relay.events():
                if event is None:
                    self._each_saver(methodcaller("flush"))
                else:
                    self._each_saver(methodcaller("add", event))
                    if self._savers and event.size and event.kind in ("received", "missed"):
                        self._lost["size" if event.kind == "received" else "connections"] += event.size
                        self.unsaved = "too-fast", dict(self._lost)
                    self._pass_on(event)
            self._each_saver(methodcaller("close"))
        finally:
            for rest in self._shedder.rest(self._relay.now):
                self._waiting.put(rest)
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
        elif event.kind in ("end", "reset", "refused", "cut"):
            self._carried.pop(number, None)
        for taken in self._shedder.take(event, room=waiting <= _HELD_LIMIT):
            self._put += memory_of(taken)
            self._waiting.put(taken)

    def _show(self) -> None:
        try:
            while (event := self._waiting.get()) is not None:
                with self._one_at_a_time:
                    self.viewer.add(event)
                self._shown += memory_of(event)
        finally:
            self.done.set()
