"""Network conditions: when the tap sends bytes on, and in what pieces.

A condition never changes, reorders or loses a byte, since TCP does not either. It changes only times and pieces.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Conditions"]


class Conditions(NamedTuple):
    """One network, as `networks.yaml` describes it; all zero is a direct connection.

    split       bytes in a segment, each sent only once the one before is read (0: as they come)
    hold_ms     milliseconds without new bytes after which everything held back is sent in one piece (0: no holding)
    latency_ms  milliseconds by which every piece is delayed
    jitter_ms   up to so many milliseconds more, at random; the order stays
    """

    split: int = 0
    hold_ms: float = 0
    latency_ms: float = 0
    jitter_ms: float = 0
