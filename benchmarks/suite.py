"""The list of benchmarks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks import addition, board, cell, chat, decoder, growth, modified_utf8, streams, tap, visibility
from benchmarks.rows import Row
from benchmarks.sampling import Effort

__all__ = ["BENCHMARKS", "Benchmark"]


@dataclass(frozen=True)
class Benchmark:
    """The title of its table, the function that yields its rows, and whether they are part of the chart."""

    title: str
    measure: Callable[[Effort], Iterable[Row]]
    drawn: bool = True


BENCHMARKS = {
    "addition": Benchmark("the servers that add, requests/s", addition.measure),
    "chat": Benchmark("the chat servers, deliveries/s", chat.measure),
    "growth": Benchmark("what more clients cost", growth.measure),
    "visibility": Benchmark("how soon a line is on the console", visibility.measure),
    "modified-utf8": Benchmark("modified UTF-8, texts/s", modified_utf8.measure, drawn=False),
    "streams": Benchmark("values through the streams, values/s", streams.measure),
    "decoder": Benchmark("the decoder, a field of a long session", decoder.measure, drawn=False),
    "cell-processes": Benchmark("a cell of the matrix, its programs as processes", cell.measure_processes),
    "tap": Benchmark("two programs with a tap between them", tap.measure),
    "board": Benchmark("the live board between programs and a page that looks on", board.measure, drawn=False),
    "cell-containers": Benchmark("a cell of the matrix, its programs in containers", cell.measure_containers),
}
"""Benchmarks by the names that `--only` takes."""
