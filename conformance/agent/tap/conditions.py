"""Network conditions: when, and in what pieces, the bytes of one direction travel on.

A condition never changes, reorders or loses a byte: TCP promises that much to the programs. It decides about pieces and
times only, which is all that a program on a real network can be surprised by.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Conditions"]


@dataclass(frozen=True, slots=True)
class Conditions:
    """One network, as `networks.yaml` describes it; all zero is a direct line.

    split       bytes in a segment, each segment sent only when the one before has left (0: as they come)
    hold_ms     hold everything back until nothing has come for so long, then send it in one piece
    latency_ms  every piece arrives so much later
    jitter_ms   and up to so much later again, at random; the order stays
    """

    split: int = 0
    hold_ms: float = 0
    latency_ms: float = 0
    jitter_ms: float = 0

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Conditions:
        """The conditions in a control message."""
        return cls(**entry)

    def to_json(self) -> dict[str, Any]:
        """The conditions for a control message."""
        return asdict(self)
