"""Speed, side by side with the peers: `make benchmark`, or `python -m benchmarks --help`.

A benchmark is a module with a function `measure(effort) -> Iterator[Row]`, and a line in `suite.py`. It measures both
sides in turns (`sampling.py`) and says what came of it (`rows.py`); tables, JSON and the picture are made from that.
"""

__all__: list[str] = []
