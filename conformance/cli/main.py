"""The frame of the command line: which commands there are, and how each ends."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

__all__ = ["main"]

# A command is a module of this package; a new one needs its name here, and nothing else.
_COMMANDS = ("check", "tap", "decode", "doctor", "report", "board")
_ABOUT = "For programs that talk over a socket: see what they say to each other, and find out what is wrong."
_EPILOG = """\
  {prog} doctor 192.168.1.20 --protocol addition
        can I reach that server, and does it understand me?
  {prog} check server 192.168.1.20 --protocol addition
        does it do right whatever a client does?
  {prog} tap --listen 9000 --to 192.168.1.20 --protocol addition
        what do my client and that server say to each other?
  {prog} COMMAND --help
        explains a command, with examples"""


class _Command(Protocol):
    ABOUT: str
    EPILOG: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command that `words` (by default those of the command line) ask for; returns its exit status."""
    try:
        return _run(sys.argv[1:] if words is None else words)
    except ModuleNotFoundError as error:
        if error.name not in ("jinja2", "psutil", "pydantic", "starlette", "uvicorn", "yaml"):
            raise
        print(
            f"this needs {error.name}: python -m pip install jinja2 psutil pydantic pyyaml starlette uvicorn",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the lines has gone, as in `... | head`. Nothing is left to say, at the very end neither.
        sys.stdout = None
        return 1


def _run(words: Sequence[str]) -> int:
    from conformance.cli.arguments import Parser
    from conformance.model import YamlError
    from conformance.model.lookup import UsageError

    prog = "python -m conformance" if Path(sys.argv[0]).name == "__main__.py" else Path(sys.argv[0]).name
    parser = Parser(prog=prog, description=_ABOUT, epilog=_EPILOG.format(prog=prog))
    known = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name in _COMMANDS:
        command = cast(_Command, importlib.import_module(f"conformance.cli.{name}"))
        epilog = command.EPILOG.format(prog=f"{prog} {name}")
        part = known.add_parser(name, help=command.ABOUT, description=command.ABOUT + ".", epilog=epilog)
        command.add_arguments(part)
        part.set_defaults(run=command.run)
    arguments = parser.parse_args(words)
    try:
        return int(arguments.run(arguments))
    except (UsageError, YamlError) as error:
        print(f"{prog} {arguments.command}: {error}", file=sys.stderr)
        return 2
