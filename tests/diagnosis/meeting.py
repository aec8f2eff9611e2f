"""Two programs that meet through the tap: one of them wrong, or none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from conformance.agent.recording import Connection, Recording
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.relay import Relay
from conformance.decoder import Conversation, Conversations
from tests.diagnosis.peers import Peer, play
from tests.diagnosis.protocols import PROTOCOLS

__all__ = ["LONG", "WRONG", "Meeting"]

WRONG = Path(__file__).with_name("wrong")
LONG = 30.0  # a wait that ends sooner wherever things work


class Meeting:
    """A tap, and whoever was started around it; all of it is gone at the end."""

    def __init__(self) -> None:
        self.recording = Recording()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._relay: Relay | None = None
        self._processes: list[subprocess.Popen[str]] = []
        self._sockets: list[socket.socket] = []
        self._players: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait(LONG)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        if self._relay is not None:
            asyncio.run_coroutine_threadsafe(self._relay.close(), self._loop).result(LONG)
        for sock in self._sockets:
            _end(sock)
        for player in self._players:
            player.join(LONG)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LONG)
        self._loop.close()

    def tap_to(self, port: int, *, split: int = 0) -> int:
        """Puts the tap before a server; returns the port for clients."""
        self._relay = Relay(
            listen=("127.0.0.1", 0),
            to=("127.0.0.1", port),
            conditions=Conditions(split=split),
            record=self.recording.add,
        )
        return asyncio.run_coroutine_threadsafe(self._relay.start(), self._loop).result(LONG)

    def right_server(self, peer: Peer) -> int:
        """A server of ours for one client; returns its port."""
        listening = socket.create_server(("127.0.0.1", 0))
        self._sockets.append(listening)

        def serve() -> None:
            try:
                sock, _ = listening.accept()
            except OSError:
                return  # nobody came
            self._sockets.append(sock)
            play(peer, sock)

        self._start(serve)
        return int(listening.getsockname()[1])

    def right_client(self, peer: Peer, port: int) -> None:
        """A client of ours."""
        sock = socket.create_connection(("127.0.0.1", port), LONG)
        self._sockets.append(sock)
        self._start(lambda: play(peer, sock))

    def program(self, command: Sequence[str]) -> IO[str]:
        """Starts a program; returns its standard output."""
        process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._processes.append(process)
        assert process.stdout is not None
        return process.stdout

    def until(self, seen: Callable[[Connection], bool]) -> Connection:
        """Waits until the connection is so."""
        happened = self.recording.wait_for(
            lambda: any(seen(connection) for connection in self.recording.connections), time.monotonic() + LONG
        )
        assert happened, [(c.client.data, c.server.data) for c in self.recording.connections]
        return self.recording.connections[0]

    def read(self, protocol: str) -> list[Conversation]:
        """What has passed by now."""
        return Conversations(PROTOCOLS[protocol], self.recording).update()

    def _start(self, play_on: Callable[[], None]) -> None:
        player = threading.Thread(target=play_on, daemon=True)
        self._players.append(player)
        player.start()


def python(name: str) -> list[str]:
    """The command of a wrong program in Python."""
    return [sys.executable, os.fspath(WRONG / name)]


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be over already
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
