"""`check`: all cases of a protocol against one program, wherever it runs; the harness plays the other side itself."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator, Sequence

from conformance.agent.addresses import listen_everywhere
from conformance.agent.player.player import Outcome, play_against_client, play_against_server
from conformance.agent.player.steps import Receive, Send, Silence, Step
from conformance.cli.arguments import Parser, seconds
from conformance.cli.operator_prompt import OperatorPrompt, can_be_typed
from conformance.cli.terminal import Paint, has_colours
from conformance.cli.verdicts import Verdicts
from conformance.model import Protocol
from conformance.model.cases import Case, CaseFile, load_cases
from conformance.model.lookup import UsageError, find_case_files, find_protocol
from conformance.observe.places import Place, listen_place, place

__all__ = ["add_arguments", "run"]

_SERVER_SECONDS = _CLIENT_SECONDS = 5.0
_TYPED_SECONDS = 120.0
_PROBE_SECONDS = 0.7
_BACKLOG = 512  # a client may make hundreds of connections at once


def add_arguments(parser: Parser) -> None:
    """What `check` takes."""
    words = parser.words
    sides = parser.add_subparsers(dest="side", metavar=words.text("cli.check.side"), required=True)
    server = sides.add_parser("server", help=words.text("cli.check.server"))
    server.add_argument(
        "server",
        type=place,
        metavar=words.text("cli.check.metavar.host"),
        help=words.text("cli.check.server.place"),
    )
    client = sides.add_parser("client", help=words.text("cli.check.client"))
    client.add_argument(
        "--port",
        type=listen_place,
        metavar=words.text("cli.check.metavar.port"),
        help=words.text("cli.check.port"),
    )
    client.add_argument(
        "--connections",
        type=_count,
        metavar=words.text("cli.check.metavar.number"),
        help=words.text("cli.check.connections"),
    )
    for side in (server, client):
        for name, metavar, options in (
            ("protocol", "protocol", {"required": True}),
            ("only", "text", {"default": ""}),
            ("timeout", "seconds", {"type": seconds}),
        ):
            side.add_argument(
                f"--{name}",
                metavar=words.text(f"cli.check.metavar.{metavar}"),
                help=words.text(f"cli.check.{name}"),
                **options,
            )
        # Its name until it was `--timeout`.
        side.add_argument("--patience", dest="timeout", type=seconds, help=argparse.SUPPRESS, default=argparse.SUPPRESS)
        side.add_argument("--json", action="store_true", help=words.text("cli.check.json"))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise UsageError("cli.check.usage.connections", text=text)
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Goes through the cases, and tells each as soon as it is judged."""
    protocol = find_protocol(arguments.protocol)
    file = load_cases(find_case_files(arguments.protocol)).get((protocol.protocol, arguments.side))
    if file is None:
        raise UsageError(f"cli.check.usage.no-cases.{arguments.side}", protocol=protocol.protocol)
    paint = Paint(has_colours())
    verdicts = Verdicts(protocol, arguments.words, paint, side=arguments.side, as_json=arguments.json)
    cases = [case for case in file.cases if arguments.only in case.name]
    left_out = 0
    if arguments.side == "server":
        server: Place = arguments.server
        outcomes = _against_server(file, cases, server.host, server.port or protocol.port, arguments.timeout)
    else:
        cases = [case for case in cases if case.listens]
        everything = len(cases)
        if not arguments.json:  # a program can type what a person cannot
            cases = [case for case in cases if can_be_typed(case)]
        left_out = everything - len(cases)
        prompt = OperatorPrompt(arguments.words, paint, as_json=arguments.json)
        outcomes = _against_client(file, cases, _listen(arguments.port, protocol), prompt, arguments)
    try:
        for case, outcome in outcomes:
            verdicts.tell(case, outcome)
    except KeyboardInterrupt:
        verdicts.end(left_out)
        raise
    return verdicts.end(left_out)


def _against_server(
    file: CaseFile, cases: Sequence[Case], host: str, port: int, timeout: float | None
) -> Iterator[tuple[Case, Outcome]]:
    ways = {case.serves for case in cases}
    if ways != {"both"}:
        ways = {"both", "at once" if _serves_at_once(file, host, port) else "one at a time"}
    for case in cases:
        if case.serves in ways:
            yield (
                case,
                play_against_server(case.steps, file.afterwards, host, port, timeout=timeout or _SERVER_SECONDS),
            )


def _serves_at_once(file: CaseFile, host: str, port: int) -> bool:
    """Whether a second client is served while a first one says nothing."""
    second = tuple(_by_another(step) for step in file.afterwards)
    waiting: tuple[Step, ...] = (Send(()), Silence(1))
    return play_against_server((*waiting, *second), (), host, port, timeout=_PROBE_SECONDS).problem is None


def _by_another(step: Step) -> Step:
    match step:
        case Send(send=items):
            return Send(items, by="b")
        case Receive(receive=items):
            return Receive(items, by="b")
    return step


def _against_client(
    file: CaseFile,
    cases: Sequence[Case],
    listener: socket.socket,
    prompt: OperatorPrompt,
    arguments: argparse.Namespace,
) -> Iterator[tuple[Case, Outcome]]:
    # What somebody types takes as long as a person takes; and a client that somebody types to makes one connection.
    timeout = arguments.timeout or (_TYPED_SECONDS if file.typed else _CLIENT_SECONDS)
    connections = arguments.connections or (1 if file.typed else None)
    with listener:
        for number, case in enumerate(cases, 1):
            prompt.start(case, number, len(cases), listener.getsockname()[1], typed=file.typed)
            outcome = play_against_client(case.steps, listener, connections, timeout=timeout, wait=None, operate=prompt)
            prompt.end(case)
            yield case, outcome


def _listen(where: Place | None, protocol: Protocol) -> socket.socket:
    host, port = where.host if where else "", protocol.port if where is None or where.port is None else where.port
    try:
        listener = socket.create_server((host, port)) if host else listen_everywhere(port)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise UsageError("cli.check.usage.listen", port=port, reason=error.strerror or str(error)) from None
    return listener
