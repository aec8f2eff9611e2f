"""How long a line of the servers takes to be visible, while a hundred clients keep them busy."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.peers import Peers, compiled_peers
from benchmarks.rows import Figure, Row, UnavailableError
from benchmarks.sampling import Effort
from benchmarks.servers import Server, pyserver, running, under_load

__all__ = ["measure", "waits"]

_CLIENTS = 100
_MOST = 10.0  # milliseconds
_LIMIT = 10.0  # seconds until a line counts as lost
_FIRST = -2_000_000_000  # a number that the load, whose numbers are small, does not send


def measure(effort: Effort) -> Iterator[Row]:
    """Milliseconds from sending a number until its line is in the file that is the server's console."""
    with ExitStack() as stack:
        peers = stack.enter_context(compiled_peers())
        for name, depth in (("async", 1), ("async", 64), ("multithreaded", 1)):
            server = stack.enter_context(running(pyserver(name), peers.folder))
            found = waits(peers, server, depth, effort.rounds * effort.seconds)
            asking = f"{depth} requests pipelined" if depth > 1 else "ping-pong"
            yield Figure(f"{name}, until a line is visible, {_CLIENTS} clients, {asking}", found, "ms", at_most=_MOST)


def waits(peers: Peers, server: Server, depth: int, seconds: float) -> list[float]:
    """Milliseconds that each line of one more client took, under load."""
    failures: list[UnavailableError] = []

    def load() -> None:
        try:
            under_load(peers.load, "addition", server.port, _CLIENTS, depth, seconds)
        except UnavailableError as error:
            failures.append(error)

    work = threading.Thread(target=load)
    found = []
    with socket.create_connection(("127.0.0.1", server.port), timeout=_LIMIT) as client:
        client.sendall(struct.pack(">H", 9) + b"127.0.0.1")
        work.start()
        number = _FIRST
        while work.is_alive():
            found.append(_wait(client, server.console, number))
            client.sendall(struct.pack(">i", 1))
            client.recv(4)
            number += 1
    work.join()
    if failures:
        raise failures[0]
    return found


def _wait(client: socket.socket, console: Path, number: int) -> float:
    line = f" : {number}\n".encode()
    with console.open("rb", buffering=0) as lines:
        lines.seek(0, 2)
        sent = time.perf_counter()
        client.sendall(struct.pack(">i", number))
        last = b""
        while (now := time.perf_counter()) < sent + _LIMIT:
            # Nothing reports that a file has grown. Reading again at once is the most exact way.
            new = lines.read()
            if line in last + new:
                return (now - sent) * 1000
            last = (last + new)[-len(line) :]
    raise UnavailableError(f"the line of {number} did not come within {_LIMIT:g} s")
