"""`report`: makes the page of a run from its records, once more."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from conformance.agent.problem import Problem
from conformance.cli.arguments import Parser
from conformance.cli.terminal import print_line
from conformance.formatting import sentence
from conformance.model.lookup import UsageError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("results", type=Path, metavar="cli.metavar.results", help="cli.report.help.results")
    parser.add_argument("--out", type=Path, metavar="cli.metavar.file", help="cli.report.help.out")
    parser.add_argument("--compare", type=Path, metavar="cli.metavar.earlier", help="cli.report.help.compare")


def run(arguments: Namespace) -> int:
    # Here, since every other command does without the template engine.
    from conformance.report.builder import write_report

    unreadable: list[Problem] = []
    try:
        path = write_report(arguments.results, arguments.out, arguments.compare, unreadable.append)
    except OSError as error:
        raise UsageError("cli.usage.unwritable", path=error.filename, reason=error.strerror) from error
    for problem in unreadable:
        print_line(sentence(problem, arguments.words))
    print_line(str(path))
    return 1 if unreadable else 0
