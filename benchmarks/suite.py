"""Which benchmarks there are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks import addition, chat, growth
from benchmarks.rows import Row
from benchmarks.sampling import Effort

__all__ = ["BENCHMARKS", "Benchmark"]


@dataclass(frozen=True)
class Benchmark:
    """What its table is about, and how its rows are had."""

    title: str
    measure: Callable[[Effort], Iterable[Row]]


BENCHMARKS = {
    "addition": Benchmark("the servers that add, requests/s", addition.measure),
    "chat": Benchmark("the chat servers, deliveries/s", chat.measure),
    "growth": Benchmark("what more clients cost", growth.measure),
}
"""By the name that `--only` takes."""
