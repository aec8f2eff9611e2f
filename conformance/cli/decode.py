"""`decode`: shows a recording that `tap --save` made, the same way again."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.model.lookup import find_protocol
from conformance.observe.formatting import JsonTeller, Teller, TextTeller
from conformance.observe.saved import read_saved
from conformance.observe.terminal import Paint, has_colours, print_line
from conformance.observe.viewer import STALL_SECONDS, Viewer

__all__ = ["ABOUT", "EPILOG", "add_arguments", "run"]

ABOUT = "show a saved conversation again"
EPILOG = """\
  {prog} lesson.json
  {prog} lesson.json --protocol chat          read as if they had spoken chat
  {prog} lesson.json --json > lesson.txt      a line of JSON for each event and field

The status is 0 if there was no problem, 1 if there was one, 2 if the file cannot be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `decode` takes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a .json file of `tap --save`")
    parser.add_argument(
        "--protocol", metavar="NAME|FILE.yaml", help="read it by this one, not by that of the recording"
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each event and field")


def run(arguments: argparse.Namespace) -> int:
    """Shows the file."""
    saved = read_saved(arguments.file)
    about = saved.about
    protocol = find_protocol(arguments.protocol) if arguments.protocol else about.protocol
    teller: Teller = JsonTeller(about.began) if arguments.json else TextTeller(Paint(has_colours()), about.began)
    print_line(
        teller.note(
            f"{arguments.file}: to {about.to}, network {about.network}; read as {protocol.protocol}",
            event="recording",
            to=about.to,
            network=about.network,
            protocol=protocol.protocol,
            began=about.began,
        )
    )
    viewer = Viewer(protocol, teller, print_line)
    for event in saved.events:
        viewer.look(event.at, STALL_SECONDS)
        viewer.add(event)
    if not saved.whole:
        print_line(teller.note("the file ends here, without its end: its tap was killed", event="cut"))
    viewer.end()
    return 1 if viewer.totals.problems else 0
