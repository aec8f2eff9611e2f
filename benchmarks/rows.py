"""Results of benchmarks: a ratio of two sides, or a figure of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Figure", "Ratio", "Row", "UnavailableError"]


class UnavailableError(Exception):
    """The benchmark cannot run here. The message says what is missing."""


@dataclass(frozen=True)
class Ratio:
    """How many times as fast this project is. The n-th samples of both sides were taken one after the other."""

    work: str
    against: str
    ours: Sequence[float]
    theirs: Sequence[float]
    unit: str
    at_least: float | None = None
    remark: str = ""

    @property
    def values(self) -> list[float]:
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        return None if self.at_least is None else median(self.values) >= self.at_least


@dataclass(frozen=True)
class Figure:
    """A quantity of one side: bytes of a client, seconds of a cell."""

    work: str
    values: Sequence[float]
    unit: str
    at_most: float | None = None
    remark: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        return None if self.at_most is None else median(self.values) <= self.at_most


Row = Ratio | Figure
