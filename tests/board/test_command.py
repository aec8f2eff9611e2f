"""`board` on the command line: what it takes, what it says in one sentence, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path

import psutil
import pytest

from conformance.formatting import catalogue
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


def test_a_relay_that_has_ended_ends_the_board() -> None:
    with ended(start("--server", f"alice=addition:0:127.0.0.1:{free_port()}")) as board:
        shown_port(board)
        (relay,) = psutil.Process(board.process.pid).children()
        relay.kill()
        assert board.end() == 2
        assert re.search(pattern("cli.usage.relay-of", catalogue("en")), board.errors())


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
