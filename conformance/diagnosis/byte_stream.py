"""One direction of a connection, made ready to be read many times: its bytes at hand, its times found quickly."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from conformance.agent.events import Side
from conformance.agent.recording import Connection, Direction
from conformance.diagnosis.codec import Source

__all__ = ["Lane", "lane_of"]


@dataclass(frozen=True)
class Lane:
    """What `side` sent, and when."""

    side: Side
    source: Source
    closed: bool
    came_at: tuple[float, ...]
    went_to: tuple[int, ...]
    went_at: tuple[float, ...]

    @property
    def data(self) -> bytes:
        """All its bytes."""
        return self.source.data

    def came(self, offset: int) -> float:
        """When the byte at `offset` came."""
        return self.came_at[bisect_right(self.source.cuts, offset)]

    def had(self, offset: int) -> float | None:
        """When the other side could know the byte at `offset`; None if it never could."""
        if offset < 0:
            return float("-inf")  # nothing was to come
        if not self.went_to:
            return self.came(offset)  # a recording that only tells what came
        index = bisect_right(self.went_to, offset)
        return self.went_at[index] if index < len(self.went_to) else None


def lane_of(connection: Connection, side: Side) -> Lane:
    """The direction in which `side` sends."""
    direction: Direction = connection.direction(side)
    received, sent = tuple(direction.received), tuple(direction.sent)  # the tap's thread may add to them
    return Lane(
        side,
        Source(b"".join(data for _, data in received), tuple(accumulate(len(data) for _, data in received))),
        direction.closed,
        tuple(at for at, _ in received),
        tuple(accumulate(size for _, size in sent)),
        tuple(at for at, _ in sent),
    )
