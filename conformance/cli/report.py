"""`report`: makes the page of a run from its records, once more."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.model.lookup import UsageError

__all__ = ["ABOUT", "EPILOG", "add_arguments", "run"]

ABOUT = "make the page of a run from its results folder"
EPILOG = """\
  {prog} results                                     of the latest run in there, into its own folder
  {prog} results/2026-03-02T10-15-00 --out page.html
  {prog} results --compare results/2026-03-01T18-00-00
        what newly fails, newly passes, appeared and vanished since then

Every `pytest conformance/` makes this page by itself. The status is 0, or 2 if there are no results to be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `report` takes."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="the folder of a run, or one that has runs in it")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the page (default: report.html in the run's folder)")
    parser.add_argument(
        "--compare", type=Path, metavar="EARLIER", help="the results folder of an earlier run: say what changed since"
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the page and prints its path."""
    # Here, since every other command does without the template engine.
    from conformance.report.builder import write_report
    from conformance.results.reading import ReportError

    try:
        print(write_report(arguments.results, arguments.out, arguments.compare))
    except ReportError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written: {error.strerror}") from error
    return 0
