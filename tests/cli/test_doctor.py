"""`doctor`: each answer, met on purpose."""

from __future__ import annotations

import errno
import ipaddress
import json
import socket
import threading
from pathlib import Path

import pytest

from conformance.observe.connectivity import Attempt, connection_answer, network_answer
from conformance.observe.own_addresses import OwnAddress
from tests.cli.running import (
    Server,
    adds,
    adds_little_endian,
    connect,
    free_port,
    greets,
    hangs_up,
    ints,
    listens,
    run,
    utf,
)


def ask(port: int, *words: object) -> tuple[dict[str, tuple[str, str]], int]:
    """The answers, by step, and the exit status."""
    command = run("doctor", f"127.0.0.1:{port}", "--json", "--wait", 2, *words)
    told = [json.loads(line) for line in command.lines]
    assert told, command.errors()
    answers = {each["step"]: (each["verdict"], each["sentence"]) for each in told if each["event"] == "answer"}
    assert told[-1] == {"event": "summary", "wrong": sum(verdict == "wrong" for verdict, _ in answers.values())}
    return answers, command.process.returncode


def test_a_right_server() -> None:
    with Server(adds) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 0
    assert answers["name"] == ("ok", "127.0.0.1 is an address, there is no name to look up")
    assert answers["network"][1].startswith("127.0.0.1 is this machine itself")
    assert f"127.0.0.1 port {server.port} accepts" in answers["connection"][1]
    assert answers["protocol"] == ("ok", "it speaks addition: address 127.0.0.1, first 20, second 22, sum 42")
    assert answers["at once"][0] == "ok"


def test_lines_for_a_person_say_what_to_do() -> None:
    port = free_port()
    command = run("doctor", f"127.0.0.1:{port}")
    assert command.process.returncode == 1
    assert command.lines[2].startswith(f"wrong  connection: 127.0.0.1 port {port} refuses, after ")
    assert ". What to do: start the server there" in command.lines[2]
    assert command.lines[-1] == "not well"


def test_without_a_protocol_it_only_knocks() -> None:
    with Server(listens) as server:
        answers, status = ask(server.port)
    assert status == 0
    assert answers["protocol"] == ("note", "what it speaks was not asked")


def test_one_client_at_a_time() -> None:
    with Server(adds, one_at_a_time=True) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 0
    assert answers["at once"][0] == "note"
    assert "one client at a time" in answers["at once"][1]


def test_busy_with_another_client() -> None:
    with Server(adds, one_at_a_time=True) as server, connect(server.port) as other:
        other.sendall(utf("127.0.0.1") + ints(1, 2))
        other.recv(4)  # it is served now
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 1
    verdict, sentence = answers["protocol"]
    assert verdict == "wrong"
    assert sentence.startswith("no int `sum` came within 2 s: it is busy with ")


@pytest.mark.parametrize(
    ("serve", "sentence"),
    [
        (
            adds_little_endian,
            "`sum` must be int32(first + second) = 42 (00 00 00 2A), and it is 704643072 (2A 00 00 00",
        ),
        (greets, "it speaks first, and in addition the client does. It says 32 32 30 20"),
        (hangs_up, "the connection"),  # closed, or broken off where something was unread
        (
            lambda connection: (connection.recv(100), connection.sendall(b"42")),
            "only 2 of 4 bytes came: 34 32, as text '42'",
        ),
        (listens, "no int `sum` came within 2 s: it is busy with another client, if it serves one at a time"),
    ],
    ids=["little-endian", "greets", "hangs up", "answers as text", "is silent"],
)
def test_a_server_that_does_not_speak_it(serve: object, sentence: str) -> None:
    def serve_and_wait(connection: socket.socket) -> None:
        serve(connection)  # type: ignore[operator]
        if serve not in (hangs_up, listens):
            listens(connection)

    with Server(serve_and_wait) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 1
    assert answers["protocol"][0] == "wrong"
    assert sentence in answers["protocol"][1]


@pytest.mark.parametrize(
    ("serve", "title"),
    [
        (adds_little_endian, "little-endian number"),
        (lambda connection: (connection.recv(100), connection.sendall(b"42\n")), "number sent as text"),
        (lambda connection: (connection.recv(100), connection.sendall(bytes([0, 0, 0, 0, 0, 0, 0, 42]))), "long"),
        (lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "HTTP"),
    ],
    ids=["little-endian", "as text", "long", "web server"],
)
def test_a_well_known_mistake_is_named_with_its_remedy(serve: object, title: str) -> None:
    def serve_and_wait(connection: socket.socket) -> None:
        serve(connection)  # type: ignore[operator]
        listens(connection)

    with Server(serve_and_wait) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 1
    verdict, sentence = answers["mistake"]
    assert verdict == "note"
    assert sentence.startswith("this looks like a well-known one")
    assert title in sentence


@pytest.mark.parametrize("serve", [hangs_up, listens, greets], ids=["hangs up", "is silent", "greets"])
def test_what_is_no_well_known_mistake_gets_no_name(serve: object) -> None:
    with Server(serve) as server:  # type: ignore[arg-type]
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 1
    assert "mistake" not in answers


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
    assert answers["protocol"][0] == "ok"
    assert "address 127.0.0.1" in answers["protocol"][1]


def test_what_would_have_to_be_made_up_is_not_said_nor_anything_after_it(tmp_path: Path) -> None:
    file = tmp_path / "files.yaml"
    file.write_text(
        "protocol: files\nabout: x\nport: 7000\nsession:\n  - {from: client, field: name, type: UTF}\n"
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
    assert answers["protocol"][0] == "ok"
    assert heard == [b"", b""]


def test_a_chat_server_that_is_busy_keeps_the_connection() -> None:
    with Server(listens, one_at_a_time=True) as server, connect(server.port) as other:
        other.sendall(utf("127.0.0.1"))
        answers, status = ask(server.port, "--protocol", "chat")
    assert status == 1
    assert "it keeps the connection after I have left" in answers["protocol"][1]


def test_a_server_that_serves_only_its_first_client() -> None:
    first = threading.Lock()

    def once(connection: socket.socket) -> None:
        if first.acquire(blocking=False):
            adds(connection)

    # The knock at the door is its first client, the conversation is answered by nobody.
    with Server(once) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 1
    assert answers["protocol"][0] == "wrong"


def test_a_name_that_nobody_has() -> None:
    command = run("doctor", "no-such-machine.invalid")
    assert command.process.returncode == 1
    assert command.lines[0].startswith(
        "wrong  name:       'no-such-machine.invalid' is no name that this machine knows"
    )
    assert len(command.lines) == 2


# What no test can bring about on one machine -------------------------------------------------------------------------

MINE = [
    OwnAddress(ipaddress.ip_address("127.0.0.1"), ipaddress.ip_network("127.0.0.0/8"), "lo"),
    OwnAddress(ipaddress.ip_address("192.168.1.31"), ipaddress.ip_network("192.168.1.0/24"), "wlan0"),
]


@pytest.mark.parametrize(
    ("address", "mine", "verdict", "sentence"),
    [
        ("192.168.1.20", MINE, "ok", "192.168.1.20 is on my network: I am 192.168.1.31 (wlan0), in 192.168.1.0/24"),
        ("192.168.1.31", MINE, "ok", "192.168.1.31 is this machine itself (my addresses: 192.168.1.31 (wlan0))"),
        ("10.0.0.7", MINE, "note", "10.0.0.7 is on no network of mine (my addresses: 192.168.1.31 (wlan0))"),
        ("10.0.0.7", MINE[:1], "wrong", "this machine is on no network"),
        ("0.0.0.0", MINE, "wrong", "0.0.0.0 is nobody's address"),
        ("fe80::1%wlan0", MINE, "note", "fe80::1%wlan0 is on no network of mine"),
    ],
)
def test_on_my_network_or_not(address: str, mine: list[OwnAddress], verdict: str, sentence: str) -> None:
    answer = network_answer([address], mine)
    assert answer.verdict == verdict
    assert answer.sentence.startswith(sentence)
    assert (answer.advice == "") is (verdict == "ok")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TimeoutError(), "10.0.0.7 port 8999 does not answer at all (waited 3 s): a firewall drops what I send"),
        (OSError(errno.ETIMEDOUT, ""), "10.0.0.7 port 8999 does not answer at all"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, ""),
            "10.0.0.7 port 8999 refuses, after 250.0 ms: the machine is there",
        ),
        (OSError(errno.EHOSTUNREACH, ""), "10.0.0.7 port 8999 cannot be reached from here: No route to host"),
        (OSError(errno.ENETUNREACH, ""), "10.0.0.7 port 8999 cannot be reached from here: Network is unreachable"),
        (OSError(errno.EACCES, ""), "10.0.0.7 port 8999: Permission denied"),
    ],
    ids=["times out", "the system times out", "refused", "no route", "no network", "something else"],
)
def test_why_no_connection_opens(error: OSError, sentence: str) -> None:
    answer = connection_answer([Attempt("10.0.0.7", 0.25, error)], 8999, 3.0, MINE)
    assert answer.verdict == "wrong"
    assert answer.sentence.startswith(sentence)
    assert answer.advice


def test_a_name_of_two_addresses_of_which_one_answers() -> None:
    attempts = [Attempt("::1", 0.001, ConnectionRefusedError(errno.ECONNREFUSED, "")), Attempt("127.0.0.1", 0.001)]
    answer = connection_answer(attempts, 8999, 3.0, MINE)
    assert answer.verdict == "note"
    assert "127.0.0.1 port 8999 accepts, after 1.0 ms; ::1 does not (Connection refused)" in answer.sentence


def test_a_server_that_listens_for_its_own_machine_only() -> None:
    with Server(listens) as server:
        refused = Attempt("192.168.1.31", 0.001, ConnectionRefusedError(errno.ECONNREFUSED, ""))
        answer = connection_answer([refused], server.port, 3.0, MINE)
    assert "listens for its own machine only" in answer.sentence
    assert '("", port)' in answer.advice
