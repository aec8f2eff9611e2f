"""The command line: `python -m benchmarks [--only NAME] [--quick] [--json FILE] [--chart FILE]`."""

import argparse
import sys
from pathlib import Path

from benchmarks.chart import draw
from benchmarks.record import write_json
from benchmarks.rows import Row, UnavailableError
from benchmarks.sampling import QUICK, THOROUGH
from benchmarks.suite import BENCHMARKS
from benchmarks.table import as_table

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Runs the benchmarks; returns the exit status, which is 1 if one could not run, however fast the others are."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures this project against other programs, and prints ratios."
    )
    parser.add_argument(
        "--only", choices=BENCHMARKS, action="append", help="run only this one; may be given several times"
    )
    parser.add_argument("--quick", action="store_true", help="few and short samples, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the ratios there (.svg, .png)")
    options = parser.parse_args(arguments)

    tables: dict[str, list[Row]] = {}
    status = 0
    for name in options.only or BENCHMARKS:
        print(f"\n{name}: {BENCHMARKS[name].title}\n", flush=True)
        try:
            tables[name] = list(BENCHMARKS[name].measure(QUICK if options.quick else THOROUGH))
        except UnavailableError as reason:
            print(f"not measured: {reason}", flush=True)
            status = 1
            continue
        print(as_table(tables[name]), flush=True)
    if options.json:
        write_json(options.json, tables)
    if options.chart:
        draw(options.chart, [row for name, rows in tables.items() if BENCHMARKS[name].drawn for row in rows])
    return status


if __name__ == "__main__":
    sys.exit(main())
