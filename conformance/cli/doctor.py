"""`doctor`: finds out, step by step, whether a server can be reached and understands."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
from babel.numbers import format_decimal

from conformance.agent.addresses import shown_address
from conformance.agent.problem import Problem, ProblemError
from conformance.cli.arguments import Parser, in_words, seconds
from conformance.cli.formatting import problem_as_json
from conformance.cli.terminal import Colour, paint, print_line
from conformance.formatting import Catalogue, catalogue, sentence, shortened
from conformance.formatting.findings import explain, finding_to_json
from conformance.model import Protocol
from conformance.model.lookup import find_protocol
from conformance.observe import connectivity
from conformance.observe.connectivity import Answer, Fact, Verdict
from conformance.observe.places import OwnAddress, Place, own_addresses, place
from conformance.observe.probe import NoAnswerError, Probe

__all__ = ["add_arguments", "run"]

_DEFAULT_PORT = 8999
_SECOND_CLIENT_SECONDS = 1.5
_COLOURS: dict[Verdict, Colour] = {"ok": "green", "note": "yellow", "wrong": "red"}
_STEPS = ("name", "network", "connection", "protocol", "diagnosis", "at once")
# What to do about what the probe meets; anything else is advised to compare the bytes.
_ADVICE = {
    "speaks-first": "check-port",
    "server-closed": "read-console",
    "connection-broken": "read-console",
    "malformed-text": "write-utf",
    "stalled": "write-whole",
    "ends-inside": "write-whole",
    "bad-size": "check-size",
}


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
    attempts = [connectivity.attempt(address, port, wait) for address in addresses[:4]]
    yield connectivity.connection_answer(attempts, port, wait, mine)
    reached = next((made.address for made in attempts if made.error is None), None)
    if reached is None:
        return
    if protocol is None:
        yield Answer("protocol", "note", Fact("not-asked", {}), "add-protocol")
    else:
        yield from _probe(reached, port, protocol, wait, mine)


def _probe(address: str, port: int, protocol: Protocol, wait: float, mine: list[OwnAddress]) -> Iterator[Answer]:
    try:
        probe = Probe(address, port, protocol, wait)
    except ProblemError as error:
        yield Answer("protocol", "wrong", error.problem, "try-again")
        return
    with probe:
        try:
            probe.begin()
            if not probe.asks:
                probe.leave()
        except NoAnswerError as error:
            cause, advice = error.problem.shows("perhaps-busy"), "one-at-a-time-or-tap"
            if others := ", ".join(_other_clients(address, port, mine, probe.own_port)):
                cause, advice = error.problem.shows("busy", clients=others), "one-at-a-time"
            yield Answer("protocol", "wrong", cause, advice)
            return
        except ProblemError as error:
            advice = "compare-bytes" if error.problem.where.type else "compare"
            yield Answer("protocol", "wrong", error.problem, _ADVICE.get(error.problem.code, advice))
            for finding in probe.findings()[:1]:
                yield Answer("diagnosis", "note", Fact("diagnosis", {}), finding=finding)
            return
        told = {"protocol": protocol.protocol, "said": probe.said or "nothing"}
        yield Answer("protocol", "ok", Fact("speaks" if probe.asks else "takes", told))
        if probe.asks:
            yield _second_client(probe, partial(Probe, address, port, protocol), wait)


def _second_client(first: Probe, connect: Callable[[float], Probe], wait: float) -> Answer:
    """Whether it serves a second client while the first is still there."""
    failure = _failure(connect, min(wait, _SECOND_CLIENT_SECONDS))
    with suppress(NoAnswerError):
        first.leave()
    if failure is None:
        return Answer("at once", "ok", Fact("serves-second", {}))
    code = "second-client-fails"
    if isinstance(failure, NoAnswerError):
        code, failure = "serves-only-first", _failure(connect, wait)
    if failure is None:
        return Answer("at once", "note", Problem("one-at-a-time"), "thread-for-each")
    return Answer("at once", "wrong", failure.problem.shows(code), "read-console")


def _failure(connect: Callable[[float], Probe], wait: float) -> ProblemError | None:
    """What a client meets now."""
    try:
        with connect(wait) as probe:
            probe.begin()
    except ProblemError as error:
        return error
    return None


def _other_clients(address: str, port: int, mine: list[OwnAddress], not_this: int) -> list[str]:
    """Who else is connected to that port, where it is on this machine and the system tells."""
    if address not in {str(own.address) for own in mine}:
        return []
    with suppress(psutil.Error, OSError):
        return [
            shown_address(entry.raddr)
            for entry in psutil.net_connections("tcp")
            if entry.status == psutil.CONN_ESTABLISHED
            if entry.laddr and entry.laddr.port == port and entry.raddr and entry.raddr.port != not_this
        ][:3]
    return []


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
