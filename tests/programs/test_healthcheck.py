"""HealthCheck and `pyserver.healthcheck`: short conversations that a container engine can have with a server."""

import pytest

from tests.programs.programs import (
    CHAT_SERVERS,
    MULTITHREADED_SERVERS,
    SIMPLE_SERVERS,
    Program,
    Start,
    python_command,
)
from tests.programs.wire import Peer, free_port, ints, listening, utf

CHECKS = [
    Program("java-HealthCheck", java="HealthCheck"),
    Program("python-healthcheck", python=python_command("-m", "pyserver.healthcheck"), options=("", "--port")),
]
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)

WELL = "### Le service répond."
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


def test_servers_that_do_not_answer(start: Start) -> None:
    """A server of one client at a time, with another client, is well; a chat server has no such excuse."""
    servers = [start(server, 0) for server in SIMPLE_SERVERS]
    others = [Peer.connect(server.port, utf("127.0.0.1")) for server in servers]
    for server in servers:
        server.wait_for("--> Nouveau client à l'adresse : 127.0.0.1")
    with listening() as silent:
        hanging = [start(check, "chat", silent.port) for check in CHECKS]
        checks = [start(check, "addition", server.port) for check in CHECKS for server in servers]
        for checking in (*hanging, *checks):
            checking.status()
    for checking in checks:
        assert checking.status() == 0
        assert checking.out == [BUSY]
    for other in others:
        other.close()
    for checking in hanging:
        assert checking.status() == 1
        assert checking.err == ["!!! Le service ne répond pas : pas de réponse"]
