"""`check`: all cases of a protocol against one program, wherever it runs; the harness plays the other side itself."""

from __future__ import annotations

import argparse
import json
import socket
import time
from collections.abc import Iterator

from conformance.commands.arguments import Place, UsageError, find_protocol, listen_place, place
from conformance.commands.terminal import Paint, has_colours, print_line
from conformance.mistakes import diagnose, explain, to_json
from conformance.model import Protocol
from conformance.play.cases import Case, CaseFile, load_cases
from conformance.play.player import Outcome, play_against_client, play_against_server
from conformance.play.steps import Receive, Send, Silence, Step

__all__ = ["ABOUT", "EPILOG", "add_arguments", "run"]

ABOUT = "go through all cases of a protocol against a server or a client, and say what it does wrong"
EPILOG = """\
  {prog} server 192.168.1.20 --protocol addition         all cases against a server that is running
  {prog} server localhost:9001 --protocol chat --only text
  {prog} client --port 8999 --protocol addition          listens, and judges whoever connects, case by case

A case that fails is a sentence, with the mistake that fits the bytes if one is known. The status is 0 if the program
stood all cases, 1 if not, 2 for a command line that cannot be understood."""

_CONNECT_SECONDS = 10.0
_PROBE_MS = 700


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
    for side in (server, client):
        side.add_argument("--protocol", required=True, metavar="NAME|FILE.yaml", help="what it should speak")
        side.add_argument("--only", default="", metavar="TEXT", help="the cases that have this in their name")
        side.add_argument("--json", action="store_true", help="a line of JSON for each case")


def run(arguments: argparse.Namespace) -> int:
    """Goes through the cases, and tells each as soon as it is judged."""
    protocol = find_protocol(arguments.protocol)
    file = load_cases(protocol.protocol, arguments.side)
    if file is None:
        raise UsageError(f"there are no cases against a {arguments.side} of {protocol.protocol!r}")
    teller = _Teller(protocol, as_json=arguments.json)
    if arguments.side == "server":
        server: Place = arguments.server
        outcomes = _against_server(protocol, file, server.host, server.port or protocol.port, arguments.only)
    else:
        listen: Place = arguments.port or Place("", protocol.port)
        outcomes = _against_client(
            file, listen.host, protocol.port if listen.port is None else listen.port, arguments.only, teller
        )
    for case, outcome in outcomes:
        teller.tell(case, outcome)
    return teller.end()


def _against_server(
    protocol: Protocol, file: CaseFile, host: str, port: int, only: str
) -> Iterator[tuple[Case, Outcome]]:
    at_once = _serves_at_once(file, host, port)
    for case in file.cases:
        if only in case.name and case.serves in ("both", "at once" if at_once else "one at a time"):
            yield case, play_against_server(case.steps, file.afterwards, host, port)


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


def _against_client(file: CaseFile, host: str, port: int, only: str, teller: _Teller) -> Iterator[tuple[Case, Outcome]]:
    cases = [case for case in file.cases if only in case.name and case.listens]
    try:
        listener = _listen(host, port)
    except OSError as error:
        raise UsageError(f"cannot listen on port {port}: {error.strerror or error}") from None
    with listener:
        for number, case in enumerate(cases, 1):
            here = listener.getsockname()[1]
            teller.ask(f"{number} of {len(cases)}, {case.name}: {case.about}. Start your client now, with port {here}.")
            yield case, play_against_client(case.steps, listener, 1, wait=None)


def _listen(host: str, port: int) -> socket.socket:
    if not host and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server((host, port))


class _Teller:
    def __init__(self, protocol: Protocol, *, as_json: bool) -> None:
        self._protocol = protocol
        self._as_json = as_json
        self._paint = Paint(has_colours())
        self._passed = self._failed = 0
        self._began = time.monotonic()

    def ask(self, line: str) -> None:
        if not self._as_json:
            print_line(self._paint(line, "bold"))

    def tell(self, case: Case, outcome: Outcome) -> None:
        findings = []
        if outcome.problem is None:
            self._passed += 1
        else:
            self._failed += 1
            findings = diagnose(self._protocol, outcome.recording.connections, now=time.monotonic(), suspect=True)
        if self._as_json:
            mistakes = [to_json(finding) for finding in findings]
            verdict = "failed" if outcome.problem else "passed"
            print_line(
                json.dumps({"case": case.name, "verdict": verdict, "reason": outcome.problem, "mistakes": mistakes})
            )
        elif outcome.problem is None:
            print_line(f"{self._paint('ok    ', 'green')}  {case.name}")
        else:
            print_line(f"{self._paint('FAILED', 'red', 'bold')}  {case.name}: {case.about}")
            print_line(f"        {outcome.problem}")
            for finding in findings[:1]:
                for line in explain(finding).splitlines():
                    print_line(f"        {line}")

    def end(self) -> int:
        seconds = time.monotonic() - self._began
        if self._as_json:
            print_line(json.dumps({"event": "summary", "passed": self._passed, "failed": self._failed}))
        else:
            line = f"{self._passed} ok, {self._failed} failed, in {seconds:.1f} s"
            print_line(self._paint(line, "red" if self._failed else "green", "bold"))
        return 1 if self._failed or not self._passed else 0
