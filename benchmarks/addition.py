"""The servers that add: this project's against Java's, and against one in C."""

from collections.abc import Iterator

from benchmarks.peers import compiled_peers
from benchmarks.rows import Ratio, Row
from benchmarks.sampling import Effort, in_turns
from benchmarks.servers import Server, pyserver, running, under_load

__all__ = ["measure"]


def measure(effort: Effort) -> Iterator[Row]:
    """Requests/s of each server, with clients that wait for each answer and with clients that do not."""
    with (
        compiled_peers() as peers,
        running(pyserver("async"), peers.folder) as ours,
        running(peers.java("MultithreadedServer"), peers.folder) as java,
    ):

        def rate(server: Server) -> float:
            return under_load(peers.load, "addition", server.port, 100, 1, effort.seconds)["rate"]

        ours_rates, java_rates = in_turns(effort.rounds, lambda: rate(ours), lambda: rate(java))
        yield Ratio(
            "async, 100 clients", "Java MultithreadedServer", ours_rates, java_rates, "requests/s", at_least=2.0
        )
