"""`board` on the command line: what it takes, what it says in one sentence, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from conformance.formatting import catalogue
from tests.board.engine import Stream
from tests.cli.running import LONG, Command, Server, adds, connect, ended, free_port, ints, received, run, run_here, utf
from tests.cli.test_command_line import pattern

WORDS = ("board", "--listen", "127.0.0.1:0")


def start(*words: object) -> Command:
    """A board that runs."""
    return Command(*WORDS, *words)


def shown_port(command: Command) -> int:
    return int(re.findall(r"http://127\.0\.0\.1:(\d+)/", command.line("http://"))[0])


def clients_port(command: Command, name: str) -> int:
    return int(re.findall(r" port (\d+) ", command.line(f"{name}: "))[0])


def test_servers_of_a_file_and_of_the_command_line(tmp_path: Path) -> None:
    with Server(adds) as server:
        file = tmp_path / "board.yaml"
        file.write_text(f"servers:\n  alice: {{protocol: addition, listen: 0, to: 127.0.0.1:{server.port}}}\n")
        with ended(start(file, "--server", f"bob=addition:0:127.0.0.1:{server.port}")) as board:
            ports = [clients_port(board, "alice"), clients_port(board, "bob")]
            assert shown_port(board)
            for port in ports:
                with connect(port) as client:
                    client.sendall(utf("127.0.0.1") + ints(84, 98))
                    assert received(client, 4) == ints(182)
            assert board.interrupt() == 0
            assert board.errors() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_its_relays_though_clients_and_pages_are_there(number: signal.Signals) -> None:
    with Server(adds) as server, ended(start("--server", f"alice=addition:0:127.0.0.1:{server.port}")) as board:
        port = clients_port(board, "alice")
        page = shown_port(board)
        relays = psutil.Process(board.process.pid).children()
        assert len(relays) == 1
        with connect(port) as client, socket.create_connection(("127.0.0.1", page), LONG) as looking:
            client.sendall(utf("127.0.0.1") + ints(84, 98))
            assert received(client, 4) == ints(182)
            looking.sendall(b"GET /changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert looking.recv(1)
            board.process.send_signal(number)
            assert board.end() == 0
            assert board.errors() == ""
        assert psutil.wait_procs(relays, LONG)[1] == []


def says(name: str) -> Callable[[str], bool]:
    """Whether a line is that sentence."""
    return lambda line: re.search(pattern(name, catalogue("en")), line) is not None


def changes(page: int) -> dict[str, Any]:
    """What a page is told first."""
    with socket.create_connection(("127.0.0.1", page), LONG) as looking:
        looking.sendall(b"GET /changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with Stream(looking) as stream:
            return stream.until(lambda told: True)


def taken(port: int) -> socket.socket:
    """Listens on that port, as soon as nobody else does."""
    until = time.monotonic() + LONG
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)


def adds_through(port: int) -> bool:
    """Whether a client is served there."""
    try:
        with connect(port) as client:
            client.sendall(utf("127.0.0.1") + ints(84, 98))
            return received(client, 4) == ints(182)
    except (OSError, AssertionError):
        return False


def relay_on(board: Command, port: int) -> psutil.Process:
    """The process of the board that listens on that port."""
    relays = psutil.Process(board.process.pid).children()
    (found,) = (relay for relay in relays if any(at.laddr.port == port for at in relay.net_connections()))
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send to a process")
def test_the_board_goes_on_without_a_relay_that_was_killed_and_starts_it_again() -> None:
    with Server(adds) as server:
        to = f"addition:0:127.0.0.1:{server.port}"
        with ended(start("--server", f"alice={to}", "--server", f"bob={to}")) as board:
            alice, bob = clients_port(board, "alice"), clients_port(board, "bob")
            page = shown_port(board)
            assert adds_through(alice)
            with connect(alice) as cut_off, connect(bob) as goes_on:
                cut_off.sendall(utf("127.0.0.1"))
                goes_on.sendall(utf("127.0.0.1") + ints(84, 98))
                assert received(goes_on, 4) == ints(182)
                relay_on(board, alice).kill()
                assert cut_off.recv(1) == b""
                board.line(says("cli.board.relay.ended"))
                goes_on.sendall(ints(1, 2))
                assert received(goes_on, 4) == ints(3)
            board.line(says("cli.board.relay.back"))
            assert adds_through(alice)
            told = changes(page)
            rows = {row["number"]: row["state"] for row in told["connections"] if row["server"] == 0}
            assert rows == {1: "ended", 2: "lost", 3: "ended"}
            assert told["servers"][0]["state"] == "reached"
            assert board.interrupt() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send to a process")
def test_a_relay_that_is_stopped_keeps_neither_the_others_nor_the_end() -> None:
    with Server(adds) as server:
        to = f"addition:0:127.0.0.1:{server.port}"
        with ended(start("--server", f"alice={to}", "--server", f"bob={to}")) as board:
            alice, bob = clients_port(board, "alice"), clients_port(board, "bob")
            stopped = relay_on(board, alice)
            stopped.suspend()
            assert adds_through(bob)
            assert board.interrupt() == 0
            assert psutil.wait_procs([stopped], LONG)[1] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send to a process")
def test_a_relay_whose_port_is_taken_meanwhile_is_told_of_and_tried_again() -> None:
    with Server(adds) as server, ended(start("--server", f"alice=addition:0:127.0.0.1:{server.port}")) as board:
        port = clients_port(board, "alice")
        shown_port(board)
        relay, me = relay_on(board, port), psutil.Process(board.process.pid)
        me.suspend()  # it must not start another before the port is taken
        relay.kill()
        with taken(port):
            me.resume()
            board.line(says("cli.board.relay.not-back"))
        board.line(says("cli.board.relay.back"))
        assert adds_through(port)


def test_the_relays_do_not_give_way_to_what_shows() -> None:
    with ended(start("--server", f"addition:0:127.0.0.1:{free_port()}")) as board:
        shown_port(board)
        me = psutil.Process(board.process.pid)
        (relay,) = me.children()
        assert relay.nice() == psutil.Process().nice()
        assert me.nice() >= relay.nice()


def test_showing_it_on_a_network_says_what_that_reveals() -> None:
    with ended(start("--server", f"addition:0:127.0.0.1:{free_port()}")) as board:
        assert not re.search(pattern("cli.board.shown.to-others", catalogue("en")), board.line("http://"))
    with ended(Command("board", "--listen", "0.0.0.0:0", "--server", f"addition:0:127.0.0.1:{free_port()}")) as board:
        assert re.search(pattern("cli.board.shown.to-others", catalogue("en")), board.line("http://"))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["--server", "addition:9000"], "cli.usage.server"),
        (["--server", "=addition:9000:localhost"], "cli.usage.server"),
        (["--server", "addition:nine:localhost"], "cli.usage.listen"),
        (["--server", "addition:9000:localhost:9000"], "cli.usage.circle"),
        (["--server", "chat:9000:localhost:9001", "--server", "chat:9001:localhost:9000"], "cli.usage.circle"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], name: str) -> None:
    done = run_here(*WORDS, *words)
    assert (done.status, done.errors.count("\n")) == (2, 1)
    assert re.search(pattern(name, catalogue("en")), done.errors), done.errors


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("servers: {}", "servers"),
        ("servers: {alice: {protocol: addition, listen: 9000}}", "servers.alice.to"),
        ("servers: {alice: {protocol: addition, listen: 9000, to: localhost, port: 1}}", "'port'"),
        ("servers: {alice: {protocol: sums, listen: 9000, to: localhost}}", "'sums'"),
        ("servers: {alice: {protocol: addition, listen: 99999, to: localhost}}", "servers.alice.listen"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_sentence(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "board.yaml"
    file.write_text(text)
    done = run_here(*WORDS, file)
    assert (done.status, done.errors.count("\n")) == (2, 1)
    assert key in done.errors


def test_a_port_that_is_taken_is_one_sentence_and_leaves_nothing_running() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for words in (
            (*WORDS, "--server", f"addition:0:127.0.0.1:{free_port()}", "--server", f"addition:{port}:192.0.2.1:1"),
            ("board", "--listen", f"127.0.0.1:{port}", "--server", f"addition:0:127.0.0.1:{free_port()}"),
        ):
            board = run(*words)
            assert board.process.returncode == 2
            errors = board.errors()
            assert "Address already in use" in errors
            assert errors.count("\n") == 1
            board.kill()
