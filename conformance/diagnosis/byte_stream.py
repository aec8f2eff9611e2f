"""One direction of a connection, made ready to be read many times."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from conformance.agent.recording import Direction

__all__ = ["ByteStream"]


@dataclass(frozen=True)
class ByteStream:
    """The bytes of a direction as far as they were read, and their times. More of them may come meanwhile."""

    data: bytes
    direction: Direction

    def until(self, end: int) -> ByteStream:
        """The same without the bytes from `end` on."""
        return replace(self, data=self.data[:end])

    def pieces_end(self, start: int, end: int) -> list[int]:
        """The offsets after `start`, up to `end`, at which a piece ended as it came."""
        ends = self.direction.received_to
        return ends[bisect_right(ends, start) : bisect_right(ends, end)]

    def came(self, offset: int) -> float:
        """When the byte at `offset` came."""
        return self.direction.came(offset)

    def had(self, offset: int) -> float | None:
        """When the other side could know the byte at `offset`; None if it never could."""
        if offset < 0:
            return float("-inf")  # nothing was to come
        if not self.direction.sent:
            return self.came(offset)  # a recording that only tells what came
        return self.direction.went(offset)
