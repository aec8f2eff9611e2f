"""`doctor`: finds out, step by step, whether a server can be reached and understands."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import psutil
from babel.numbers import format_decimal

from conformance.agent.problem import Problem, ProblemError
from conformance.cli.arguments import Parser, in_words, seconds
from conformance.cli.formatting import problem_as_json, shown
from conformance.cli.terminal import Colour, Paint, has_colours, print_line
from conformance.formatting import Catalogue, catalogue, sentence
from conformance.formatting.findings import explain, finding_to_json
from conformance.model import Protocol
from conformance.model.lookup import find_protocol
from conformance.observe.connectivity import (
    Answer,
    Fact,
    Verdict,
    attempt,
    connection_answer,
    name_answer,
    network_answer,
    resolve,
)
from conformance.observe.own_addresses import OwnAddress, own_addresses
from conformance.observe.places import Place, place
from conformance.observe.probe import NoAnswerError, Probe, WrongAnswerError

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
    """What `doctor` takes."""
    text = parser.words.text
    parser.add_argument("server", type=place, metavar=text("cli.metavar.server"), help=text("cli.help.server"))
    parser.add_argument("--protocol", metavar=text("cli.metavar.protocol"), help=text("cli.help.protocol"))
    parser.add_argument(
        "--wait", type=seconds, default=3.0, metavar=text("cli.metavar.seconds"), help=text("cli.doctor.help.wait")
    )
    parser.add_argument("--json", action="store_true", help=text("cli.doctor.help.json"))


def run(arguments: Namespace) -> int:
    """Asks, and tells each answer as soon as it is there."""
    protocol = find_protocol(arguments.protocol) if arguments.protocol else None
    server: Place = arguments.server
    port = server.port or (protocol.port if protocol else _DEFAULT_PORT)
    words: Catalogue = arguments.words
    paint = Paint(has_colours())
    wrong = 0
    for answer in _answers(server.host, port, protocol, arguments.wait):
        wrong += answer.verdict == "wrong"
        print_line(_as_json(answer) if arguments.json else _as_text(answer, words, paint))
    if arguments.json:
        print_line(json.dumps({"event": "summary", "wrong": wrong}))
    else:
        told = words.text("doctor.not-well" if wrong else "doctor.all-well")
        print_line(paint(told, "red" if wrong else "green", "bold"))
    return 1 if wrong else 0


def _answers(host: str, port: int, protocol: Protocol | None, wait: float) -> Iterator[Answer]:
    addresses, reason = resolve(host)
    yield name_answer(host, addresses, reason)
    if not addresses:
        return
    mine = own_addresses()
    yield network_answer(addresses, mine)
    attempts = [attempt(address, port, wait) for address in addresses[:4]]
    yield connection_answer(attempts, port, wait, mine)
    reached = next((made.address for made in attempts if made.error is None), None)
    if reached is None:
        return
    if protocol is None:
        yield Answer("protocol", "note", Fact("not-asked", {}), "add-protocol")
        return
    yield from _probe(reached, port, protocol, wait, mine)


def _probe(address: str, port: int, protocol: Protocol, wait: float, mine: list[OwnAddress]) -> Iterator[Answer]:
    with ExitStack() as stack:
        try:
            probe = stack.enter_context(Probe(address, port, protocol, wait))
        except OSError as error:
            yield Answer("protocol", "wrong", _cannot_connect(error), "try-again")
            return
        try:
            probe.begin()
            if not probe.asks:
                probe.leave()
        except WrongAnswerError as error:
            advice = "compare-bytes" if error.problem.where.type else "compare"
            yield Answer("protocol", "wrong", error.problem, _ADVICE.get(error.problem.code, advice))
            for finding in probe.findings()[:1]:
                yield Answer("diagnosis", "note", Fact("diagnosis", {}), finding=finding)
            return
        except NoAnswerError as error:
            yield _silent(error.problem, _other_clients(address, port, mine, probe.own_port))
            return
        told = {"protocol": protocol.protocol, "said": probe.said or "nothing"}
        if not probe.asks:
            yield Answer("protocol", "ok", Fact("takes", told))
            return
        yield Answer("protocol", "ok", Fact("speaks", told))
        yield from _second_client(probe, address, port, protocol, wait)


def _silent(problem: Problem, others: list[str]) -> Answer:
    if others:
        return Answer("protocol", "wrong", _because(problem, "busy", clients=", ".join(others)), "one-at-a-time")
    return Answer("protocol", "wrong", _because(problem, "perhaps-busy"), "one-at-a-time-or-tap")


def _second_client(first: Probe, address: str, port: int, protocol: Protocol, wait: float) -> Iterator[Answer]:
    """Whether it serves a second client while the first is still there."""
    try:
        with Probe(address, port, protocol, min(wait, _SECOND_CLIENT_SECONDS)) as second:
            second.begin()
        yield Answer("at once", "ok", Fact("serves-second", {}))
        first.leave()
        return
    except NoAnswerError:
        pass
    except (WrongAnswerError, OSError) as error:
        yield Answer("at once", "wrong", _because(_problem_of(error), "second-client-fails"), "read-console")
        return
    with suppress(NoAnswerError):
        first.leave()
    try:
        with Probe(address, port, protocol, wait) as after:
            after.begin()
    except (ProblemError, OSError) as error:
        yield Answer("at once", "wrong", _because(_problem_of(error), "serves-only-first"), "read-console")
        return
    yield Answer("at once", "note", Problem("one-at-a-time"), "thread-for-each")


def _cannot_connect(error: OSError) -> Problem:
    return Problem("second-connection-failed", values={"reason": error.strerror or str(error)})


def _problem_of(error: ProblemError | OSError) -> Problem:
    return error.problem if isinstance(error, ProblemError) else _cannot_connect(error)


def _because(cause: Problem, code: str, **values: Any) -> Problem:
    """The problem of that code, at the place of its cause, and with what is known of it."""
    return replace(cause, code=code, values={**values, **cause.values, "cause": cause.code})


def _other_clients(address: str, port: int, mine: list[OwnAddress], not_this: int) -> list[str]:
    """Who else is connected to that port, where it is on this machine and the system tells."""
    if address not in {str(own.address) for own in mine}:
        return []
    with suppress(psutil.Error, OSError):
        return [
            f"{entry.raddr.ip.removeprefix('::ffff:')}:{entry.raddr.port}"
            for entry in psutil.net_connections("tcp")
            if entry.status == psutil.CONN_ESTABLISHED
            and entry.laddr
            and entry.laddr.port == port
            and entry.raddr
            and entry.raddr.port != not_this
        ][:3]
    return []


def _as_text(answer: Answer, words: Catalogue, paint: Paint) -> str:
    verdicts = {verdict: words.text(f"doctor.verdict.{verdict}") for verdict in _COLOURS}
    steps = {step: words.text(f"doctor.step.{step}") for step in _STEPS}
    verdict = f"{verdicts[answer.verdict]:{max(map(len, verdicts.values()))}}"
    head = f"{paint(verdict, _COLOURS[answer.verdict], 'bold')}  {steps[answer.step]:{max(map(len, steps.values()))}} "
    told = _sentence(answer, words)
    if answer.finding is not None:
        first, *more = explain(answer.finding, (), words).splitlines()
        return "\n".join([f"{head}{told} {first}", *(" " * 20 + line for line in more)])
    if answer.advice:
        what_to_do = paint(words.text("doctor.what-to-do"), "bold")
        told = words.text("doctor.with-advice", {"told": told, "what": what_to_do, "advice": _advice(answer, words)})
    return f"{head}{told}"


def _as_json(answer: Answer) -> str:
    """The answer for a program: the sentences are English, whoever reads them."""
    words = catalogue("en")
    entry: dict[str, Any] = {"event": "answer", "step": answer.step, "verdict": answer.verdict}
    if isinstance(answer.about, Problem):
        entry |= problem_as_json(answer.about, "sentence", words)
    else:
        entry |= {"sentence": _sentence(answer, words), "code": answer.about.code, "values": dict(answer.about.values)}
    if answer.advice:
        entry |= {"advice": _advice(answer, words), "advice_code": answer.advice}
    if answer.finding is not None:
        entry["diagnosis"] = finding_to_json(answer.finding)
    return json.dumps(entry)


def _sentence(answer: Answer, words: Catalogue) -> str:
    if isinstance(answer.about, Problem):
        return sentence(shown(replace(answer.about, values=_spoken(answer.about.values, words))), words)
    return words.text(f"doctor.{answer.about.code}", _spoken(in_words(answer.about.values, words), words))


def _spoken(values: Mapping[str, Any], words: Catalogue) -> dict[str, Any]:
    """The values with their times as the language writes numbers."""
    return {
        name: format_decimal(value, locale=words.language) if name in ("milliseconds", "seconds") else value
        for name, value in values.items()
    }


def _advice(answer: Answer, words: Catalogue) -> str:
    values: Mapping[str, Any] = answer.about.values
    if isinstance(answer.about, Problem):
        kind = answer.about.where.type or ""
        method = "write" if kind == "bytes" else f"write{kind[:1].upper()}{kind[1:]}"
        values = {"method": method, **values}
    return words.text(f"doctor.do.{answer.advice}", in_words(values, words))
