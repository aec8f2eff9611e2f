"""`doctor`: finds out, step by step, whether a server can be reached and understands."""

from __future__ import annotations

import json
import socket
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from babel.numbers import format_decimal

from conformance.agent.events import SERVER
from conformance.agent.problem import Problem, ProblemError, Where
from conformance.cli.arguments import Parser, in_words, seconds
from conformance.cli.formatting import problem_as_json
from conformance.cli.terminal import Colour, paint, print_line
from conformance.formatting import Catalogue, catalogue, sentence, shortened
from conformance.formatting.findings import explain, finding_to_json
from conformance.model import Protocol
from conformance.model.lookup import find_protocol, known_protocols
from conformance.observe import connectivity
from conformance.observe.connectivity import Answer, Fact, Verdict
from conformance.observe.places import Place, own_addresses, place
from conformance.observe.probe import NoAnswerError, Probe

__all__ = ["add_arguments", "run"]

_DEFAULT_PORT = 8999
_SECOND_CLIENT_SECONDS = 1.5
_LEAVE_SECONDS = 1.0
_SHOWN_CLIENTS = 3
_LIKELY = 0.5  # a finding that is less likely is one of several, and the advice names them all
_COLOURS: dict[Verdict, Colour] = {"ok": "green", "note": "yellow", "wrong": "red"}
_STEPS = ("name", "network", "connection", "diagnosis", "protocol", "speed", "at once")
# What to do about what the probe meets; anything else is advised to compare the bytes.
_ADVICE = {
    "speaks-first": "check-port",
    "server-closed": "read-console",
    "connection-broken": "read-console",
    "closes-at-once": "read-console-or-forward",
    "ends-after-answer": "keep-open",
    "message-not-echoed": "send-to-all",
    "message-unknown": "send-what-came",
    "malformed-text": "write-utf",
    "stalled": "write-whole",
    "ends-inside": "write-whole",
    "bad-size": "check-size",
}
_MOST_FINDINGS = 2
_OTHER_SERVICES = ("http-answer", "tls-hello")
_CLOSED = ("server-closed", "connection-broken", "closes-at-once", "ends-after-answer")


def add_arguments(parser: Parser) -> None:
    add = parser.add_argument
    add("server", type=place, metavar="cli.metavar.server", help="cli.help.server")
    add("--protocol", metavar="cli.metavar.protocol", help="cli.help.protocol")
    add("--wait", type=seconds, default=3.0, metavar="cli.metavar.seconds", help="cli.doctor.help.wait")
    add("--json", action="store_true", help="cli.doctor.help.json")


def run(arguments: Namespace) -> int:
    protocol = find_protocol(arguments.protocol) if arguments.protocol else None
    server: Place = arguments.server
    port = server.port or (protocol.port if protocol else _DEFAULT_PORT)
    words: Catalogue = arguments.words
    wrong = 0
    for answer in _answers(server.host, port, protocol, arguments.wait):
        wrong += answer.verdict == "wrong"
        print_line(json.dumps(_as_json(answer)) if arguments.json else _as_text(answer, words))
    told = paint(words.text("doctor.not-well" if wrong else "doctor.all-well"), "red" if wrong else "green", "bold")
    print_line(json.dumps({"event": "summary", "wrong": wrong}) if arguments.json else told)
    return 1 if wrong else 0


def _answers(host: str, port: int, protocol: Protocol | None, wait: float) -> Iterator[Answer]:
    addresses, answer = connectivity.name_answer(host)
    yield answer
    if not addresses:
        return
    mine = own_addresses()
    yield connectivity.network_answer(addresses, mine)
    if protocol is None and (listening := connectivity.listening_answer(addresses, port, mine)):
        yield listening
        yield Answer("protocol", "note", Fact("not-asked", {}), "add-protocol")
        return
    attempts = connectivity.reach(addresses, port, wait, mine)
    yield connectivity.connection_answer(addresses, attempts, port, wait, mine)
    reached = attempts[-1]
    if reached.sock is None:
        return
    if protocol is None:
        reached.sock.close()
        yield Answer("protocol", "note", Fact("not-asked", {}), "add-protocol")
    else:
        examination = _Examination(reached.address, port, protocol, wait, connectivity.is_own(reached.address, mine))
        yield from examination.answers(reached.sock)


@dataclass(frozen=True)
class _Examination:
    """A server that accepts connections, and the protocol it should speak; `own`: it is on this machine."""

    address: str
    port: int
    protocol: Protocol
    wait: float
    own: bool

    def answers(self, sock: socket.socket) -> Iterator[Answer]:
        """What its first client meets, on a connection that is open, and then a second one."""
        with Probe(sock, self.protocol, self.wait) as probe:
            others = connectivity.other_clients(self.port, probe.own_port) if self.own else None
            # Where the system does not tell of the server's end, that is elsewhere, and so may its other clients be.
            probe.alone = others == [] and probe.server.is_accepted() is not None
            try:
                probe.begin()
                if not probe.asks:
                    took = probe.server.has_taken()
                    if not probe.leave(self.wait) and not took:
                        kept = Problem("keeps-connection", Where(side=SERVER), {"seconds": self.wait})
                        if took is None and not others:  # or it closes no sockets, which is no mistake
                            yield Answer("protocol", "note", *_silence(kept, None, None, None))
                            return
                        raise NoAnswerError(kept)
            except ProblemError as error:
                yield from self._wrong(probe, error, others)
                return
            told = {"protocol": self.protocol.protocol, "said": probe.said or "nothing"}
            yield Answer("protocol", "ok", Fact("speaks" if probe.asks else "takes", told))
            if (late := probe.held_back) is not None:
                yield Answer(
                    "speed", "note", Problem("held-back", values={"milliseconds": round(late * 1000)}), "no-delay"
                )
            if probe.asks and not self.protocol.broadcast:
                yield self._second_client(probe)

    def _wrong(self, probe: Probe, error: ProblemError, others: list[str] | None) -> Iterator[Answer]:
        """What is the matter: the well-known mistake first, where there is one."""
        problem, silent = error.problem, isinstance(error, NoAnswerError)
        accepted, took = probe.server.is_accepted(), probe.server.has_taken()
        probe.leave(_LEAVE_SECONDS)
        advice = _ADVICE.get(problem.code, "compare-bytes" if problem.where.type else "compare")
        if problem.code in _CLOSED and self.own and connectivity.listeners(self.port) == set():
            problem, advice = problem.shows("no-longer-listens"), "read-console"
        if silent:
            problem, advice = _silence(problem, accepted, took, others)
        if silent and took is False:  # nothing that it has sent says what it makes of what it has not read
            yield Answer("protocol", "wrong", problem, advice)
        elif other := self._other_protocol(probe, tries=silent):
            told = {"protocol": self.protocol.protocol, "other": other}
            yield Answer("protocol", "wrong", Problem("speaks-other", Where(side=SERVER), told), "use-protocol")
        else:
            for finding in [each for each in probe.findings() if each.confidence >= _LIKELY][:_MOST_FINDINGS]:
                yield Answer("diagnosis", "note", Fact("diagnosis", {}), finding=finding)
                advice = "other-service" if finding.key in _OTHER_SERVICES else advice
            yield Answer("protocol", "wrong", problem, advice)

    def _other_protocol(self, probe: Probe, *, tries: bool) -> str | None:
        """The harness's protocol by which all was right that passed; or that it answers, where that is to be tried."""
        others = [other for other in known_protocols() if other.protocol != self.protocol.protocol]
        for other in others:
            if probe.speaks(other) or (tries and not probe.heard and self._answers_to(other, alone=probe.alone)):
                return other.protocol
        return None

    def _answers_to(self, other: Protocol, *, alone: bool) -> bool:
        made = connectivity.attempt(self.address, self.port, self.wait)
        if made.sock is None:
            return False
        with Probe(made.sock, other, min(self.wait, _LEAVE_SECONDS)) as probe:
            probe.alone = alone
            with suppress(ProblemError):
                probe.begin()
                probe.leave(_LEAVE_SECONDS)
                return probe.asks
        return False

    def _second_client(self, first: Probe) -> Answer:
        """Whether it serves a second client while the first is still there.

        One that has to wait stays where it is while the first one leaves: a server that goes on to it serves it whole.
        """
        with ThreadPoolExecutor(1) as pool:
            meeting = pool.submit(self._failure)
            waited = False
            try:
                failure = meeting.result(min(self.wait, _SECOND_CLIENT_SECONDS))
            except TimeoutError:
                waited = True
            first.leave(min(self.wait, _LEAVE_SECONDS))
            if waited:
                failure = meeting.result()
        if failure is not None and failure.problem.code == "second-connection-failed":
            waited, failure = True, self._failure()
            if failure is None:
                return Answer("at once", "note", Problem("short-queue"), "thread-for-each")
        if failure is not None:
            code = "serves-only-first" if waited else "second-client-fails"
            return Answer("at once", "wrong", failure.problem.shows(code), "read-console")
        if waited:
            return Answer("at once", "note", Problem("one-at-a-time"), "thread-for-each")
        return Answer("at once", "ok", Fact("serves-second", {}))

    def _failure(self) -> ProblemError | None:
        """What a client meets now; None where all is well."""
        made = connectivity.attempt(self.address, self.port, self.wait)
        if made.sock is None:
            assert made.error is not None
            values = {"reason": made.error.strerror or str(made.error)}
            return ProblemError(Problem("second-connection-failed", values=values))
        with Probe(made.sock, self.protocol, _SECOND_CLIENT_SECONDS + self.wait) as probe:
            try:
                probe.begin()
            except ProblemError as error:
                return error
            probe.leave(_LEAVE_SECONDS)
        return None


def _silence(
    problem: Problem, accepted: bool | None, took: bool | None, others: list[str] | None
) -> tuple[Problem, str]:
    """Why a server does not answer, and what to do: as far as the system tells what its end of the connection does."""
    if accepted is False or (accepted is None and others):
        if others:
            return problem.shows("busy", clients=", ".join(others[:_SHOWN_CLIENTS])), "one-at-a-time"
        return problem.shows("not-accepted"), "accept-again"
    if took is None:
        return problem.shows("perhaps-busy"), "one-at-a-time-or-tap"
    if not took:
        return problem.shows("not-read"), "read-on"
    if problem.code == "message-not-echoed":
        return problem, _ADVICE[problem.code]
    return problem.shows("read-not-answered"), "answer-whole"


def _as_text(answer: Answer, words: Catalogue) -> str:
    verdicts = {verdict: words.text(f"doctor.verdict.{verdict}") for verdict in _COLOURS}
    steps = {step: words.text(f"doctor.step.{step}") for step in _STEPS}
    verdict = verdicts[answer.verdict].ljust(max(map(len, verdicts.values())))
    step = steps[answer.step].ljust(max(map(len, steps.values())))
    told = f"{paint(verdict, _COLOURS[answer.verdict], 'bold')}  {step} {_sentence(answer, words)}"
    if answer.finding is not None:
        first, *more = explain(answer.finding, (), words).splitlines()
        return "\n".join([f"{told} {first}", *(" " * 20 + line for line in more)])
    if answer.advice:
        what_to_do = paint(words.text("doctor.what-to-do"), "bold")
        told = words.text("doctor.with-advice", {"told": told, "what": what_to_do, "advice": _advice(answer, words)})
    return told


def _as_json(answer: Answer) -> dict[str, Any]:
    """The answer for a program: the sentences are English, whoever reads them."""
    words = catalogue("en")
    entry: dict[str, Any] = {"event": "answer", "step": answer.step, "verdict": answer.verdict}
    about = answer.about
    fact = {"sentence": _sentence(answer, words), "code": about.code, "values": dict(about.values)}
    entry |= problem_as_json(about) if isinstance(about, Problem) else fact
    if answer.advice:
        entry |= {"advice": _advice(answer, words), "advice_code": answer.advice}
    if answer.finding is not None:
        entry["diagnosis"] = finding_to_json(answer.finding)
    return entry


def _sentence(answer: Answer, words: Catalogue) -> str:
    about = answer.about
    values = {  # times as the language writes numbers
        name: format_decimal(value, locale=words.language) if name in ("milliseconds", "seconds") else value
        for name, value in about.values.items()
    }
    if isinstance(about, Problem):
        return sentence(shortened(replace(about, values=values)), words)
    return words.text(f"doctor.{about.code}", in_words(values, words))


def _advice(answer: Answer, words: Catalogue) -> str:
    values = answer.about.values
    if isinstance(answer.about, Problem):
        kind = answer.about.where.type or ""
        values = {"method": "write" if kind == "bytes" else f"write{kind[:1].upper()}{kind[1:]}", **values}
    return words.text(f"doctor.do.{answer.advice}", in_words(values, words))
