"""`check`: all cases of a protocol against one program, wherever it runs; the harness plays the other side itself."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator, Sequence

from conformance.agent.player.player import Outcome, play_against_client, play_against_server
from conformance.agent.player.steps import Receive, Send, Silence, Step
from conformance.cli.operator_prompt import Asking, can_be_typed
from conformance.cli.verdicts import Verdicts
from conformance.model import Protocol
from conformance.model.cases import Case, CaseFile, load_cases
from conformance.model.lookup import UsageError, find_case_files, find_protocol
from conformance.observe.places import Place, listen_place, place
from conformance.observe.terminal import Paint, has_colours

__all__ = ["ABOUT", "EPILOG", "add_arguments", "run"]

ABOUT = "go through all cases of a protocol against a server or a client, and say what it does wrong"
EPILOG = """\
  {prog} server 192.168.1.20 --protocol addition         all cases against a server that is running
  {prog} server localhost:9001 --protocol chat --only text
  {prog} client --port 8999 --protocol addition          listens, and judges whoever connects, case by case
  {prog} client --protocol chat                          says besides what to type into the client, and when

A case that fails is a sentence, with the mistake that fits the bytes if one is known. A case that is rough is one in
which the program does just what the course's own Java does, and no mistake. The status is 0 if the program stood all
cases, 1 if not, 2 for a command line that cannot be understood."""

_SERVER_SECONDS = _CLIENT_SECONDS = 5.0
_TYPED_SECONDS = 120.0
_PATIENCE_LIMIT = 3600
_PROBE_MS = 700
_BACKLOG = 512  # a client may make hundreds of connections at once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `check` takes."""
    sides = parser.add_subparsers(dest="side", metavar="server|client", required=True)
    server = sides.add_parser("server", help="a server that is running somewhere")
    server.add_argument(
        "server", type=place, metavar="HOST[:PORT]", help="port 8999, or the protocol's, if none is given"
    )
    client = sides.add_parser("client", help="whoever connects to this machine")
    client.add_argument(
        "--port", type=listen_place, default=None, metavar="[HOST:]PORT", help="default: the protocol's"
    )
    client.add_argument(
        "--connections",
        type=_count,
        default=None,
        metavar="NUMBER",
        help="how many connections your client makes; default: all that come are judged",
    )
    for side in (server, client):
        side.add_argument("--protocol", required=True, metavar="NAME|FILE.yaml", help="what it should speak")
        side.add_argument("--only", default="", metavar="TEXT", help="the cases that have this in their name")
        side.add_argument(
            "--patience",
            type=_seconds,
            default=None,
            metavar="SECONDS",
            help="how long what must come may take; default: 5, and 120 where a person types",
        )
        side.add_argument("--json", action="store_true", help="a line of JSON for each case")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"a number of connections is 1 or more, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _PATIENCE_LIMIT:
        raise argparse.ArgumentTypeError(
            f"to be patient takes a number of seconds up to {_PATIENCE_LIMIT}, not {text!r}"
        )
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Goes through the cases, and tells each as soon as it is judged."""
    protocol = find_protocol(arguments.protocol)
    file = load_cases(find_case_files(arguments.protocol)).get((protocol.protocol, arguments.side))
    if file is None:
        raise UsageError(
            f"there are no cases against a {arguments.side} of {protocol.protocol!r}: "
            "those of a protocol of your own stand in the folder `cases` beside its file"
        )
    paint = Paint(has_colours())
    verdicts = Verdicts(protocol, paint, side=arguments.side, as_json=arguments.json)
    cases = [case for case in file.cases if arguments.only in case.name]
    left_out = 0
    if arguments.side == "server":
        server: Place = arguments.server
        outcomes = _against_server(file, cases, server.host, server.port or protocol.port, arguments.patience)
    else:
        cases = [case for case in cases if case.listens]
        everything = len(cases)
        if not arguments.json:  # a program can type what a person cannot
            cases = [case for case in cases if can_be_typed(case)]
        left_out = everything - len(cases)
        asking = Asking(paint, as_json=arguments.json)
        outcomes = _against_client(file, cases, _listen(arguments.port, protocol), asking, arguments)
    try:
        for case, outcome in outcomes:
            verdicts.tell(case, outcome)
    except KeyboardInterrupt:
        verdicts.end(left_out)
        raise
    return verdicts.end(left_out)


def _against_server(
    file: CaseFile, cases: Sequence[Case], host: str, port: int, patience: float | None
) -> Iterator[tuple[Case, Outcome]]:
    ways = {case.serves for case in cases}
    if ways != {"both"}:
        ways = {"both", "at once" if _serves_at_once(file, host, port) else "one at a time"}
    for case in cases:
        if case.serves in ways:
            yield (
                case,
                play_against_server(case.steps, file.afterwards, host, port, patience=patience or _SERVER_SECONDS),
            )


def _serves_at_once(file: CaseFile, host: str, port: int) -> bool:
    """Whether a second client is served while a first one says nothing."""
    second = tuple(_by_another(step) for step in file.afterwards)
    waiting: tuple[Step, ...] = (Send(()), Silence(1))
    return play_against_server((*waiting, *second), (), host, port, patience=_PROBE_MS / 1000).problem is None


def _by_another(step: Step) -> Step:
    match step:
        case Send(send=items):
            return Send(items, by="b")
        case Receive(receive=items):
            return Receive(items, by="b")
    return step


def _against_client(
    file: CaseFile, cases: Sequence[Case], listener: socket.socket, asking: Asking, arguments: argparse.Namespace
) -> Iterator[tuple[Case, Outcome]]:
    # What somebody types takes as long as a person takes; and a client that somebody types to makes one connection.
    patience = arguments.patience or (_TYPED_SECONDS if file.typed else _CLIENT_SECONDS)
    connections = arguments.connections or (1 if file.typed else None)
    with listener:
        for number, case in enumerate(cases, 1):
            asking.start(case, number, len(cases), listener.getsockname()[1], typed=file.typed)
            outcome = play_against_client(
                case.steps, listener, connections, patience=patience, wait=None, operate=asking
            )
            asking.end(case)
            yield case, outcome


def _listen(where: Place | None, protocol: Protocol) -> socket.socket:
    host, port = where.host if where else "", protocol.port if where is None or where.port is None else where.port
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)
        return socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(f"cannot listen on port {port}: {error.strerror or error}") from None
