"""`doctor`: each answer, met on purpose."""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.problem import Problem
from conformance.formatting import catalogue
from conformance.observe import connectivity
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
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what the server's end does")


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
    assert (
        answers["protocol"]["values"]["said"]
        == "address 127.0.0.1, first 20, second 22, sum 42, first 24, second 26, sum 50"
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_lines_for_a_person_say_what_to_do(language: Any) -> None:
    done = run_here("doctor", f"127.0.0.1:{free_port()}", lang=language)
    words = catalogue(language)
    assert done.status == 1
    assert done.lines[2].startswith(words.text("doctor.verdict.wrong"))
    assert done.lines[2].endswith(f". {words.text('doctor.what-to-do')} {words.text('doctor.do.start-server-here')}")
    assert done.lines[-1] == words.text("doctor.not-well")


def test_without_a_protocol_it_does_not_disturb_a_server_of_this_machine() -> None:
    came = threading.Event()
    with Server(lambda connection: came.set()) as server:
        answers, status = ask(server.port)
    assert status == 0
    assert verdicts(answers)["protocol"] == ("note", "not-asked")
    assert answers["protocol"]["advice_code"] == "add-protocol"
    if verdicts(answers)["connection"] != ("ok", "accepts"):  # this system tells who listens
        assert verdicts(answers)["connection"] == ("ok", "listens")
        assert not came.is_set()


def test_one_client_at_a_time() -> None:
    with Server(adds, one_at_a_time=True) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 0
    assert verdicts(answers)["at once"] == ("note", "one-at-a-time")


@pytest.mark.parametrize("backlog", [0, 1])
def test_a_right_server_with_a_short_queue_is_right(backlog: int) -> None:
    with Server(adds, one_at_a_time=True) as server:
        server.listen(backlog)
        answers, status = ask(server.port, "--protocol", "addition")
    assert status == 0
    assert verdicts(answers)["protocol"] == ("ok", "speaks")
    assert answers["at once"]["verdict"] == "note"


def test_the_doctor_does_not_kill_a_server_that_every_right_client_leaves_alive() -> None:
    """No `try` around a client, one at a time: who connects and leaves ends it."""
    served: list[str] = []

    def fragile(connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            served.append(stream.read(struct.unpack(">H", stream.read(2))[0]).decode())
            while len(data := stream.read(8)) == 8:
                connection.sendall(ints(sum(struct.unpack(">ii", data))))

    with Server(fragile, one_at_a_time=True, survives=()) as server:
        answers, status = ask(server.port, "--protocol", "addition")
        with connect(server.port) as client:
            client.sendall(utf("127.0.0.1") + ints(1, 2))
            assert client.recv(4) == ints(3)
    assert status == 0
    assert verdicts(answers)["at once"] == ("note", "one-at-a-time")
    assert served == ["127.0.0.1"] * 3


def test_a_server_that_leaves_its_sockets_open_serves_several() -> None:
    left: list[socket.socket] = []

    def leaves_open(connection: socket.socket) -> None:
        left.append(connection.dup())
        adds(connection)

    with Server(leaves_open) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    for connection in left:
        connection.close()
    assert status == 0
    assert verdicts(answers)["at once"] == ("ok", "serves-second")


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


@on_linux
@pytest.mark.parametrize(
    ("reads", "code", "advice"),
    [(False, "not-read", "read-on"), (True, "read-not-answered", "answer-whole")],
    ids=["does not read", "does not answer"],
)
def test_what_a_silent_server_does(reads: bool, code: str, advice: str) -> None:
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        if reads:
            listens(connection)
        over.wait(LONG)

    with Server(serve) as server:
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    over.set()
    assert status == 1
    assert verdicts(answers)["protocol"] == ("wrong", code)
    assert answers["protocol"]["advice_code"] == advice
    assert answers["protocol"]["values"]["cause"] == "stalled"


@on_linux
def test_a_server_that_does_not_accept() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        answers, status = ask(port, "--protocol", "addition", wait=1)
        assert (status, verdicts(answers)["protocol"]) == (1, ("wrong", "not-accepted"))
        answers, status = ask(port, "--protocol", "addition", wait=1)  # the first one is still in the queue
        assert (status, verdicts(answers)["connection"]) == (1, ("wrong", "queue-full"))


def test_a_server_that_accepts_and_closes() -> None:
    with Server(lambda connection: None) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert (status, verdicts(answers)["protocol"]) == (1, ("wrong", "closes-at-once"))


def test_a_server_that_ends_the_connection_after_its_first_answer() -> None:
    def answers_once(connection: socket.socket) -> None:
        connection.recv(11)
        connection.sendall(ints(sum(struct.unpack(">ii", connection.recv(8, socket.MSG_WAITALL)))))

    with Server(answers_once) as server:
        answers, status = ask(server.port, "--protocol", "addition")
    assert (status, verdicts(answers)["protocol"]) == (1, ("wrong", "ends-after-answer"))
    assert answers["protocol"]["values"]["answers"] == 1


@on_linux
def test_a_server_that_has_ended() -> None:
    def ends(server: list[Server], connection: socket.socket) -> None:
        server[0].__exit__()
        connection.recv(1)

    running: list[Server] = []
    with Server(partial(ends, running)) as server:
        running.append(server)
        answers, status = ask(server.port, "--protocol", "addition")
    assert (status, verdicts(answers)["protocol"]) == (1, ("wrong", "no-longer-listens"))
    assert answers["protocol"]["values"]["cause"] in ("server-closed", "connection-broken")


def writes(*sizes: int, pause: float = 0.0) -> Callable[[socket.socket], None]:
    """An addition server that writes its answer in pieces of these sizes."""

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            stream.read(struct.unpack(">H", stream.read(2))[0])
            while len(data := stream.read(8)) == 8:
                answer = ints(sum(struct.unpack(">ii", data)))
                for size in sizes:
                    connection.sendall(answer[:size])
                    answer = answer[size:]
                    time.sleep(pause)

    return serve


@on_linux
@pytest.mark.parametrize(
    ("serve", "slow"),
    [(writes(2, 2), True), (writes(4), False), (writes(2, 2, pause=0.05), False)],
    ids=["two small writes", "one write", "a server that takes its time"],
)
def test_an_answer_that_waits_for_an_acknowledgement(serve: Any, slow: bool) -> None:
    with Server(serve) as server:
        # It says so only where it is sure: on a machine that is busy elsewhere it may take more than one look.
        for _ in range(3):
            answers, status = ask(server.port, "--protocol", "addition")
            assert status == 0
            assert verdicts(answers)["protocol"] == ("ok", "speaks")
            if slow and "speed" in answers:
                break
    assert ("speed" in answers) is slow
    if slow:
        assert (verdicts(answers)["speed"], answers["speed"]["advice_code"]) == (("note", "held-back"), "no-delay")


@pytest.mark.parametrize(
    ("listens_at", "asked", "code"),
    [("::1", "127.0.0.1", "other-family"), ("127.0.0.1", "[::1]", "other-family")],
)
def test_a_server_that_listens_for_the_other_family_is_asked_there(listens_at: str, asked: str, code: str) -> None:
    try:
        server = Server(adds, host=listens_at)
    except OSError as error:
        pytest.skip(f"no {listens_at} on this machine: {error.strerror}")
    with server:
        done = run_here("doctor", f"{asked}:{server.port}", "--json", "--protocol", "addition")
    answers = {each["step"]: each for each in done.told if each["event"] == "answer"}
    assert done.status == 1
    assert verdicts(answers)["connection"] == ("wrong", code)
    assert (answers["connection"]["values"]["accepts"], answers["connection"]["advice_code"]) == (
        listens_at,
        "listen-both",
    )
    assert verdicts(answers)["protocol"] == ("ok", "speaks")


def test_a_datagram_socket_has_the_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        answers, status = ask(sock.getsockname()[1], "--protocol", "addition")
    assert (status, verdicts(answers)["connection"]) == (1, ("wrong", "datagrams"))
    assert answers["connection"]["advice_code"] == "listen-tcp"


@pytest.mark.parametrize(
    ("serve", "code", "offset", "advice"),
    [
        (adds_little_endian, "wrong-value", 0, "compare-bytes"),
        (greets, "speaks-first", 0, "check-port"),
        (hangs_up, None, None, "read-console"),  # closed, or broken off where something was unread
        (lambda connection: (connection.recv(100), connection.sendall(b"42")), "stalled", 0, "write-whole"),
    ],
    ids=["little-endian", "greets", "hangs up", "answers as text"],
)
def test_a_server_that_does_not_speak_it(serve: Any, code: str | None, offset: int | None, advice: str) -> None:
    def serve_and_wait(connection: socket.socket) -> None:
        serve(connection)
        if serve is not hangs_up:
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
    assert (answers["protocol"].get("advice_code") == "other-service") is (key == "http-answer")


@pytest.mark.parametrize("serve", [hangs_up, listens], ids=["hangs up", "is silent"])
def test_what_is_no_well_known_mistake_gets_no_name(serve: object) -> None:
    with Server(serve) as server:  # type: ignore[arg-type]
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    assert status == 1
    assert "diagnosis" not in answers


class Room:
    """A chat: what is said goes to all members, and `welcome` to who comes. `heard` is all that each has sent."""

    def __init__(self, welcome: bytes = b"", *, echoes: bool = True) -> None:
        self.heard: list[bytes] = []
        self.left = threading.Semaphore(0)
        self._welcome, self._echoes = welcome, echoes
        self._members: list[socket.socket] = []

    def serve(self, connection: socket.socket) -> None:
        self._members.append(connection)
        data = connection.recv(11, socket.MSG_WAITALL)
        connection.sendall(self._welcome)
        while piece := connection.recv(100):
            data += piece
            if data.endswith(utf("hello")):
                for member in self._members:
                    if self._echoes or member is not connection:
                        member.sendall(data[11:])
        self._members.remove(connection)
        self.heard.append(data)
        self.left.release()


def test_a_chat_with_others_is_not_disturbed() -> None:
    """The doctor sends its address and no more, and sees that the server lets it go."""
    room = Room()
    with Server(room.serve) as server, connect(server.port) as member:
        member.sendall(utf("127.0.0.1"))
        answers, status = ask(server.port, "--protocol", "chat")
        assert room.left.acquire(timeout=LONG)
    assert status == 0
    assert room.heard[0] == utf("127.0.0.1")
    assert verdicts(answers)["protocol"] == ("ok", "takes")
    assert answers["protocol"]["values"]["said"] == "address 127.0.0.1"


@on_linux
@pytest.mark.parametrize(
    ("room", "verdict", "code"),
    [
        (Room(), "ok", "speaks"),
        (Room(echoes=False), "wrong", "message-not-echoed"),
        (Room(utf("server") + utf("welcome")), "wrong", "message-unknown"),
    ],
    ids=["right", "not to its author", "a welcome"],
)
def test_a_chat_in_which_nobody_else_is_gets_one_message(room: Room, verdict: str, code: str) -> None:
    with Server(room.serve) as server:
        answers, _ = ask(server.port, "--protocol", "chat", wait=1)
        assert room.left.acquire(timeout=LONG)
    assert verdicts(answers)["protocol"] == (verdict, code)
    assert "at once" not in answers


@on_linux
@pytest.mark.parametrize(("serve", "asked", "speaks"), [(adds, "chat", "addition"), (Room().serve, "addition", "chat")])
def test_another_protocol_of_the_harness(serve: Any, asked: str, speaks: str) -> None:
    with Server(serve) as server:
        answers, status = ask(server.port, "--protocol", asked, wait=1)
    assert (status, verdicts(answers)["protocol"]) == (1, ("wrong", "speaks-other"))
    assert answers["protocol"]["values"]["other"] == speaks


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
        assert done.acquire(timeout=LONG)
    assert verdicts(answers)["protocol"] == ("ok", "takes")
    assert heard == [b""]


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
        assert answers["protocol"]["code"] in ("read-not-answered", "perhaps-busy")
        assert answers["protocol"]["where"]["field"] == "version"


@on_linux
def test_a_chat_server_that_is_busy_keeps_the_connection() -> None:
    with Server(listens, one_at_a_time=True) as server, connect(server.port) as other:
        other.sendall(utf("127.0.0.1"))
        answers, status = ask(server.port, "--protocol", "chat", wait=1)
    assert status == 1
    assert answers["protocol"]["values"]["cause"] == "keeps-connection"


def test_a_chat_server_elsewhere_may_leave_its_sockets_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "one that tells nothing")
    monkeypatch.setattr(connectivity, "other_clients", lambda port, own_port: None)
    left: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        left.append(connection.dup())
        listens(connection)

    with Server(serve) as server:
        answers, status = ask(server.port, "--protocol", "chat", wait=1)
    for connection in left:
        connection.close()
    assert (status, verdicts(answers)["protocol"]) == (0, ("note", "perhaps-busy"))


def test_a_server_that_serves_only_its_first_client() -> None:
    first = threading.Lock()

    def once(connection: socket.socket) -> None:
        if first.acquire(blocking=False):
            adds(connection)

    with Server(once) as server:
        answers, status = ask(server.port, "--protocol", "addition", wait=1)
    assert status == 1
    assert verdicts(answers)["protocol"] == ("ok", "speaks")
    assert verdicts(answers)["at once"] == ("wrong", "second-client-fails")


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
    answer = connection_answer(["10.0.0.7"], [Attempt("10.0.0.7", 0.25, error)], 8999, 3.0, MINE)
    assert (answer.verdict, code_of(answer.about)) == ("wrong", code)
    assert answer.about.values["milliseconds"] == 250.0
    assert answer.advice


def test_a_name_of_two_addresses_of_which_one_answers() -> None:
    attempts = [Attempt("::1", 0.001, ConnectionRefusedError(errno.ECONNREFUSED, "")), Attempt("127.0.0.1", 0.001)]
    answer = connection_answer(["::1", "127.0.0.1"], attempts, 8999, 3.0, MINE)
    assert (answer.verdict, code_of(answer.about)) == ("note", "some-addresses-fail")
    assert (answer.about.values["address"], answer.about.values["others"]) == ("127.0.0.1", "::1")


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "")


@pytest.mark.parametrize(
    ("asked", "accepts", "code"),
    [
        ("192.168.1.31", "127.0.0.1", "own-machine-only"),
        ("192.168.1.31", "::1", "own-machine-only"),
        ("127.0.0.1", "192.168.1.31", "listens-elsewhere"),
        ("127.0.0.1", "::1", "other-family"),
    ],
)
def test_a_server_that_listens_at_another_address_of_this_machine(asked: str, accepts: str, code: str) -> None:
    attempts = [Attempt(asked, 0.001, REFUSED), Attempt(accepts, 0.001)]
    answer = connection_answer([asked], attempts, 8999, 3.0, MINE)
    assert (answer.verdict, code_of(answer.about)) == ("wrong", code)
    assert answer.about.values["accepts"] == accepts


def test_no_firewall_stands_between_a_machine_and_itself() -> None:
    for error in (TimeoutError(), REFUSED):
        answer = connection_answer(["127.0.0.1"], [Attempt("127.0.0.1", 3.0, error)], free_port(), 3.0, MINE)
        assert answer.advice in ("accept-again", "start-server-here")
