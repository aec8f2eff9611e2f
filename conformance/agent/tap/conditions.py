"""Network conditions: when the tap sends bytes on, and in what pieces; and what it does to a connection on purpose.

A condition never changes or reorders a byte, since TCP does not either. All but `then` change only times and pieces:
they lose nothing, and a right program passes in them.
"""

from __future__ import annotations

import random
from typing import Literal, NamedTuple, get_args

__all__ = ["ACTIONS", "DISTRIBUTIONS", "Action", "Conditions", "Distribution", "delay"]

Distribution = Literal["uniform", "normal", "pareto"]
DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)

Action = Literal["stall", "reset", "end", "vanish"]
ACTIONS: tuple[Action, ...] = get_args(Action)

_PARETO_SHAPE = 3.0  # most delays are small, and few are many times as long
_LONGEST = 10.0  # times `jitter_ms`


class Conditions(NamedTuple):
    """One network, as `networks.yaml` describes it; all zero is a direct connection. Each direction has its own.

    split       bytes in a segment, each sent only once the one before is read (0: as they come)
    hold_ms     milliseconds without new bytes after which everything held back is sent in one piece (0: no holding)
    latency_ms  milliseconds by which every piece is delayed
    jitter_ms   so many milliseconds more, at random; the order stays
    jitter      how these are distributed: `uniform` from 0 to `jitter_ms`; `normal` around half of it; `pareto`, a
                quarter of it at the median, and ten times of it at the most
    rate        bytes a second, at most (0: no limit)
    close_ms    milliseconds by which the end of a stream is late, behind its last byte
    stall_ms    milliseconds for which nothing is sent on, once, behind the first `after` bytes
    after       bytes behind which `stall_ms` and `then` take place, of the direction `of`, or of each
    of          the side whose bytes count: `client`, `server`, or empty for each
    then        what happens there: `stall` for ever; `reset` both sides; `end` both; `vanish`, where nobody hears
                anything any more, and neither side is told
    """

    split: int = 0
    hold_ms: float = 0
    latency_ms: float = 0
    jitter_ms: float = 0
    jitter: Distribution = "uniform"
    rate: int = 0
    close_ms: float = 0
    stall_ms: float = 0
    after: int = 0
    of: str = ""
    then: Action | Literal[""] = ""


def delay(conditions: Conditions, chance: random.Random) -> float:
    """Seconds by which one piece is delayed."""
    jitter, scale = 0.0, conditions.jitter_ms
    if scale:
        match conditions.jitter:
            case "uniform":
                jitter = chance.random() * scale
            case "normal":
                jitter = min(max(0.0, chance.gauss(scale / 2, scale / 4)), scale)
            case "pareto":
                jitter = min(scale * (chance.paretovariate(_PARETO_SHAPE) - 1), _LONGEST * scale)
    return (conditions.latency_ms + jitter) / 1000
