"""`doctor`: each answer, met on purpose."""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.problem import Problem
from conformance.formatting import catalogue
from conformance.observe.connectivity import Attempt, Fact, connection_answer, network_answer
from conformance.observe.places import OwnAddress
from tests.cli.running import (
    LONG,
    Server,
    adds,
    adds_little_endian,
    connect,
    free_port,
    greets,
    hangs_up,
    ints,
    listens,
    run_here,
    utf,
)

Answers = dict[str, dict[str, Any]]


def ask(port: int, *words: object, wait: float = LONG) -> tuple[Answers, int]:
    """The answers, by step, and the exit status; `wait` is to be short where no answer will come."""
    done = run_here("doctor", f"127.0.0.1:{port}", "--json", "--wait", wait, *words)
    answers = {each["step"]: each for each in done.told if each["event"] == "answer"}
    wrong = sum(each["verdict"] == "wrong" for each in answers.values())
    assert done.told[-1] == {"event": "summary", "wrong": wrong}
    return answers, done.status


def verdicts(answers: Answers) -> dict[str, tuple[str, str]]:
    return {step: (each["verdict"], each["code"]) for step, each in answers.items()}


def test_a_right_server() -> None:
    with Server(adds) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 0
    assert verdicts(answers) == {
        "name": ("ok", "is-address"),
        "network": ("ok", "this-machine"),
        "connection": ("ok", "accepts"),
        "protocol": ("ok", "speaks"),
        "at once": ("ok", "serves-second"),
    }
    assert answers["protocol"]["values"]["said"] == "address 127.0.0.1, first 20, second 22, sum 42"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_lines_for_a_person_say_what_to_do(language: Any) -> None:
    done = run_here("doctor", f"127.0.0.1:{free_port()}", lang=language)
    words = catalogue(language)
    assert done.status == 1
    assert done.lines[2].startswith(words.text("doctor.verdict.wrong"))
    assert done.lines[2].endswith(f". {words.text('doctor.what-to-do')} {words.text('doctor.do.start-server')}")
    assert done.lines[-1] == words.text("doctor.not-well")


def test_without_a_protocol_it_only_knocks() -> None:
    with Server(listens) as server:
        answers, status = ask(server.port)
    assert status == 0
    assert verdicts(answers)["protocol"] == ("note", "not-asked")
    assert answers["protocol"]["advice_code"] == "add-protocol"


def test_one_client_at_a_time() -> None:
    with Server(adds, one_at_a_time=True) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 0
    assert verdicts(answers)["at once"] == ("note", "one-at-a-time")


def test_busy_with_another_client() -> None:
    with Server(adds, one_at_a_time=True) as server, connect(server.port) as other:
        other.sendall(utf("127.0.0.1") + ints(1, 2))
        other.recv(4)  # it is served now
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    assert status == 1
    assert answers["protocol"]["verdict"] == "wrong"
    assert answers["protocol"]["code"] in ("busy", "perhaps-busy")  # who it is, not every system tells
    assert answers["protocol"]["values"]["cause"] == "stalled"
    assert answers["protocol"]["where"]["field"] == "sum"


@pytest.mark.parametrize(
    ("serve", "code", "offset", "advice"),
    [
        (adds_little_endian, "wrong-value", 0, "compare-bytes"),
        (greets, "speaks-first", 0, "check-port"),
        (hangs_up, None, None, "read-console"),  # closed, or broken off where something was unread
        (lambda connection: (connection.recv(100), connection.sendall(b"42")), "stalled", 0, "write-whole"),
        (listens, "perhaps-busy", 0, "one-at-a-time-or-tap"),
    ],
    ids=["little-endian", "greets", "hangs up", "answers as text", "is silent"],
)
def test_a_server_that_does_not_speak_it(serve: Any, code: str | None, offset: int | None, advice: str) -> None:
    def serve_and_wait(connection: socket.socket) -> None:
        serve(connection)
        if serve not in (hangs_up, listens):
            listens(connection)

    with Server(serve_and_wait) as server:
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    assert status == 1
    answer = answers["protocol"]
    assert answer["verdict"] == "wrong"
    assert answer["code"] in ([code] if code else ["server-closed", "connection-broken"])
    assert answer["where"].get("offset") == offset
    assert answer["where"]["side"] == "server"
    assert answer["advice_code"] == advice


@pytest.mark.parametrize(
    ("serve", "key"),
    [
        (adds_little_endian, "little-endian-int"),
        (lambda connection: (connection.recv(100), connection.sendall(b"42\n")), "number-as-text"),
        (
            lambda connection: (connection.recv(100), connection.sendall(bytes([0, 0, 0, 0, 0, 0, 0, 42]))),
            "long-for-int",
        ),
        (lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "http-answer"),
    ],
    ids=["little-endian", "as text", "long", "web server"],
)
def test_a_well_known_mistake_is_named_with_its_remedy(serve: Any, key: str) -> None:
    def serve_and_wait(connection: socket.socket) -> None:
        serve(connection)
        listens(connection)

    with Server(serve_and_wait) as server:
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    assert status == 1
    assert answers["diagnosis"]["verdict"] == "note"
    assert answers["diagnosis"]["diagnosis"]["key"] == key


@pytest.mark.parametrize("serve", [hangs_up, listens, greets], ids=["hangs up", "is silent", "greets"])
def test_what_is_no_well_known_mistake_gets_no_name(serve: object) -> None:
    with Server(serve) as server:  # type: ignore[arg-type]
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    assert status == 1
    assert "diagnosis" not in answers


def test_a_chat_is_not_disturbed() -> None:
    """The doctor sends its address and no more, and sees that the server lets it go."""
    heard: list[bytes] = []
    done = threading.Semaphore(0)

    def chat(connection: socket.socket) -> None:
        data = b""
        while piece := connection.recv(100):
            data += piece
        heard.append(data)
        done.release()

    with Server(chat) as server:
        answers, status = ask(server.port, "--protocol", "chat")
        assert done.acquire(timeout=30)
        assert done.acquire(timeout=30)
    assert status == 0
    assert sorted(heard) == [b"", utf("127.0.0.1")]  # the first only knocked
    assert verdicts(answers)["protocol"] == ("ok", "takes")
    assert answers["protocol"]["values"]["said"] == "address 127.0.0.1"


def test_what_would_have_to_be_made_up_is_not_said_nor_anything_after_it(tmp_path: Path) -> None:
    file = tmp_path / "files.yaml"
    file.write_text(
        "protocol: files\nabout: x\nport: 7000\nsession:\n  - {from: client, field: name, type: UTF}\n"
        "  - {from: server, field: size, type: int}\n"
        "  - {from: client, field: address, type: UTF, form: IP address}\n"
    )
    heard: list[bytes] = []
    done = threading.Semaphore(0)

    def hears(connection: socket.socket) -> None:
        heard.append(connection.recv(100))
        done.release()

    with Server(hears) as server:
        answers, _ = ask(server.port, "--protocol", file)
        assert done.acquire(timeout=30)
        assert done.acquire(timeout=30)
    assert verdicts(answers)["protocol"] == ("ok", "takes")
    assert heard == [b"", b""]


def test_a_server_that_greets_first_where_the_protocol_has_it_so(tmp_path: Path) -> None:
    file = tmp_path / "greeting.yaml"
    file.write_text(
        "protocol: greeting\nabout: x\nport: 7000\nsession:\n  - {from: server, field: version, type: int}\n"
        "  - {from: client, field: address, type: UTF, form: IP address}\n"
    )

    def serve(connection: socket.socket) -> None:
        connection.sendall(ints(7))
        listens(connection)

    with Server(serve) as server:
        answers, _ = ask(server.port, "--protocol", file)
        assert answers["protocol"]["values"]["said"] == "version 7, address 127.0.0.1"
    with Server(listens) as server:
        answers, _ = ask(server.port, "--protocol", file, wait=1)
        assert (answers["protocol"]["code"], answers["protocol"]["where"]["field"]) == ("perhaps-busy", "version")


def test_a_chat_server_that_is_busy_keeps_the_connection() -> None:
    with Server(listens, one_at_a_time=True) as server, connect(server.port) as other:
        other.sendall(utf("127.0.0.1"))
        answers, status = ask(server.port, "--protocol", "chat", wait=1)
    assert status == 1
    assert answers["protocol"]["values"]["cause"] == "keeps-connection"


def test_a_server_that_serves_only_its_first_client() -> None:
    first = threading.Lock()

    def once(connection: socket.socket) -> None:
        if first.acquire(blocking=False):
            adds(connection)

    # The knock at the door is its first client, the conversation is answered by nobody.
    with Server(once) as server:
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    assert status == 1
    assert answers["protocol"]["verdict"] == "wrong"


def test_a_name_that_nobody_has() -> None:
    done = run_here("doctor", "no-such-machine.invalid", "--json")
    assert done.status == 1
    assert (done.told[0]["verdict"], done.told[0]["code"]) == ("wrong", "unknown-name")
    assert len(done.lines) == 2


# What no test can bring about on one machine -------------------------------------------------------------------------

MINE = [
    OwnAddress(ipaddress.ip_address("127.0.0.1"), ipaddress.ip_network("127.0.0.0/8"), "lo"),
    OwnAddress(ipaddress.ip_address("192.168.1.31"), ipaddress.ip_network("192.168.1.0/24"), "wlan0"),
]


def code_of(about: Problem | Fact) -> str:
    return about.code


@pytest.mark.parametrize(
    ("address", "mine", "verdict", "code"),
    [
        ("192.168.1.20", MINE, "ok", "my-network"),
        ("192.168.1.31", MINE, "ok", "this-machine"),
        ("10.0.0.7", MINE, "note", "other-network"),
        ("10.0.0.7", MINE[:1], "wrong", "no-network"),
        ("0.0.0.0", MINE, "wrong", "nobodys-address"),
        ("fe80::1%wlan0", MINE, "note", "other-network"),
    ],
)
def test_on_my_network_or_not(address: str, mine: list[OwnAddress], verdict: str, code: str) -> None:
    answer = network_answer([address], mine)
    assert (answer.verdict, code_of(answer.about)) == (verdict, code)
    assert (answer.advice == "") is (verdict == "ok")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimeoutError(), "no-answer"),
        (OSError(errno.ETIMEDOUT, ""), "no-answer"),
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), "nothing-listens"),
        (OSError(errno.EHOSTUNREACH, ""), "unreachable"),
        (OSError(errno.ENETUNREACH, ""), "unreachable"),
        (OSError(errno.EACCES, ""), "connect-failed"),
    ],
    ids=["times out", "the system times out", "refused", "no route", "no network", "something else"],
)
def test_why_no_connection_opens(error: OSError, code: str) -> None:
    answer = connection_answer([Attempt("10.0.0.7", 0.25, error)], 8999, 3.0, MINE)
    assert (answer.verdict, code_of(answer.about)) == ("wrong", code)
    assert answer.about.values["milliseconds"] == 250.0
    assert answer.advice


def test_a_name_of_two_addresses_of_which_one_answers() -> None:
    attempts = [Attempt("::1", 0.001, ConnectionRefusedError(errno.ECONNREFUSED, "")), Attempt("127.0.0.1", 0.001)]
    answer = connection_answer(attempts, 8999, 3.0, MINE)
    assert (answer.verdict, code_of(answer.about)) == ("note", "some-addresses-fail")
    assert (answer.about.values["address"], answer.about.values["others"]) == ("127.0.0.1", "::1")


def test_a_server_that_listens_for_its_own_machine_only() -> None:
    with Server(listens) as server:
        refused = Attempt("192.168.1.31", 0.001, ConnectionRefusedError(errno.ECONNREFUSED, ""))
        answer = connection_answer([refused], server.port, 3.0, MINE)
    assert code_of(answer.about) == "own-machine-only"
    assert answer.advice == "listen-everywhere"
