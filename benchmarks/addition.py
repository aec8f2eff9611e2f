"""The addition servers of this project against Java's, and against one in C."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from benchmarks.peers import compiled_peers
from benchmarks.rows import Figure, Ratio, Row
from benchmarks.sampling import Effort, in_turns
from benchmarks.servers import Server, pyserver, running, under_load

__all__ = ["measure"]

_JAVA = "Java MultithreadedServer"
_C = "epoll server in C"
_UNIT = "requests/s"


def measure(effort: Effort) -> Iterator[Row]:
    """Requests/s of each server, of clients that wait for each answer and of clients that pipeline requests."""
    with ExitStack() as stack:
        peers = stack.enter_context(compiled_peers())
        commands = (
            pyserver("async"),
            pyserver("multithreaded"),
            peers.java("MultithreadedServer"),
            peers.epoll_server,
        )
        servers = [stack.enter_context(running(command, peers.folder)) for command in commands]
        loop, _, java, c = servers

        def rate(server: Server, clients: int, depth: int = 1) -> Callable[[], float]:
            return lambda: under_load(peers.load, "addition", server.port, clients, depth, effort.seconds)["rate"]

        def busy(server: Server) -> Callable[[], float]:
            return lambda: under_load(peers.load, "addition", server.port, 100, 1, effort.seconds)["busy"]

        for clients, goal in ((1, 1.2), (1000, 2.0)):
            ours, theirs = in_turns(effort.rounds, rate(loop, clients), rate(java, clients))
            yield Ratio(f"async, {_clients(clients)}", _JAVA, ours, theirs, _UNIT, goal)

        ours, threaded, theirs, in_c = in_turns(effort.rounds, *(rate(server, 100) for server in servers))
        yield Ratio("async, 100 clients", _JAVA, ours, theirs, _UNIT, 2.0)
        yield Ratio("async, 100 clients", _C, ours, in_c, _UNIT, 0.85)
        yield Ratio("multithreaded, 100 clients", _JAVA, threaded, theirs, _UNIT, 0.8)

        ours, theirs, in_c = in_turns(effort.rounds, *(rate(server, 100, depth=64) for server in (loop, java, c)))
        yield Ratio("async, 100 clients, 64 requests pipelined", _JAVA, ours, theirs, _UNIT, 10.0)
        yield Ratio("async, 100 clients, 64 requests pipelined", _C, ours, in_c, _UNIT)

        ours, in_c = in_turns(effort.rounds // 2, busy(loop), busy(c))
        yield Figure(
            "the load's own processor time, 100 clients of async", ours, "of 1", remark="it waits for the server"
        )
        yield Figure("the load's own processor time, 100 clients of C", in_c, "of 1", remark="the most it is asked for")


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count:,} clients"
