"""The frame of the command line: which commands there are, how each ends, and in which language it speaks."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]

# A command is a module of this package, and its texts are `cli.NAME.about` and `cli.NAME.epilog`.
_COMMANDS = ("check", "tap", "decode", "doctor", "explain", "report", "board")
_PACKAGES = ("babel", "jinja2", "psutil", "pydantic", "starlette", "uvicorn", "yaml")


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command that `words` (by default those of the command line) ask for; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever the locale says: texts are French, and hold what peers sent
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        return _run(sys.argv[1:] if words is None else words)
    except ModuleNotFoundError as error:
        if error.name not in _PACKAGES:
            raise
        # In English: the catalogues of the other languages are read by one of these packages.
        needed = "python -m pip install 'java-python-sockets[conformance]'"
        print(f"this needs {error.name}: {needed}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the lines has gone, as in `... | head`. Nothing is left to say, at the very end neither.
        sys.stdout = None
        return 1


def _run(line: Sequence[str]) -> int:
    from conformance.agent.problem import ProblemError
    from conformance.cli.arguments import Parser, argparse_speaks, language_of, usage_sentence
    from conformance.cli.terminal import print_error
    from conformance.formatting import catalogue, sentence
    from conformance.model import YamlError
    from conformance.model.lookup import UsageError

    words = catalogue(language_of(line))
    argparse_speaks(words)
    prog = "python -m conformance" if Path(sys.argv[0]).name == "__main__.py" else Path(sys.argv[0]).name
    parser = Parser(
        words=words, prog=prog, description=words.text("cli.about"), epilog=words.text("cli.epilog", {"prog": prog})
    )
    known = parser.add_subparsers(dest="command", metavar=words.text("cli.metavar.command"), required=True)
    for name in _COMMANDS:
        about = words.text(f"cli.{name}.about")
        epilog = words.text(f"cli.{name}.epilog", {"prog": f"{prog} {name}"})
        part = known.add_parser(name, help=about, description=f"{about}.", epilog=epilog)
        if name in line:  # the others are not loaded: it takes longer than what some of them do
            command: Any = importlib.import_module(f"conformance.cli.{name}")
            command.add_arguments(part)
            part.set_defaults(run=command.run, words=words)
    arguments = parser.parse_args(line)
    try:
        return int(arguments.run(arguments))
    except UsageError as error:
        told = usage_sentence(error, words)
    except ProblemError as error:
        told = sentence(error.problem, words)
    except YamlError as error:
        told = str(error)
    print_error(f"{prog} {arguments.command}: {told}")
    return 2
