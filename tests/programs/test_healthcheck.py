"""HealthCheck and `pyserver.healthcheck`: short conversations that a container engine can have with a server."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.programs.programs import (
    CHAT_SERVERS,
    MULTITHREADED_SERVERS,
    SIMPLE_SERVERS,
    Program,
    Start,
    python_command,
)
from tests.programs.running import LIMIT
from tests.programs.wire import Peer, free_port, ints, listening, utf

CHECKS = [
    Program("java-HealthCheck", java="HealthCheck"),
    Program("python-healthcheck", python=python_command("-m", "pyserver.healthcheck"), options=("", "--port")),
]
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)

WELL = "### Le service répond."
NO_ANSWER = "!!! Le service ne répond pas : pas de réponse"
BUSY = "### Le serveur est occupé avec un autre client."


@every_check
@pytest.mark.parametrize("server", [SIMPLE_SERVERS[0], MULTITHREADED_SERVERS[2]], ids=lambda server: server.name)
def test_an_addition_server_that_is_well(start: Start, check: Program, server: Program) -> None:
    running = start(server, 0)
    checking = start(check, "addition", running.port)
    assert checking.status() == 0, checking.err
    assert checking.out == [WELL]


@every_check
@pytest.mark.parametrize("server", CHAT_SERVERS[:2], ids=lambda server: server.name)
def test_a_chat_server_that_is_well(start: Start, check: Program, server: Program) -> None:
    running = start(server, 0)
    checking = start(check, "chat", running.port)
    assert checking.status() == 0, checking.err
    assert checking.out == [WELL]
    running.wait_for("### Le client 1 est déconnecté")
    assert not any("Message" in line for line in running.out), "nobody is disturbed"


@every_check
@pytest.mark.parametrize("protocol", ["addition", "chat"])
def test_no_server(start: Start, check: Program, protocol: str) -> None:
    checking = start(check, protocol, free_port())
    assert checking.status() == 1
    assert checking.err == ["!!! Le service ne répond pas : Connection refused"]


@every_check
def test_a_server_that_is_wrong(start: Start, check: Program) -> None:
    with listening() as listener:
        checking = start(check, "addition", listener.port)
        peer = listener.accept()
        peer.read_utf()
        first, second = peer.read_ints(2)
        peer.send(ints(first + second + 1))
        assert checking.status() == 1
    assert checking.err == [f"!!! Le service ne répond pas : {first} + {second} = {first + second + 1}"]


@every_check
def test_a_server_that_goes_away(start: Start, check: Program) -> None:
    with listening() as listener:
        checking = start(check, "addition", listener.port)
        peer = listener.accept()
        peer.read_utf()
        peer.read_ints(2)
        peer.close()
        assert checking.status() == 1
    assert checking.err == ["!!! Le service ne répond pas : null"]


def test_a_server_of_one_client_is_well_while_it_has_one(start: Start) -> None:
    servers = [start(server, 0) for server in SIMPLE_SERVERS]
    others = [Peer.connect(server.port, utf("127.0.0.1")) for server in servers]
    for server in servers:
        server.wait_for("--> Nouveau client à l'adresse : 127.0.0.1")
    checks = [start(check, "simple", server.port) for check in CHECKS for server in servers]
    for checking in checks:
        assert checking.status() == 0
        assert checking.out == [BUSY]
    for other in others:
        other.close()


def test_a_server_that_does_not_answer(start: Start) -> None:
    """The system connects to it, and nobody serves: it has no excuse."""
    with listening() as silent:
        hanging = [
            start(check, protocol, silent.port) for check in CHECKS for protocol in ("addition", "simple", "chat")
        ]
        for checking in hanging:
            assert checking.status() == 1
            assert checking.err == [NO_ANSWER]


def freeze(pid: int) -> None:
    """Stops it; returns once each of its threads has stopped: until then it may go on reading."""
    os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + LIMIT
    tasks = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    while any(task.rpartition(")")[2].split()[0] != "T" for task in tasks):
        assert time.monotonic() < until
        time.sleep(0.01)
        tasks = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a server has read")
def test_a_server_that_is_frozen_is_not_well(start: Start) -> None:
    """With a client whose request it does not read, or with none."""
    servers = [start(server, 0) for server in (SIMPLE_SERVERS[0], SIMPLE_SERVERS[1], MULTITHREADED_SERVERS[2])]
    others = [Peer.connect(server.port, utf("127.0.0.1")) for server in servers]
    told = ("Nouveau client à l'adresse", "Nouveau client à l'adresse", "Adresse du client")
    try:
        for server, other, line in zip(servers, others, told, strict=True):
            server.wait_for(f"--> {line} : 127.0.0.1")
            freeze(server.process.pid)
            other.send(ints(1, 2))
        words = ("simple", "simple", "addition")
        checks = [
            start(check, word, server.port) for check in CHECKS for word, server in zip(words, servers, strict=True)
        ]
        for checking in checks:
            assert checking.status() == 1
            assert checking.err == [NO_ANSWER]
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGCONT)
