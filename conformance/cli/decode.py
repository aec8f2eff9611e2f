"""`decode`: shows a recording that `tap --save` made, the same way again."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from conformance.cli.arguments import Parser
from conformance.cli.formatting import lines_of
from conformance.cli.terminal import print_line
from conformance.model.lookup import find_protocol_or_raw
from conformance.observe.live_conversation import Viewer
from conformance.observe.saved import read_saved

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    parser.add_argument("file", type=Path, metavar="cli.metavar.file", help="cli.decode.help.file")
    parser.add_argument("--protocol", metavar="cli.metavar.protocol", help="cli.decode.help.protocol")
    parser.add_argument("--json", action="store_true", help="cli.help.json-events")


def run(arguments: Namespace) -> int:
    about, events, whole = read_saved(arguments.file)
    protocol = find_protocol_or_raw(arguments.protocol) if arguments.protocol else about.protocol
    lines = lines_of(arguments, about.began)
    facts = {"to": about.to, "network": about.network, "protocol": protocol.protocol}
    told = {"path": arguments.file, **facts}
    print_line(lines.note("recording", "cli.decode.recording", told, began=about.began, **facts))
    viewer = Viewer(protocol, lambda event: print_line(lines.event(event)))
    for event in events:
        viewer.look(event.at)
        viewer.add(event)
    if not whole:
        print_line(lines.note("cut", "cli.decode.cut", {}))
    viewer.end()
    print_line(lines.totals(viewer.totals))
    return 1 if viewer.totals.problems else 0
