"""Taking samples alternately, so that other work of the machine affects both sides alike."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["QUICK", "THOROUGH", "Effort", "in_turns"]


@dataclass(frozen=True)
class Effort:
    """How many samples are taken of each side, and about how many seconds each takes."""

    rounds: int
    seconds: float


THOROUGH = Effort(rounds=7, seconds=1.0)
QUICK = Effort(rounds=3, seconds=0.2)


def in_turns(rounds: int, *measurements: Callable[[], float]) -> tuple[list[float], ...]:
    """The samples of each measurement, taken A B A B, after one call of each that does not count and warms up."""
    for measurement in measurements:
        measurement()
    samples: tuple[list[float], ...] = tuple([] for _ in measurements)
    for _ in range(rounds):
        for measurement, taken in zip(measurements, samples, strict=True):
            taken.append(measurement())
    return samples
