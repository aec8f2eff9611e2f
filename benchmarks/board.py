"""The live board: how much it slows the programs down, and how much memory it takes."""

import os
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
_CLIENTS = 100  # the default of the programs
_MEGABYTE = 1 << 20
_TEXTS = """\
protocol: texts
about: a client sends texts, and nobody answers
port: 7000
session:
  - repeat:
      - {from: client, field: text, type: UTF}
"""
_FILLING = 900  # connections, which send several times as much as the board keeps


@dataclass(frozen=True)
class _Board:
    """A board with one open page; `ports` are those of its relays."""

    process: psutil.Process
    ports: Sequence[int]

    def memory(self) -> int:
        """Bytes of memory that the board and its relays do not share with other processes."""
        family = (self.process, *self.process.children())
        return sum(int(each.memory_full_info().uss) for each in family)


def measure(effort: Effort) -> Iterator[Row]:
    """The rates of a hundred clients with and without the board; then its memory."""
    with compiled_peers() as peers:
        yield from _programs(peers, effort)
        yield from _ping_pong(peers, effort)
        rounds = max(1, effort.rounds // 2)
        with running(pyserver("async"), peers.folder) as loop:
            connected = [_megabytes_of_clients(peers, loop) for _ in range(rounds)]
        yield Figure(f"memory of {_CLIENTS} clients connected and served", connected, "MB")
        filled = [_megabytes_at_the_bounds(peers.folder) for _ in range(rounds)]
        yield Figure("memory of a board that is full, and its relays", filled, "MB")


def _programs(peers: Peers, effort: Effort) -> Iterator[Row]:
    """The clients of the course. The server is Python's: the listen queue of Java's is too short for them."""
    java, python = peers.java("MultithreadedClients")[:-1], (sys.executable, "-m", "pyclient", "multithreaded")
    commands: dict[str, Callable[[int], Callable[[], float]]] = {
        "java MultithreadedClients": lambda port: _rate_of(*java, "127.0.0.1", port),
        "pyclient multithreaded": lambda port: _rate_of(*python, "--port", port),
    }
    first, *others = _processors() or [0]
    for of_its_own in (others, []) if others else ([],):
        where = "the board on a processor of its own" if of_its_own else "all on the same processors"
        with (
            _on([first] if of_its_own else []),
            running(pyserver("multithreaded"), peers.folder) as server,
            ExitStack() as stack,
        ):
            with _on(of_its_own):
                board = stack.enter_context(_board(f"addition:0:127.0.0.1:{server.port}"))
            for name, rate in commands.items():
                ours, theirs = in_turns(effort.rounds, rate(board.ports[0]), rate(server.port))
                yield Ratio(f"{name}, {_CLIENTS} clients, {where}", _DIRECT, ours, theirs, "clients/s", 0.9)


def _ping_pong(peers: Peers, effort: Effort) -> Iterator[Row]:
    """Clients that send requests without a pause, which a relay slows down most."""
    with (
        running(pyserver("async"), peers.folder) as server,
        running(peers.relay(server.port), peers.folder) as relay,
        _board(f"addition:0:127.0.0.1:{server.port}") as board,
    ):

        def rate(port: int) -> Callable[[], float]:
            return lambda: under_load(peers.load, "addition", port, _CLIENTS, 1, effort.seconds)["rate"]

        ours, bare, theirs = in_turns(effort.rounds, *map(rate, (board.ports[0], relay.port, server.port)))
        work = f"ping-pong, {_CLIENTS} clients as fast as they can"
        yield Ratio(work, _DIRECT, ours, theirs, "requests/s")
        yield Ratio(work, "a bare relay in C", ours, bare, "requests/s")


def _processors() -> list[int]:
    """The processors that this thread may use; none if the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def _on(processors: Sequence[int]) -> Iterator[None]:
    """Restricts this thread, and the processes it starts, to these processors, if there are any."""
    before = _processors()
    if processors:
        os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        if processors:
            os.sched_setaffinity(0, before)


@contextmanager
def _board(*servers: str) -> Iterator[_Board]:
    words = [word for server in servers for word in ("--server", server)]
    command = [sys.executable, "-m", "conformance", "board", "--listen", "127.0.0.1:0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(len(servers) + 1)]
            ports = [int(port) for line in lines for port in re.findall(r" port (\d+) ", line)]
            address = re.findall(r"http://([\d.]+):(\d+)/", lines[-1])[0]
            with socket.create_connection((address[0], int(address[1]))) as page:
                page.sendall(b"GET /changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                threading.Thread(target=_look_on, args=(page,), daemon=True).start()
                yield _Board(psutil.Process(process.pid), ports)
        finally:
            process.terminate()


def _look_on(page: socket.socket) -> None:
    with suppress(OSError):  # raised when it is closed
        while page.recv(1 << 16):
            pass


def _rate_of(*command: object) -> Callable[[], float]:
    """Clients/s of that command, including its start."""

    def clients_a_second() -> float:
        began = time.perf_counter()
        subprocess.run([*map(str, command)], stdout=subprocess.DEVNULL, check=True)
        return _CLIENTS / (time.perf_counter() - began)

    return clients_a_second


def _megabytes_of_clients(peers: Peers, server: Server) -> float:
    with _board(f"addition:0:127.0.0.1:{server.port}") as board:
        with visited(peers.load, board.ports[0], 1):
            pass  # the first client makes the board allocate more than others do
        before = board.memory()
        with visited(peers.load, board.ports[0], _CLIENTS):
            return (board.memory() - before) / _MEGABYTE


def _megabytes_at_the_bounds(folder: Path) -> float:
    protocol = folder / "texts.yaml"
    protocol.write_text(_TEXTS, encoding="utf-8")
    short, long = (struct.pack(">H", size) + b"x" * size for size in (40, 60_000))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_take_in, args=(listener,), daemon=True).start()
        # Five servers, since each may keep only a share of the connections.
        with _board(*[f"{protocol}:0:127.0.0.1:{listener.getsockname()[1]}"] * 5) as board:
            for number in range(_FILLING):
                with socket.create_connection(("127.0.0.1", board.ports[number % 5])) as client:
                    client.sendall(short * 300 + long * 3)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(1)
            return board.memory() / _MEGABYTE


def _take_in(listener: socket.socket) -> None:
    with suppress(OSError):  # raised when it is closed
        while True:
            client, _ = listener.accept()
            with client, suppress(OSError):
                while client.recv(1 << 20):
                    pass
