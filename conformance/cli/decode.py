"""`decode`: shows a recording that `tap --save` made, the same way again."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from conformance.cli.arguments import Parser
from conformance.cli.formatting import JsonLines, Lines, TextLines
from conformance.cli.terminal import Paint, has_colours, print_line
from conformance.model.lookup import find_protocol
from conformance.observe.saved import read_saved
from conformance.observe.viewer import STALL_SECONDS, Viewer

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    """What `decode` takes."""
    text = parser.words.text
    parser.add_argument("file", type=Path, metavar=text("cli.metavar.file"), help=text("cli.decode.help.file"))
    parser.add_argument("--protocol", metavar=text("cli.metavar.protocol"), help=text("cli.decode.help.protocol"))
    parser.add_argument("--json", action="store_true", help=text("cli.help.json-events"))


def run(arguments: Namespace) -> int:
    """Shows the file."""
    saved = read_saved(arguments.file)
    about = saved.about
    protocol = find_protocol(arguments.protocol) if arguments.protocol else about.protocol
    paint = Paint(has_colours())
    lines: Lines = JsonLines(about.began) if arguments.json else TextLines(arguments.words, paint, about.began)
    facts = {"to": about.to, "network": about.network, "protocol": protocol.protocol}
    told = lines.words.text("cli.decode.recording", {"path": arguments.file, **facts})
    print_line(lines.note("recording", told, began=about.began, **facts))
    viewer = Viewer(protocol, lambda event: print_line(lines.event(event)))
    for event in saved.events:
        viewer.look(event.at, STALL_SECONDS)
        viewer.add(event)
    if not saved.whole:
        print_line(lines.note("cut", lines.words.text("cli.decode.cut")))
    viewer.end()
    print_line(lines.totals(viewer.totals))
    return 1 if viewer.totals.problems else 0
