"""The live board in between: what it costs the programs, and what it keeps of them."""

import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.peers import Peers, compiled_peers
from benchmarks.rows import Figure, Ratio, Row
from benchmarks.sampling import Effort, in_turns
from benchmarks.servers import Server, pyserver, running, under_load, visited

__all__ = ["measure"]

_DIRECT = "without the board"
_CROWD = 100
_MEGABYTE = 1 << 20
_TEXTS = """\
protocol: texts
about: a client sends texts, and nobody answers
port: 7000
session:
  - repeat:
      - {from: client, field: text, type: UTF}
"""
_FILLING = 900  # connections, which all together bring several times what is remembered


@dataclass(frozen=True)
class _Board:
    """A board that runs, with a page that looks on; `ports` are those in front of its servers."""

    process: psutil.Process
    ports: Sequence[int]

    def memory(self) -> int:
        """What it and its relays have of their own."""
        family = (self.process, *self.process.children())
        return sum(int(each.memory_full_info().uss) for each in family)


def measure(effort: Effort) -> Iterator[Row]:
    """A hundred clients with the board and without it; then its memory."""
    with ExitStack() as stack:
        peers = stack.enter_context(compiled_peers())
        commands = peers.java("MultithreadedServer"), pyserver("multithreaded"), pyserver("async")
        java, threaded, loop = (stack.enter_context(running(command, peers.folder)) for command in commands)
        board = stack.enter_context(_board(*(f"addition:0:127.0.0.1:{each.port}" for each in (java, threaded, loop))))

        def java_crowd(port: int) -> Callable[[], float]:
            return _crowd(*peers.java("MultithreadedClients")[:-1], "127.0.0.1", port, _CROWD)

        def python_crowd(port: int) -> Callable[[], float]:
            return _crowd(sys.executable, "-m", "pyclient", "multithreaded", "--port", port, "--clients", _CROWD)

        ours, theirs = in_turns(effort.rounds, java_crowd(board.ports[0]), java_crowd(java.port))
        yield Ratio(f"java MultithreadedClients, {_CROWD} clients", _DIRECT, ours, theirs, "clients/s", 0.9)
        ours, theirs = in_turns(effort.rounds, python_crowd(board.ports[1]), python_crowd(threaded.port))
        yield Ratio(f"pyclient multithreaded, {_CROWD} clients", _DIRECT, ours, theirs, "clients/s", 0.9)

        def rate(port: int) -> Callable[[], float]:
            return lambda: under_load(peers.load, "addition", port, _CROWD, 1, effort.seconds)["rate"]

        ours, theirs = in_turns(effort.rounds, rate(board.ports[2]), rate(loop.port))
        remark = "as fast as they can, for whom a relay is everything"
        yield Ratio(f"ping-pong, {_CROWD} clients", _DIRECT, ours, theirs, "requests/s", remark=remark)

        rounds = max(1, effort.rounds // 2)
        connected = [_megabytes_a_crowd(peers, loop) for _ in range(rounds)]
        yield Figure(f"memory of {_CROWD} clients connected and served", connected, "MB")
        filled = [_megabytes_at_the_bounds(peers.folder) for _ in range(rounds)]
        yield Figure("memory of a board that is full, and its relay", filled, "MB")


@contextmanager
def _board(*servers: str) -> Iterator[_Board]:
    words = [word for server in servers for word in ("--server", server)]
    command = [sys.executable, "-m", "conformance", "board", "--listen", "127.0.0.1:0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(len(servers) + 1)]
            ports = [int(port) for line in lines for port in re.findall(r"clients take port (\d+)", line)]
            address = re.findall(r"http://([\d.]+):(\d+)/", lines[-1])[0]
            with socket.create_connection((address[0], int(address[1]))) as page:
                page.sendall(b"GET /changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                threading.Thread(target=_look_on, args=(page,), daemon=True).start()
                yield _Board(psutil.Process(process.pid), ports)
        finally:
            process.terminate()


def _look_on(page: socket.socket) -> None:
    with suppress(OSError):  # until it is closed
        while page.recv(1 << 16):
            pass


def _crowd(*command: object) -> Callable[[], float]:
    """How many clients a second that command brings, its own start among it."""

    def clients_a_second() -> float:
        began = time.perf_counter()
        subprocess.run([*map(str, command)], stdout=subprocess.DEVNULL, check=True)
        return _CROWD / (time.perf_counter() - began)

    return clients_a_second


def _megabytes_a_crowd(peers: Peers, server: Server) -> float:
    with _board(f"addition:0:127.0.0.1:{server.port}") as board:
        with visited(peers.load, board.ports[0], 1):
            pass  # what the first client takes is not for it alone
        before = board.memory()
        with visited(peers.load, board.ports[0], _CROWD):
            return (board.memory() - before) / _MEGABYTE


def _megabytes_at_the_bounds(folder: Path) -> float:
    protocol = folder / "texts.yaml"
    protocol.write_text(_TEXTS, encoding="utf-8")
    short, long = (struct.pack(">H", size) + b"x" * size for size in (40, 60_000))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_take_in, args=(listener,), daemon=True).start()
        # Five servers: each has its share of the connections that are remembered.
        with _board(*[f"{protocol}:0:127.0.0.1:{listener.getsockname()[1]}"] * 5) as board:
            for number in range(_FILLING):
                with socket.create_connection(("127.0.0.1", board.ports[number % 5])) as client:
                    client.sendall(short * 300 + long * 3)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(1)
            return board.memory() / _MEGABYTE


def _take_in(listener: socket.socket) -> None:
    with suppress(OSError):  # until it is closed
        while True:
            client, _ = listener.accept()
            with client, suppress(OSError):
                while client.recv(1 << 20):
                    pass
