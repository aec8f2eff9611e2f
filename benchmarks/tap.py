"""The `tap` command: the time it adds to a round trip and to bulk data."""

import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import compiled_peers
from benchmarks.rows import Figure, Row
from benchmarks.sampling import Effort, in_turns
from benchmarks.servers import Server, running, under_load
from javaio import encode_modified_utf8

__all__ = ["measure"]

_LISTENING = re.compile(r"listening on port (\d+) ")
_TEXT = encode_modified_utf8("x" * 60_000)
_MESSAGE = struct.pack(">H", 5) + b"alice" + struct.pack(">H", len(_TEXT)) + _TEXT
_MEGABYTES = 200  # for each second of the effort


def measure(effort: Effort) -> Iterator[Row]:
    """Milliseconds for a client that waits for each answer, and for one that sends as fast as it can."""
    with compiled_peers() as peers, running(peers.epoll_server, peers.folder) as server:
        with _tap(server.port, "addition", peers.folder) as tap:

            def round_trip(port: int) -> float:
                return 1000 / under_load(peers.load, "addition", port, 1, 1, effort.seconds)["rate"]

            direct, tapped = in_turns(effort.rounds, lambda: round_trip(server.port), lambda: round_trip(tap.port))
        added = [through - without for through, without in zip(tapped, direct, strict=True)]
        yield Figure("a round trip, beyond the same without a tap", added, "ms", at_most=1.0)
        with _sink() as port, _tap(port, "chat", peers.folder) as tap:
            megabytes = int(_MEGABYTES * effort.seconds)
            (bulk,) = in_turns(effort.rounds, lambda: _send(tap.port, megabytes))
        yield Figure("a megabyte of messages, through it", bulk, "ms", at_most=1000 / 50)


@contextmanager
def _tap(port: int, protocol: str, folder: Path) -> Iterator[Server]:
    to = f"127.0.0.1:{port}"
    words = ("-m", "conformance", "tap", "--listen", "127.0.0.1:0", "--to", to, "--protocol", protocol)
    with running((sys.executable, *words), folder, _LISTENING) as tap:
        yield tap


def _send(port: int, megabytes: int) -> float:
    """Milliseconds a megabyte, until the last byte has arrived at the server."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(struct.pack(">H", 9) + b"127.0.0.1")
        sent = 0
        while sent < megabytes * 1_000_000:
            sock.sendall(_MESSAGE)
            sent += len(_MESSAGE)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(1 << 16):
            pass
    return (time.perf_counter() - began) * 1000 / (sent / 1_000_000)


@contextmanager
def _sink() -> Iterator[int]:
    """A server that receives everything, then ends the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    while connection.recv(1 << 20):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
