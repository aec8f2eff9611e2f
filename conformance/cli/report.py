"""`report`: makes the page of a run from its records, once more."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from conformance.cli.arguments import Parser
from conformance.cli.terminal import print_line
from conformance.model.lookup import UsageError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("results", type=Path, metavar="cli.metavar.results", help="cli.report.help.results")
    parser.add_argument("--out", type=Path, metavar="cli.metavar.file", help="cli.report.help.out")
    parser.add_argument("--compare", type=Path, metavar="cli.metavar.earlier", help="cli.report.help.compare")


def run(arguments: Namespace) -> int:
    # Here, since every other command does without the template engine.
    from conformance.report.builder import write_report

    try:
        print_line(str(write_report(arguments.results, arguments.out, arguments.compare)))
    except OSError as error:
        raise UsageError("cli.usage.unwritable", path=error.filename, reason=error.strerror) from error
    return 0
