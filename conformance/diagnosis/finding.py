"""What is found: a mistake, who made it, and where."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.agent.events import Side
from conformance.diagnosis.catalogue import MISTAKES, Mistake

__all__ = ["Finding", "Waiting"]


@dataclass(frozen=True)
class Waiting:
    """`side` waits for a field of the other, of which `missing` bytes have not come (None: nobody knows how many)."""

    side: Side
    field: str
    type: str
    missing: int | None
    since: float


@dataclass(frozen=True)
class Finding:
    """A mistake that fits the bytes of one side.

    It shows at `offset` among that side's bytes, where `field` was due; `raw` are the bytes there. `connections` are
    the numbers of those in which it shows, and `offset`, `round` and `raw` are of the first. `confidence` is how much
    of the belief in all that was tried falls on this one, from 0 to 1; it is a `guess` where something else fits nearly
    as well. `detail` says how the bytes read, supposing it.
    """

    key: str
    side: Side
    connections: tuple[int, ...]
    field: str | None
    type: str | None
    round: int | None
    offset: int
    raw: bytes
    detail: str
    confidence: float
    guess: bool
    waiting: tuple[Waiting, ...] = ()

    @property
    def mistake(self) -> Mistake:
        """What is to be known of the mistake wherever it is made."""
        return MISTAKES[self.key]
