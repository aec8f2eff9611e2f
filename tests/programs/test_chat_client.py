"""ChatClient and `pyclient chat`, against a server that the test plays."""

import getpass

import pytest

from tests.programs.programs import CHAT_CLIENTS, Program, Start
from tests.programs.running import Running, text_of
from tests.programs.test_listening import needs_ipv6
from tests.programs.wire import Listener, Peer, free_port, listening, message

pytestmark = pytest.mark.parametrize("program", CHAT_CLIENTS, ids=lambda program: program.name)

GOODBYE = ["### Fermeture connexion...", "### Connexion terminée."]
TOO_LONG = "!!! Message trop long : il dépasse 65535 octets une fois codé, il n'est pas envoyé."


def hello(port: int, host: str = "127.0.0.1") -> list[str]:
    return [f"### Tentative de connexion à {host}:{port}...", "### Connexion établie."]


def join(start: Start, program: Program, listener: Listener, author: str = "alice") -> tuple[Running, Peer]:
    client = start(program, author, "127.0.0.1", listener.port)
    peer = listener.accept()
    assert peer.read_utf() == "127.0.0.1"
    return client, peer


def test_a_chat(start: Start, program: Program) -> None:
    with listening() as listener:
        client, peer = join(start, program, listener)
        client.type("bonjour à tous\n\n  \nune ligne\r\n")
        for text in ("bonjour à tous", "  ", "une ligne"):
            assert peer.read_messages(1) == [("alice", text)]
            peer.send(message("alice", text))
        peer.send_bytewise(message("bob", "salut é") + message("bob", ""))
        client.wait_for("--> bob : ")
        client.type("\U0001f600")
        client.end_input()
        sent = b"\x00\x05alice\x00\x06\xed\xa0\xbd\xed\xb8\x80"
        assert peer.read_all() == sent, "what is pending is sent, in Java's own form, and nothing more"
        peer.close()
        assert client.status() == 0
    assert text_of(client.out) == text_of([*hello(listener.port), "--> bob : salut é", "--> bob : ", *GOODBYE])
    assert client.err == []


def test_nothing_is_shown_once_it_leaves(start: Start, program: Program) -> None:
    with listening() as listener:
        client, peer = join(start, program, listener)
        client.end_input()
        client.wait_for("### Fermeture connexion...")
        peer.send(message("bob", "trop tard"))
        peer.reset()
        assert client.status() == 0
    assert client.out == [*hello(listener.port), *GOODBYE]
    assert client.err == []


def test_a_server_that_does_not_close_keeps_nobody(start: Start, program: Program) -> None:
    with listening() as listener:
        client, _peer = join(start, program, listener)
        client.end_input()
        assert client.status() == 0
    assert client.out == [*hello(listener.port), *GOODBYE]
    assert client.err == []


@pytest.mark.parametrize(
    ("last", "by_reset", "reason"),
    [
        (b"", False, "null"),
        (message("bob", "never whole")[:-1], False, "null"),
        (b"", True, "Connection reset"),
        (b"\x00\x01\x80", False, "malformed input around byte 0"),
    ],
    ids=["closed", "closed inside a message", "reset", "malformed"],
)
def test_the_server_is_lost(start: Start, program: Program, last: bytes, by_reset: bool, reason: str) -> None:
    """It ends although nobody ends its input."""
    with listening() as listener:
        client, peer = join(start, program, listener)
        peer.send(last)
        peer.reset() if by_reset else peer.close()
        assert client.status() == program.failed_status
    assert client.out == hello(listener.port)
    assert client.err == ["!!! Erreur réseau", f"!!! Détails : {reason}"]


def test_a_text_that_is_too_long(start: Start, program: Program) -> None:
    with listening() as listener:
        client, peer = join(start, program, listener)
        client.type("x" * 65535 + "\n" + "y" * 65536 + "\n" + "é" * 32768 + "\nla suite\n")
        assert peer.read_messages(2) == [("alice", "x" * 65535), ("alice", "la suite")]
        client.wait_for_error(TOO_LONG, 2)
        client.end_input()
        assert peer.read_all() == b""
        peer.close()
        assert client.status() == 0
    assert client.err == [TOO_LONG, TOO_LONG]


def test_nothing_listens(start: Start, program: Program) -> None:
    port = free_port()
    client = start(program, "alice", "127.0.0.1", port)
    assert client.status() == program.failed_status
    assert client.out == hello(port)[:1]
    assert client.err == ["!!! Erreur réseau", "!!! Détails : Connection refused"]


def test_an_unknown_host(start: Start, program: Program) -> None:
    client = start(program, "alice", "nosuch.invalid", 8999)
    assert client.status() == program.failed_status
    assert client.err == ["!!! Hôte inconnu", "!!! Détails : nosuch.invalid"]


def test_surrogates_are_shown_as_java_shows_them(start: Start, program: Program) -> None:
    with listening() as listener:
        client, peer = join(start, program, listener)
        peer.send(b"\x00\x01b\x00\x0b\xed\xa0\xbd\xed\xb8\x80 \xed\xa0\xbd!")
        client.wait_for("--> b : \U0001f600 ?!")


@needs_ipv6
def test_its_address_over_ipv6_is_written_as_java_writes_it(start: Start, program: Program) -> None:
    with listening("::1") as listener:
        start(program, "alice", "::1", listener.port)
        assert listener.accept().read_utf() == "0:0:0:0:0:0:0:1"


def test_without_a_name_it_takes_the_users(start: Start, program: Program) -> None:
    if program.java:
        pytest.skip("the Java program takes its port after its author")
    with listening() as listener:
        anonymous = Program(program.name, python=program.python, options=("--host", "--port"))
        client = start(anonymous, "127.0.0.1", listener.port)
        peer = listener.accept()
        peer.read_utf()
        client.type("qui suis-je ?\n")
        assert peer.read_messages(1) == [(getpass.getuser(), "qui suis-je ?")]
