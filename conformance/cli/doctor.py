"""`doctor`: finds out, step by step, whether a server can be reached and understands."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil

from conformance.model import Protocol
from conformance.model.lookup import find_protocol
from conformance.observe.answers import Answer, Verdict
from conformance.observe.connectivity import attempt, connection_answer, name_answer, network_answer, resolve
from conformance.observe.own_addresses import OwnAddress, own_addresses
from conformance.observe.places import Place, place
from conformance.observe.probe import NoAnswerError, Talk, WrongAnswerError
from conformance.observe.terminal import Colour, Paint, has_colours, print_line

__all__ = ["ABOUT", "EPILOG", "add_arguments", "run"]

ABOUT = "find out whether a server can be reached and understands"
EPILOG = """\
  {prog} 192.168.1.20                            does it listen, on port 8999?
  {prog} 192.168.1.20:9001 --protocol chat       and does it speak chat? (nobody in the room sees a message)
  {prog} localhost --protocol addition           and does it add?

Each line is an answer: `ok`, `note` for what is worth knowing, or `wrong` with what to do about it. The status is 0 if
all is well, 1 if something is wrong, 2 for a command line that cannot be understood."""

_DEFAULT_PORT = 8999
_SECOND_CLIENT_SECONDS = 1.5
_COLOURS: dict[Verdict, Colour] = {"ok": "green", "note": "yellow", "wrong": "red"}
_ONE_AT_A_TIME = (
    "stop the other client, or wait until it is done; a server with a thread for each client would not make you wait"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `doctor` takes."""
    parser.add_argument(
        "server", type=place, metavar="HOST[:PORT]", help="the server; port 8999, or the protocol's, if none is given"
    )
    parser.add_argument("--protocol", metavar="NAME|FILE.yaml", help="what it should speak: addition, chat, or a file")
    parser.add_argument("--wait", type=_seconds, default=3.0, metavar="SECONDS", help="for each answer (default: 3)")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each answer")


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 < (seconds := float(text)) <= 600:
            return seconds
    raise argparse.ArgumentTypeError(f"seconds are a number above 0, up to 600, not {text!r}")


def run(arguments: argparse.Namespace) -> int:
    """Asks, and tells each answer as soon as it is there."""
    protocol = find_protocol(arguments.protocol) if arguments.protocol else None
    server: Place = arguments.server
    port = server.port or (protocol.port if protocol else _DEFAULT_PORT)
    paint = Paint(has_colours())
    wrong = 0
    for answer in _answers(server.host, port, protocol, arguments.wait):
        wrong += answer.verdict == "wrong"
        print_line(_as_json(answer) if arguments.json else _as_text(answer, paint))
    if arguments.json:
        print_line(json.dumps({"event": "summary", "wrong": wrong}))
    else:
        print_line(paint("all is well" if not wrong else "not well", "red" if wrong else "green", "bold"))
    return 1 if wrong else 0


def _answers(host: str, port: int, protocol: Protocol | None, wait: float) -> Iterator[Answer]:
    addresses, why = resolve(host)
    yield name_answer(host, addresses, why)
    if not addresses:
        return
    mine = own_addresses()
    network = network_answer(addresses, mine)
    yield network
    attempts = [attempt(address, port, wait) for address in addresses[:4]]
    connection = connection_answer(attempts, port, wait, mine)
    yield connection
    reached = next((made.address for made in attempts if made.error is None), None)
    if reached is None:
        return
    if protocol is None:
        yield Answer("protocol", "note", "what it speaks was not asked", "add --protocol addition, or chat, or a file")
        return
    yield from _talk(reached, port, protocol, wait, mine)


def _talk(address: str, port: int, protocol: Protocol, wait: float, mine: list[OwnAddress]) -> Iterator[Answer]:
    name = protocol.protocol
    with ExitStack() as stack:
        try:
            talk = stack.enter_context(Talk(address, port, protocol, wait))
        except OSError as error:
            yield Answer("protocol", "wrong", f"a second connection failed: {error.strerror or error}", "try again")
            return
        try:
            talk.begin()
            if not talk.asked:
                talk.leave()
        except WrongAnswerError as error:
            yield Answer("protocol", "wrong", f"it does not speak {name}: {error}", error.advice)
            yield from _mistake(talk)
            return
        except NoAnswerError as error:
            yield _silent(str(error), _other_clients(address, port, mine, talk.own_port))
            return
        if not talk.asked:
            told = ", ".join(talk.said) or "the connection"
            sentence = f"it takes {told}, as {name} has it, and lets me go; I said nothing that others would get"
            yield Answer("protocol", "ok", sentence)
            return
        yield Answer("protocol", "ok", f"it speaks {name}: {', '.join(talk.said)}")
        yield from _second_client(talk, address, port, protocol, wait)


def _mistake(talk: Talk) -> Iterator[Answer]:
    """The well-known mistake that fits what the server sent, if one does."""
    for finding in talk.mistakes()[:1]:
        mistake = finding.mistake
        guess = " (a guess)" if finding.guess else ""
        sentence = f"this looks like a well-known one{guess}: {mistake.title}. {mistake.description.rstrip('.')}"
        yield Answer("mistake", "note", sentence, f"in Python: {mistake.python} In Java: {mistake.java.rstrip('.')}")


def _silent(sentence: str, others: list[str]) -> Answer:
    if others:
        return Answer("protocol", "wrong", f"{sentence}: it is busy with {' and '.join(others)}", _ONE_AT_A_TIME)
    return Answer(
        "protocol",
        "wrong",
        f"{sentence}: it is busy with another client, if it serves one at a time; or it waits for something else",
        f"{_ONE_AT_A_TIME}. If there is no other client, look at both sides with `tap`",
    )


def _second_client(first: Talk, address: str, port: int, protocol: Protocol, wait: float) -> Iterator[Answer]:
    """Whether it serves a second client while the first is still there."""
    try:
        with Talk(address, port, protocol, min(wait, _SECOND_CLIENT_SECONDS)) as second:
            second.begin()
        yield Answer("at once", "ok", "it serves a second client while the first is still connected")
        first.leave()
        return
    except NoAnswerError:
        pass
    except (WrongAnswerError, OSError) as error:
        yield Answer(
            "at once",
            "wrong",
            f"a second client, while the first is connected, meets this: {error}",
            "look at the server's console",
        )
        return
    with suppress(NoAnswerError):
        first.leave()
    try:
        with Talk(address, port, protocol, wait) as after:
            after.begin()
    except (NoAnswerError, WrongAnswerError, OSError) as error:
        yield Answer(
            "at once", "wrong", f"after its first client it serves no other: {error}", "look at the server's console"
        )
        return
    yield Answer(
        "at once",
        "note",
        "it serves one client at a time: a second one had to wait until the first was gone",
        "that is right for SimpleServer; for more clients at once it takes a thread for each",
    )


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


def _as_text(answer: Answer, paint: Paint) -> str:
    verdict = paint(f"{answer.verdict:5}", _COLOURS[answer.verdict], "bold")
    advice = f". {paint('What to do:', 'bold')} {answer.advice}" if answer.advice else ""
    return f"{verdict}  {answer.step + ':':12}{answer.sentence}{advice}"


def _as_json(answer: Answer) -> str:
    entry = {"event": "answer", "step": answer.step, "verdict": answer.verdict, "sentence": answer.sentence}
    return json.dumps(entry | ({"advice": answer.advice} if answer.advice else {}))
