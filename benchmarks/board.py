"""The live board in between: what it costs the programs, and what it keeps of them."""

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
_CROWD = 100  # as many as the programs bring, unless told otherwise
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
    with compiled_peers() as peers:
        yield from _crowds(peers, effort)
        yield from _ping_pong(peers, effort)
        rounds = max(1, effort.rounds // 2)
        with running(pyserver("async"), peers.folder) as loop:
            connected = [_megabytes_a_crowd(peers, loop) for _ in range(rounds)]
        yield Figure(f"memory of {_CROWD} clients connected and served", connected, "MB")
        filled = [_megabytes_at_the_bounds(peers.folder) for _ in range(rounds)]
        yield Figure("memory of a board that is full, and its relays", filled, "MB")


def _crowds(peers: Peers, effort: Effort) -> Iterator[Row]:
    """The programs of a class. A Java server's listen queue, which a hundred clients overrun, would hide all else."""
    java, python = peers.java("MultithreadedClients")[:-1], (sys.executable, "-m", "pyclient", "multithreaded")
    crowds: dict[str, Callable[[int], Callable[[], float]]] = {
        "java MultithreadedClients": lambda port: _crowd(*java, "127.0.0.1", port),
        "pyclient multithreaded": lambda port: _crowd(*python, "--port", port),
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
            for name, crowd in crowds.items():
                ours, theirs = in_turns(effort.rounds, crowd(board.ports[0]), crowd(server.port))
                yield Ratio(f"{name}, {_CROWD} clients, {where}", _DIRECT, ours, theirs, "clients/s", 0.9)


def _ping_pong(peers: Peers, effort: Effort) -> Iterator[Row]:
    """Clients that do nothing but ask: for them a relay is everything."""
    with (
        running(pyserver("async"), peers.folder) as server,
        running(peers.relay(server.port), peers.folder) as relay,
        _board(f"addition:0:127.0.0.1:{server.port}") as board,
    ):

        def rate(port: int) -> Callable[[], float]:
            return lambda: under_load(peers.load, "addition", port, _CROWD, 1, effort.seconds)["rate"]

        ours, bare, theirs = in_turns(effort.rounds, *map(rate, (board.ports[0], relay.port, server.port)))
        work = f"ping-pong, {_CROWD} clients as fast as they can"
        yield Ratio(work, _DIRECT, ours, theirs, "requests/s")
        yield Ratio(work, "a bare relay in C", ours, bare, "requests/s")


def _processors() -> list[int]:
    """Those that this thread may use; none where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def _on(processors: Sequence[int]) -> Iterator[None]:
    """What this thread starts meanwhile runs on these alone, if there are any."""
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
