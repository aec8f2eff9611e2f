"""SimpleClient and MultithreadedClients in both languages, against a server that the test plays."""

import re
import threading

import pytest

from tests.programs.programs import MANY_CLIENTS, SIMPLE_CLIENTS, Program, Start
from tests.programs.running import text_of
from tests.programs.test_listening import needs_ipv6
from tests.programs.wire import Peer, free_port, ints, listening

simple_client = pytest.mark.parametrize("program", SIMPLE_CLIENTS, ids=lambda program: program.name)
many_clients = pytest.mark.parametrize("program", MANY_CLIENTS, ids=lambda program: program.name)
every_client = pytest.mark.parametrize("program", [*SIMPLE_CLIENTS, *MANY_CLIENTS], ids=lambda program: program.name)

GOODBYE = ["### Fermeture connexion...", "### Connexion terminée."]


def trying(port: int, host: str = "127.0.0.1") -> str:
    return f"### Tentative de connexion à {host}:{port}..."


@simple_client
def test_a_conversation(start: Start, program: Program) -> None:
    with listening() as listener:
        client = start(program, "127.0.0.1", listener.port)
        peer = listener.accept()
        assert peer.read_utf() == "127.0.0.1"
        shown: list[str] = []
        for answer in (182, -2147483648, 2147483647):
            first, second = peer.read_ints(2)
            assert 0 <= first <= 99
            assert 0 <= second <= 99
            peer.send_bytewise(ints(answer))
            shown += [
                f"<-- Envoi nombre 1 : {first}",
                f"<-- Envoi nombre 2 : {second}",
                f"--> Réponse serveur : {answer}",
            ]
        assert peer.read_all() == b"", "it closes, and sends nothing more"
        assert client.status() == 0
    expected = [trying(listener.port), "### Connexion établie.", *shown, *GOODBYE]
    assert text_of(client.out) == text_of(expected)
    assert client.err == []


@many_clients
def test_a_hundred_clients_at_once(start: Start, program: Program) -> None:
    with listening() as listener:
        clients = start(program, "127.0.0.1", listener.port, 100)
        peers = [listener.accept() for _ in range(100)]  # no one is answered before everyone is here
        shown: list[str] = []
        for number, peer in enumerate(peers):
            assert peer.read_utf() == "127.0.0.1"
            first, second = peer.read_ints(2)
            peer.send(ints(number))
            shown += [
                trying(listener.port),
                "### Connexion établie.",
                f"<-- Envoi nombre 1 : {first}",
                f"<-- Envoi nombre 2 : {second}",
                f"--> Réponse serveur : {first} + {second} = {number}",
                *GOODBYE,
            ]
        for peer in peers:
            assert peer.read_all() == b""
        assert clients.status() == 0
    assert sorted(clients.out) == sorted(shown), "every line, and every line whole"
    assert clients.err == []


@many_clients
def test_one_that_fails_among_many(start: Start, program: Program) -> None:
    with listening() as listener:
        clients = start(program, "127.0.0.1", listener.port, 3)
        for number in range(3):
            peer = listener.accept()
            peer.read_utf()
            peer.read_ints(2)
            if number != 1:
                peer.send(ints(number))
            peer.close()
        assert clients.status() == program.failed_status
    assert clients.err == ["!!! Erreur réseau", "!!! Détails : null"]
    assert clients.out.count("### Connexion terminée.") == 2


@every_client
def test_nothing_listens(start: Start, program: Program) -> None:
    port = free_port()
    client = start(program, "127.0.0.1", port, 1)
    assert client.status() == program.failed_status
    assert client.out == [trying(port)]
    assert client.err == ["!!! Erreur réseau", "!!! Détails : Connection refused"]


@every_client
def test_an_unknown_host(start: Start, program: Program) -> None:
    client = start(program, "nosuch.invalid", 8999, 1)
    assert client.status() == program.failed_status
    assert client.out == [trying(8999, "nosuch.invalid")]
    assert client.err == ["!!! Hôte inconnu", "!!! Détails : nosuch.invalid"]


@every_client
@pytest.mark.parametrize(
    ("answer", "by_reset", "reason"),
    [(b"", False, "null"), (ints(182)[:3], False, "null"), (b"", True, "Connection reset")],
    ids=["closed", "closed inside the answer", "reset"],
)
def test_the_server_is_lost(start: Start, program: Program, answer: bytes, by_reset: bool, reason: str) -> None:
    with listening() as listener:
        client = start(program, "127.0.0.1", listener.port, 1)
        peer = listener.accept()
        peer.read_utf()
        peer.read_ints(2)
        peer.send(answer)
        peer.reset() if by_reset else peer.close()
        assert client.status() == program.failed_status
    assert client.err == ["!!! Erreur réseau", f"!!! Détails : {reason}"]
    assert re.fullmatch(r"<-- Envoi nombre 2 : \d+", client.out[-1])


@every_client
@needs_ipv6
def test_its_address_over_ipv6_is_written_as_java_writes_it(start: Start, program: Program) -> None:
    with listening("::1") as listener:
        client = start(program, "::1", listener.port, 1)
        peer = listener.accept()
        assert peer.read_utf() == "0:0:0:0:0:0:0:1"
        assert client.out[0] == trying(listener.port, "::1")
        threading.Thread(target=_answer, args=(peer,), daemon=True).start()
        assert client.status() == 0


def _answer(peer: Peer) -> None:
    while True:
        try:
            peer.send(ints(sum(peer.read_ints(2))))
        except AssertionError:
            return
