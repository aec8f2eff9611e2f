"""Benchmarks against other programs of the same kind: `make benchmark`, or `python -m benchmarks --help`.

A benchmark is a module with a function `measure(effort) -> Iterator[Row]`, and a line in `suite.py`. It takes samples
of both sides alternately (`sampling.py`) and yields rows (`rows.py`), from which the tables, the JSON and the chart are
made.
"""

__all__: list[str] = []
