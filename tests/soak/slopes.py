"""Whether a series grows: its slope, how sure that is, and the word on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

__all__ = ["Slope", "Word", "slope_of"]

Word = Literal["flat", "grows", "too short to tell"]

# What is not looked at, of the time and in seconds at least: memories fill up to their bounds, code is compiled.
_WARM_UP, _WARM_UP_SECONDS = 0.25, 180.0
_FEWEST = 8  # blocks
_SURE = 3.5  # standard errors: with eight blocks, one series in a thousand looks so by chance


@dataclass(frozen=True)
class Slope:
    """`per_hour` is the slope, give or take `error`; so much of it as is `tolerated` is no growth."""

    word: Word
    per_hour: float
    error: float
    tolerated: float
    typical: float

    def to_json(self) -> dict[str, Any]:
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def slope_of(series: Sequence[tuple[float, float]], floor: float, share: float) -> Slope:
    """The slope of pairs of seconds and values, behind the warm-up.

    An hour may add `share` of the median, or `floor` where that is more. Samples depend on those before them, so the
    regression is over the medians of blocks of them.
    """
    end = series[-1][0] if series else 0.0
    late = [pair for pair in series if pair[0] >= max(end * _WARM_UP, _WARM_UP_SECONDS)]
    size = max(1, len(late) // (2 * _FEWEST))
    blocks = [late[at : at + size] for at in range(0, len(late) - size + 1, size)]
    points = [(median(at for at, _ in block) / 3600, median(value for _, value in block)) for block in blocks]
    typical = median(value for _, value in points) if points else 0.0
    tolerated = max(floor, share * typical)
    if len(points) < _FEWEST:
        return Slope("too short to tell", 0.0, math.inf, tolerated, typical)
    mean_at, mean = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    spread = sum((at - mean_at) ** 2 for at, _ in points)
    slope = sum((at - mean_at) * (value - mean) for at, value in points) / spread
    rest = sum((value - mean - slope * (at - mean_at)) ** 2 for at, value in points)
    error = _SURE * math.sqrt(rest / (len(points) - 2) / spread)
    word: Word = "too short to tell"
    if slope - error > tolerated:
        word = "grows"
    elif slope + error <= tolerated:
        word = "flat"
    return Slope(word, slope, error, tolerated, typical)
