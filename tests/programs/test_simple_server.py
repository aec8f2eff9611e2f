"""SimpleServer and `pyserver simple`: one client at a time, to the letter."""

import pytest

from tests.programs.programs import SIMPLE_SERVERS, Program, Start
from tests.programs.running import Running, text_of
from tests.programs.wire import Peer, ints, utf

pytestmark = pytest.mark.parametrize("program", SIMPLE_SERVERS, ids=lambda program: program.name)

ADDRESS = utf("127.0.0.1")
LEFT = "### Le client est déconnecté"


def wait_for_listening(server: Running, times: int) -> None:
    server.wait_for(server.out[0], times)


def test_a_conversation(start: Start, program: Program) -> None:
    server = start(program, 0)
    listening = f"### Écoute sur le port {server.port}"
    client = Peer.connect(server.port, ADDRESS)
    server.wait_for("--> Nouveau client à l'adresse : 127.0.0.1")
    client.send(ints(84))
    server.wait_for("--> Premier nombre reçu : 84")
    assert len(server.out) == 4, "a line is there as soon as its number is, and no sooner"
    client.send(ints(98))
    assert client.read_ints() == [182]
    client.send(ints(2147483647, 1))
    assert client.read_ints() == [-2147483648]
    client.close()
    wait_for_listening(server, 2)
    assert text_of(server.out) == text_of(
        [
            listening,
            "### Connexion établie.",
            "--> Nouveau client à l'adresse : 127.0.0.1",
            "--> Premier nombre reçu : 84",
            "--> Deuxième nombre reçu : 98",
            "<-- Somme retournée : 182",
            "### Traitement de cette requête terminée.",
            "--> Premier nombre reçu : 2147483647",
            "--> Deuxième nombre reçu : 1",
            "<-- Somme retournée : -2147483648",
            "### Traitement de cette requête terminée.",
            LEFT,
            listening,
        ]
    )
    assert server.err == []


def test_a_byte_at_a_time(start: Start, program: Program) -> None:
    server = start(program, 0)
    client = Peer.connect(server.port)
    client.send_bytewise(ADDRESS + ints(-1, -2147483648))
    assert client.read_ints() == [2147483647]


def test_the_others_wait_their_turn(start: Start, program: Program) -> None:
    server = start(program, 0)
    first = Peer.connect(server.port, utf("one"))
    second = Peer.connect(server.port, utf("two"), ints(5, 6))
    for number in range(20):
        first.send(ints(number, 1))
        assert first.read_ints() == [number + 1]
    assert "--> Nouveau client à l'adresse : two" not in server.out
    first.close()
    assert second.read_ints() == [11]
    server.wait_for("--> Nouveau client à l'adresse : two")
    assert server.out.index(LEFT) < server.out.index("--> Nouveau client à l'adresse : two")


def test_an_address_that_cannot_be_read(start: Start, program: Program) -> None:
    server = start(program, 0)
    reasons: list[str] = []
    for sent, by_reset, reason in [
        (b"", False, "null"),
        (b"\x00", False, "null"),
        (b"\x00\x05abc", False, "null"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", False, "null"),
        (b"\x00\x01\x80", False, "malformed input around byte 0"),
        (b"\x00\x03a\xc3b", False, "malformed input around byte 3"),
        (b"\x00\x01\xc3", False, "malformed input: partial character at end"),
        (b"\x00\x04\xf0\x9f\x98\x80", False, "malformed input around byte 0"),
        (b"\x00\x05abc", True, "Connection reset"),
    ]:
        client = Peer.connect(server.port, sent)
        server.wait_for("### Connexion établie.", len(reasons) + 1)
        client.reset() if by_reset else client.close()
        reasons.append(f"!!! Erreur : {reason}")
        wait_for_listening(server, len(reasons) + 1)
    server.wait_until(lambda: len(server.err) == len(reasons))
    assert server.err == reasons
    assert server.out == [
        server.out[0],
        *["### Connexion établie.", "!!! La connexion a été interrompue.", server.out[0]] * len(reasons),
    ]


def test_a_client_may_leave_anywhere(start: Start, program: Program) -> None:
    server = start(program, 0)
    times = 0
    for sent in (b"", ints(1)[:2], ints(1), ints(1, 2)[:7], ints(1, 2)):
        for by_reset in (False, True):
            times += 1
            client = Peer.connect(server.port, ADDRESS)
            server.wait_for("--> Nouveau client à l'adresse : 127.0.0.1", times)
            client.send(sent)
            if len(sent) == 8:
                assert client.read_ints() == [3]
            client.reset() if by_reset else client.close()
            server.wait_for(LEFT, times)
            wait_for_listening(server, times + 1)
    assert server.err == []


def test_any_text_is_an_address(start: Start, program: Program) -> None:
    server = start(program, 0)
    for index, (sent, shown) in enumerate(
        [
            (b"\x00\x00", ""),
            (utf("n'importe quoi"), "n'importe quoi"),
            (b"\x00\x06\xed\xa0\xbd\xed\xb8\x80", "\U0001f600"),
            (b"\x00\x05a\xed\xa0\xbdb", "a?b"),
        ]
    ):
        client = Peer.connect(server.port, sent)
        server.wait_for(f"--> Nouveau client à l'adresse : {shown}")
        client.close()
        wait_for_listening(server, index + 2)
    assert server.err == []
