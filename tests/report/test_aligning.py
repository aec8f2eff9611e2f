"""Which connection the lines of a console tell of, where it has several."""

from __future__ import annotations

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.recording import Recording
from conformance.decoder.conversation import read_conversation
from conformance.judge import Account
from conformance.judge.console_line import ConsoleLine
from conformance.judge.correlation import Place, align
from conformance.model import load_registry

REGISTRY = load_registry()
ADDRESS = b"\x00\x09127.0.0.1"


def _asked(connection: int, at: float, first: int, second: int, answer: int) -> list[Event]:
    """A connection in which one sum is asked for and answered."""
    numbers = first.to_bytes(4, "big") + second.to_bytes(4, "big")
    return [
        Event(at, connection, "opened", CLIENT),
        *_passed(at, connection, CLIENT, ADDRESS + numbers),
        *_passed(at + 0.1, connection, SERVER, answer.to_bytes(4, "big")),
        Event(at + 0.2, connection, "end", CLIENT),
    ]


def _passed(at: float, connection: int, sender: Side, data: bytes) -> list[Event]:
    return [Event(at, connection, "received", sender, data), Event(at, connection, "sent", sender, size=len(data))]


def _block(first: int, second: int, answer: int) -> list[str]:
    """What the course's SimpleServer prints for such a connection, and as it waits for the next."""
    return [
        "### Connexion établie.",
        "--> Nouveau client à l'adresse : 127.0.0.1",
        f"--> Premier nombre reçu : {first}",
        f"--> Deuxième nombre reçu : {second}",
        f"<-- Somme retournée : {answer}",
        "### Traitement de cette requête terminée.",
        "### Le client est déconnecté",
        "### Écoute sur le port 8999",
    ]


def _aligned(texts: list[str], events: list[Event]) -> dict[int, Place]:
    protocol = REGISTRY.protocols["addition"]
    program = next(one for one in REGISTRY.servers if one.name == "java-SimpleServer")
    conversations = [read_conversation(protocol, one) for one in Recording(events).connections]
    lines = [ConsoleLine(number / 100, "out", text) for number, text in enumerate(texts)]
    return align(protocol, Account(program, lines, None, 8999), conversations)


def test_a_block_of_lines_is_of_one_connection_whichever_was_served_first() -> None:
    events = sorted([*_asked(1, 0.0, 1, 2, 3), *_asked(2, 0.01, 4, 5, 9)], key=lambda event: event.at)
    told = _aligned(["### Écoute sur le port 8999", *_block(4, 5, 9), *_block(1, 2, 3)], events)
    assert {number: place.connection for number, place in told.items()} == {
        **dict.fromkeys(range(1, 8), 2),
        **dict.fromkeys(range(9, 16), 1),
    }
    assert (told[2], told[10]) == (Place(2, CLIENT, 0), Place(1, CLIENT, 0))


def test_a_wrong_value_is_of_the_connection_of_its_block() -> None:
    events = sorted([*_asked(1, 0.0, 1, 2, 3), *_asked(2, 0.01, 4, 5, 9)], key=lambda event: event.at)
    told = _aligned([*_block(4, 5, 8), *_block(1, 2, 3)], events)
    assert (told[4], told[12]) == (Place(2, SERVER, 0), Place(1, SERVER, 0))
