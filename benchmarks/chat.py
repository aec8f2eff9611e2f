"""The chat server of this project against Java's."""

from collections.abc import Callable, Iterator

from benchmarks.peers import compiled_peers
from benchmarks.rows import Ratio, Row
from benchmarks.sampling import Effort, in_turns
from benchmarks.servers import Server, pyserver, running, under_load

__all__ = ["POSTERS", "measure"]

POSTERS = 10
"""Members who post, each its next message when its last one has come back. The others only read."""


def measure(effort: Effort) -> Iterator[Row]:
    """Deliveries/s: one delivery is one message received by one member. Fails unless all members get all messages."""
    with (
        compiled_peers() as peers,
        running(pyserver("chat"), peers.folder) as ours,
        running(peers.java("ChatServer"), peers.folder) as java,
    ):

        def rate(server: Server, members: int, posters: int) -> Callable[[], float]:
            return lambda: under_load(peers.load, "chat", server.port, members, posters, effort.seconds)["rate"]

        for members, posters, goal in ((10, POSTERS, None), (100, POSTERS, 2.0), (1000, POSTERS, 2.0), (100, 1, None)):
            rates, theirs = in_turns(effort.rounds, rate(ours, members, posters), rate(java, members, posters))
            work = f"chat, {members:,} members, {posters} of them posting"
            yield Ratio(work, "Java ChatServer", rates, theirs, "deliveries/s", goal)
