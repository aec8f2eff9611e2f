"""`check`: all cases of a protocol against one program, wherever it runs; the harness plays the other side itself."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from babel.numbers import format_decimal

from conformance.agent.events import Side
from conformance.agent.player.player import Outcome, Reply, play_against_client, play_against_server
from conformance.agent.player.steps import Input, OperatorStep, Receive, Send, Shows, Silence, Step, Type
from conformance.cli.arguments import Parser, seconds
from conformance.cli.formatting import problem_as_json
from conformance.cli.tap import listener
from conformance.cli.terminal import Colour, paint, print_line
from conformance.decoder import read_conversations
from conformance.diagnosis import Finding, diagnose
from conformance.formatting import Catalogue, sentence
from conformance.formatting.findings import explain, finding_to_json
from conformance.model import Protocol
from conformance.model.cases import Case, CaseFile, all_steps, load_cases
from conformance.model.lookup import UsageError, find_case_files, find_protocol
from conformance.observe.places import Place, listen_place, place

__all__ = ["add_arguments", "run"]

_SECONDS = 5.0
_TYPED_SECONDS = 120.0
_PROBE_SECONDS = 0.7
_BACKLOG = 512  # a client may make hundreds of connections at once
_HEAD_WIDTH = 6
_LINES = 8  # of a case that a person types or reads
_CHARACTERS = 80  # and of each of them
_COLOURS: dict[str, Colour] = {"failed": "red", "non-strict": "yellow", "passed": "green"}

_Outcomes = Iterator[tuple[Case, Outcome]]


def add_arguments(parser: Parser) -> None:
    words = parser.words
    sides = parser.add_subparsers(dest="side", metavar=words.text("cli.check.side"), required=True)
    server, client = (sides.add_parser(side, help=words.text(f"cli.check.{side}")) for side in ("server", "client"))
    server.add_argument("server", type=place, metavar="cli.metavar.server", help="cli.check.server.place")
    client.add_argument("--port", type=listen_place, metavar="cli.metavar.listen", help="cli.check.port")
    client.add_argument("--connections", type=_count, metavar="cli.metavar.number", help="cli.check.connections")
    for side in (server, client):
        side.add_argument("--protocol", required=True, metavar="cli.metavar.protocol", help="cli.check.protocol")
        side.add_argument("--only", default="", metavar="cli.metavar.text", help="cli.check.only")
        side.add_argument("--timeout", type=seconds, metavar="cli.metavar.seconds", help="cli.check.timeout")
        side.add_argument("--json", action="store_true", help="cli.check.json")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise UsageError("cli.check.usage.connections", text=text)
    return int(text)


def run(arguments: Namespace) -> int:
    protocol = find_protocol(arguments.protocol)
    file = load_cases(find_case_files(arguments.protocol)).get((protocol.protocol, arguments.side))
    if file is None:
        raise UsageError(f"cli.check.usage.no-cases.{arguments.side}", protocol=protocol.protocol)
    verdicts = _Verdicts(protocol, arguments.side, arguments.words, arguments.json)
    cases = [case for case in file.cases if arguments.only in case.name]
    if arguments.side == "server":
        outcomes = _against_server(file, cases, arguments.server, protocol.port, arguments.timeout or _SECONDS)
    else:
        cases = [case for case in cases if case.listens]
        # A program can type what a person cannot.
        typable = cases if arguments.json else [case for case in cases if _can_be_typed(case)]
        verdicts.left_out = len(cases) - len(typable)
        outcomes = _against_client(file, typable, protocol.port, arguments)
    try:
        for case, outcome in outcomes:
            verdicts.tell(case, outcome)
    except KeyboardInterrupt:
        verdicts.end()
        raise
    return verdicts.end()


def _against_server(file: CaseFile, cases: Sequence[Case], server: Place, port: int, timeout: float) -> _Outcomes:
    host, port = server.host, server.port or port
    ways = {case.serves for case in cases}
    if ways != {"both"}:
        ways = {"both", "at once" if _serves_at_once(file, host, port) else "one at a time"}
    for case in cases:
        if case.serves in ways:
            yield case, play_against_server(case.steps, file.afterwards, host, port, timeout=timeout)


def _serves_at_once(file: CaseFile, host: str, port: int) -> bool:
    """Whether a second client is served while a first one says nothing."""
    waiting: tuple[Step, ...] = (Send(()), Silence(1))
    second = (replace(step, by="b") if isinstance(step, Send | Receive) else step for step in file.afterwards)
    return play_against_server((*waiting, *second), (), host, port, timeout=_PROBE_SECONDS).problem is None


def _against_client(file: CaseFile, cases: Sequence[Case], port: int, arguments: Namespace) -> _Outcomes:
    # What somebody types takes as long as a person takes; and a client that somebody types to makes one connection.
    timeout = arguments.timeout or (_TYPED_SECONDS if file.typed else _SECONDS)
    connections = arguments.connections or (1 if file.typed else None)
    prompt = _OperatorPrompt(arguments.words, arguments.json)
    with listener(arguments.port or Place("", port)) as sock:
        sock.listen(_BACKLOG)
        for number, case in enumerate(cases, 1):
            prompt.start(case, number, len(cases), sock.getsockname()[1], typed=file.typed)
            outcome = play_against_client(case.steps, sock, connections, timeout=timeout, wait=None, operate=prompt)
            prompt.end(case)
            yield case, outcome


def _can_be_typed(case: Case) -> bool:
    """Whether a person can type it all: few lines, not long, and on a keyboard or by copying them."""
    lines = [line for step in all_steps(case.steps) if isinstance(step, Type) for line in step.type]
    return len(lines) <= _LINES and all(len(line) <= _CHARACTERS and line.isprintable() for line in lines)


@dataclass(frozen=True)
class _OperatorPrompt:
    """Tells a person what to do: in words, or as lines of JSON for a program that does it in their place."""

    words: Catalogue
    as_json: bool

    def start(self, case: Case, number: int, count: int, port: int, *, typed: bool) -> None:
        if self.as_json:
            self._event("start", case=case.name, port=port, author=case.author if typed else None)
            return
        values = {"number": number, "count": count, "case": case.name, "port": port, "author": case.author}
        values["about"] = case.about.in_language(self.words.language)
        print_line(paint(self.words.text(f"cli.check.start{'.author' if typed else ''}", values), "bold"))
        for unwanted in case.hides:
            self._say("hides", line=unwanted)

    def end(self, case: Case) -> None:
        """The conversation is over: what else is to be seen, and is not judged here."""
        if case.console and not self.as_json:
            self._say("console", lines=", ".join(case.console))

    def __call__(self, step: OperatorStep) -> Reply:
        """Asks for the step. What the client shows is told, and not judged: nobody sees it here, nor that it rests."""
        match step:
            case Type(type=lines):
                self._lines("type", lines)
            case Shows(shows=lines):
                self._lines("shows", lines)
            case Input() if self.as_json:
                self._event("end of input")
            case Input():
                self._say("input")
        return Reply()

    def _lines(self, event: str, lines: Sequence[str]) -> None:
        if self.as_json:
            self._event(event, lines=list(lines))
            return
        self._say(event)
        shown = [self._shown(line) for line in lines[:_LINES]]
        for line in [*shown, "..."] if len(lines) > _LINES else shown:
            print_line(f"        {paint(f'    {line}', 'yellow')}")

    def _shown(self, line: str) -> str:
        if not line:
            return self.words.text("cli.check.empty-line")
        if len(line) <= _CHARACTERS:
            return line if line.strip() else repr(line)
        values = {"text": line[:_CHARACTERS], "count": format_decimal(len(line), locale=self.words.language)}
        return self.words.text("cli.check.long-line", values)

    def _say(self, text: str, **values: object) -> None:
        print_line(f"        {paint(self.words.text(f'cli.check.{text}', values), 'yellow')}")

    @staticmethod
    def _event(event: str, **facts: object) -> None:
        print_line(json.dumps({"event": event, **facts}))


@dataclass
class _Verdicts:
    """Tells each case as soon as it is judged, and counts them; `side` is the one that is judged."""

    protocol: Protocol
    side: Side
    words: Catalogue
    as_json: bool
    left_out: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def tell(self, case: Case, outcome: Outcome) -> None:
        findings: list[Finding] = []
        verdict = "non-strict" if outcome.non_strict else "passed"
        if outcome.problem:
            verdict, outcome.non_strict = "failed", None
            conversations = read_conversations(self.protocol, outcome.recording)
            findings = diagnose(conversations, now=time.monotonic(), suspect=True, of=self.side)
        self.counts[verdict] += 1
        if not self.as_json:
            self._tell(case, verdict, outcome, findings)
            return
        told: dict[str, Any] = {"case": case.name, "verdict": "failed" if outcome.problem else "passed"}
        told |= dict.fromkeys(("code", "where", "values", "sentence"))
        told |= problem_as_json(outcome.problem) if outcome.problem else {}
        accepted = outcome.non_strict and {**problem_as_json(outcome.non_strict), "note": case.non_strict}
        told |= {"non_strict": accepted, "diagnosis": [finding_to_json(finding) for finding in findings]}
        print_line(json.dumps(told))

    def _tell(self, case: Case, verdict: str, outcome: Outcome, findings: Sequence[Finding]) -> None:
        words, name, count = self.words, case.name, len(outcome.recording.connections)
        if outcome.problem is None and self.side == "client" and count > 1:  # a client that makes many
            name += f" ({words.text('cli.check.connected', count=count)})"
        about = case.about if outcome.problem else case.non_strict if outcome.non_strict else None
        if about is not None:
            name = words.text("cli.check.case", {"case": name, "about": about.in_language(words.language)})
        head = paint(words.text(f"cli.check.{verdict}").ljust(_HEAD_WIDTH), _COLOURS[verdict])
        print_line(f"{head}  {name}")
        lines = [sentence(outcome.problem, words, connection=count > 1)] if outcome.problem else []
        lines += explain(findings[0], findings[1:], words).splitlines() if findings else []
        for line in lines:
            print_line(f"        {line}")

    def end(self) -> int:
        """The totals; the status of the command."""
        failed, non_strict = self.counts["failed"], self.counts["non-strict"]
        passed = self.counts.total() - failed
        if self.as_json:
            counts = {"passed": passed, "non_strict": non_strict, "failed": failed}
            print_line(json.dumps({"event": "summary", **counts}))
        else:
            took = format_decimal(time.monotonic() - self.began, "0.0", locale=self.words.language)
            values = {"ok": passed, "non_strict": non_strict, "failed": failed, "seconds": took}
            line = self.words.text(f"cli.check.summary{'.non-strict' if non_strict else ''}", values)
            print_line(paint(line, "red" if failed else "green", "bold"))
            if self.left_out:
                print_line(self.words.text("cli.check.left-out", count=self.left_out))
        return 1 if failed or not passed else 0
