"""How the servers scale: requests/s and memory by the number of clients, deliveries/s by the number of members."""

from collections.abc import Iterator
from contextlib import ExitStack

import psutil

from benchmarks.chat import POSTERS
from benchmarks.peers import Peers, compiled_peers
from benchmarks.rows import Figure, Row
from benchmarks.sampling import Effort, in_turns
from benchmarks.servers import Server, pyserver, running, under_load, visited

__all__ = ["measure"]

_MOST = 10_000
_CLIENTS = (10, 100, 1000, _MOST)
_MEMBERS = (10, 100, 1000)


def measure(effort: Effort) -> Iterator[Row]:
    """The servers with an event loop, under the same load with each number of clients."""
    with ExitStack() as stack:
        peers = stack.enter_context(compiled_peers())
        adding = stack.enter_context(running(pyserver("async"), peers.folder))
        chat = stack.enter_context(running(pyserver("chat"), peers.folder))

        def requests(clients: int) -> float:
            return under_load(peers.load, "addition", adding.port, clients, 1, effort.seconds)["rate"]

        def deliveries(members: int) -> float:
            return under_load(peers.load, "chat", chat.port, members, POSTERS, effort.seconds)["rate"]

        rounds = max(1, effort.rounds // 2)
        for clients, rates in zip(
            _CLIENTS, in_turns(rounds, *(lambda n=n: requests(n) for n in _CLIENTS)), strict=True
        ):
            yield Figure(f"async, {clients:,} clients", rates, "requests/s")
        for members, rates in zip(
            _MEMBERS, in_turns(rounds, *(lambda n=n: deliveries(n) for n in _MEMBERS)), strict=True
        ):
            yield Figure(f"chat, {members:,} members", rates, "deliveries/s")
        for clients in _CLIENTS:
            values = [_bytes_a_client(peers, clients) for _ in range(rounds)]
            yield Figure(
                f"async, memory of each of {clients:,} clients connected and served",
                values,
                "bytes",
                at_most=4096 if clients == _MOST else None,
                remark="all served" if clients == _MOST else "",
            )


def _bytes_a_client(peers: Peers, clients: int) -> float:
    """Bytes by which the memory of a new server grows for each client; the system's buffers are not counted."""
    with running(pyserver("async"), peers.folder) as server:
        with visited(peers.load, server.port, 1):
            pass  # the first client makes the server allocate more than others do
        before = _own_memory(server)
        with visited(peers.load, server.port, clients):
            return (_own_memory(server) - before) / clients


def _own_memory(server: Server) -> int:
    return int(psutil.Process(server.process.pid).memory_full_info().uss)
