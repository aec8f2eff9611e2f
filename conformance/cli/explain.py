"""`explain`: a student's error message, and what it means."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from conformance.cli.arguments import Parser
from conformance.cli.terminal import paint, print_line
from conformance.formatting.errors import error_texts
from conformance.model.error_messages import explain_error, known_errors

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("message", nargs="*", metavar="cli.metavar.message", help="cli.explain.text")
    parser.add_argument("--json", action="store_true", help="cli.explain.json")


def run(arguments: Namespace) -> int:
    """Explains each known line; the status is 1 where none is known."""
    words = arguments.words
    text = " ".join(arguments.message)
    if text in ("", "-"):
        text = sys.stdin.read()
    found = explain_error(text)
    for error in found:
        texts = error_texts(error, words)
        if arguments.json:
            print_line(json.dumps({"key": error.key, "line": error.line, "values": error.values, **texts}))
            continue
        print_line(paint(error.line, "bold"))
        for name, told in texts.items():
            print_line(words.text(f"cli.explain.{name}", {name: told}))
    if not found and not arguments.json:
        print_line(words.text("cli.explain.unknown", {"count": len(known_errors())}))
    return 0 if found else 1
