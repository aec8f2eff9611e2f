"""`check`: all cases of a protocol against one program, wherever it runs; the harness plays the other side itself."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace

from babel.numbers import format_decimal

from conformance.agent.events import SERVER
from conformance.agent.player.peer import Timeouts
from conformance.agent.player.player import TIMEOUT, Outcome, Reply, play_against_client, play_against_server
from conformance.agent.player.steps import Do, Input, OperatorStep, Receive, Send, Shows, Silence, Step, Type
from conformance.agent.problem import Problem, Where
from conformance.cli.arguments import Parser, seconds
from conformance.cli.check_report import Report
from conformance.cli.tap import listener
from conformance.cli.terminal import paint, print_line
from conformance.formatting import Catalogue
from conformance.model import Protocol
from conformance.model.cases import Case, CaseFile, all_steps, load_cases
from conformance.model.lookup import UsageError, find_case_files, find_protocol
from conformance.observe.places import Place, listen_place, place
from conformance.runner.case_order import cuts, first_cases, harmless_first
from conformance.runner.case_run import last_of_client

__all__ = ["add_arguments", "run"]

_TYPED_SECONDS = 120.0
_PROBE_SECONDS = 0.7
_DIES_SECONDS = 1.0
_LOOKS_AGAIN_SECONDS = 0.05
_ENDS = ("no-connection", "ended-instead", "ended-while-sent-to")
_UNSERVED = 2
_MORE_CUTS = 8  # cases that show where what is cut fails, once the first ones have shown that something does
_BACKLOG = 512  # a client may make hundreds of connections at once
_LINES = 8  # of a case that a person types or reads
_CHARACTERS = 80  # and of each of them


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
        side.add_argument("--all", action="store_true", help="cli.check.all")
        side.add_argument("--allow-suspicious", action="store_true", help="cli.check.allow-suspicious")
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
    cases = [case for case in file.cases if arguments.only in case.name]
    check = _CheckServer if arguments.side == "server" else _CheckClient
    checked = check(file, cases, protocol, arguments)
    try:
        checked.run()
    except KeyboardInterrupt:
        checked.end()
        raise
    return checked.end()


class _Check:
    """Goes through the cases: a handful first, and if one of these fails, that is told before any other."""

    def __init__(self, file: CaseFile, cases: Sequence[Case], protocol: Protocol, arguments: Namespace) -> None:
        self.file, self.cases, self.arguments = file, cases, arguments
        self.report = Report(protocol, arguments.side, arguments.words, arguments.json, len(cases))

    def run(self) -> None:
        everything = self.arguments.all or bool(self.arguments.only)
        first = [] if everything else first_cases(self.cases)
        if self.go_through(first) and self.report.failed:
            # Which cuts pass and which fail tells who reads in which way.
            more = [case for case in self.cases if case not in first and cuts(case)]
            if self.report.answered:
                self.go_through(more[:: len(more) // _MORE_CUTS + 1])
            self.report.stop = self.report.stop or "first"
        if self.report.stop is None:
            self.go_through([case for case in self.rest() if case not in first])

    def rest(self) -> Sequence[Case]:
        """The cases that are for this program."""
        return self.cases

    def go_through(self, cases: Sequence[Case]) -> bool:
        """Tries these cases; False where it makes no sense to try others."""
        raise NotImplementedError

    def end(self) -> int:
        return self.report.end(allow_suspicious=self.arguments.allow_suspicious)


class _CheckServer(_Check):
    def __init__(self, file: CaseFile, cases: Sequence[Case], protocol: Protocol, arguments: Namespace) -> None:
        super().__init__(file, harmless_first(cases, protocol), protocol, arguments)
        self._timeouts = Timeouts(arguments.timeout or TIMEOUT)
        self._host, self._port = arguments.server.host, arguments.server.port or protocol.port
        self._afterwards = file.afterwards
        self._served = False  # whether a new client ever was, after a case
        self._outlives = False  # that it had ended a connection, and took its time to say so
        self._unserved = 0  # cases in a row after which no new client was
        self._before: tuple[Case, Outcome] | None = None

    def rest(self) -> Sequence[Case]:
        ways: set[str] = {case.serves for case in self.cases}
        if ways != {"both"}:
            ways = {"both", *self._serves()}
        cases = [case for case in self.cases if case.serves in ways]
        self.report.planned = len(cases)
        return cases

    def go_through(self, cases: Sequence[Case]) -> bool:
        for case in cases:
            outcome = self._play(case.steps, self._afterwards)
            code = outcome.problem and outcome.problem.code
            if code == "no-connection" and self._before is None:
                self.report.stop = "absent"
            elif outcome.problem is not None:
                self._look_whether_it_lives(case, outcome)
            else:
                self._served, self._unserved = self._served or bool(self._afterwards), 0
            self.report.tell(case, outcome)
            self._before = case, outcome
            if self.report.stop:
                return False
        return True

    def _play(self, steps: Sequence[Step], afterwards: Sequence[Step]) -> Outcome:
        return play_against_server(steps, afterwards, self._host, self._port, timeout=self._timeouts)

    def _look_whether_it_lives(self, case: Case, outcome: Outcome) -> None:
        """After a case that failed: by a conversation that does no harm."""
        # Once it has outlived that, it has always done so.
        give_up = time.monotonic() + (0 if self._outlives else _DIES_SECONDS)
        while (problem := self._play(self.file.afterwards, ()).problem) and problem.code in _ENDS:
            # A server that is about to end may still accept a client.
            if problem.code == "no-connection" or time.monotonic() > give_up:
                break
            time.sleep(_LOOKS_AGAIN_SECONDS)
        if problem is not None and problem.code == "no-connection":
            if outcome.problem is not None and outcome.problem.code == "no-connection" and self._before is not None:
                case, outcome_of = self._before  # it had ended before this case began
                recording = outcome_of.recording
            else:
                recording = outcome.recording
            values = {"case": case.name, **last_of_client(recording)}
            outcome.problem = Problem("server-ended", Where(side=SERVER), values, time.monotonic())
            self.report.stop = "ended"
            return
        self._outlives = self._outlives or (problem is not None and problem.code in _ENDS)
        if problem is None:
            self._served, self._unserved = True, 0
        elif not self._served:
            self._afterwards = ()  # it is that conversation which it fails, whatever was before it
        else:
            self._unserved += 1
            if self._unserved >= _UNSERVED and not self.arguments.all:
                self.report.stop = "stuck"

    def _serves(self) -> set[str]:
        """Whether a second client is served while a first one, which was served, is there and says nothing."""
        by_b = [replace(step, by="b") for step in self.file.afterwards if isinstance(step, Send | Receive)]
        asks, hears = ([step for step in by_b if isinstance(step, kind)] for kind in (Send, Receive))
        steps = (*self.file.afterwards, *asks, Silence(round(_PROBE_SECONDS * 1000), by="b"), Do("close"), *hears)
        problem = self._play(steps, ()).problem
        if problem is None:
            return {"one at a time"}
        return {"at once"} if problem.code == "spoke-when-silent" else set()


class _CheckClient(_Check):
    def __init__(self, file: CaseFile, cases: Sequence[Case], protocol: Protocol, arguments: Namespace) -> None:
        cases = [case for case in cases if case.listens]
        # A program can type what a person cannot.
        typable = cases if arguments.json else [case for case in cases if _can_be_typed(case)]
        super().__init__(file, typable, protocol, arguments)
        self.report.left_out = len(cases) - len(typable)
        # What somebody types takes as long as a person takes; and a client that somebody types to makes one connection.
        self._timeouts = Timeouts(arguments.timeout or (_TYPED_SECONDS if file.typed else TIMEOUT))
        self._connections = arguments.connections or (1 if file.typed else None)
        self._prompt = _OperatorPrompt(arguments.words, arguments.json)
        self._place = arguments.port or Place("", protocol.port)
        self._tried = 0

    def run(self) -> None:
        with listener(self._place) as self._sock:
            self._sock.listen(_BACKLOG)
            super().run()

    def go_through(self, cases: Sequence[Case]) -> bool:
        sock, typed = self._sock, self.file.typed
        for case in cases:
            self._tried += 1
            self._prompt.start(case, self._tried, len(self.cases), sock.getsockname()[1], typed=typed)
            outcome = play_against_client(
                case.steps, sock, self._connections, timeout=self._timeouts, wait=None, operate=self._prompt
            )
            self._prompt.end(case)
            self.report.tell(case, outcome)
        return True


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
