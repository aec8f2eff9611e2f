"""Which connection and field the lines of a console tell of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.recording import Recording
from conformance.decoder import Conversation, read_conversations
from conformance.judge import ConsoleLine, LinePlace, ProcessResult, correlate
from conformance.judge.consoles import connection_lines
from conformance.model import Role
from tests.conformance.building import ADDITION, CHAT, Part, added, addition, events, printed, program, the_console, utf

LISTENING = "### Écoute sur le port 8999"
VALUES = {"host": "127.0.0.1", "port": 8999}


def two(first: tuple[int, int] = (1, 2), second: tuple[int, int] = (4, 5)) -> list[Conversation]:
    """Two connections at once, each with one sum."""
    told = [*events(addition(first)), *events(addition(second), number=2, began=0.1)]
    return read_conversations(ADDITION, Recording(sorted(told, key=lambda event: event.at)))


def lines_of(console: str, conversation: Conversation, id_: int = 0) -> list[str]:
    lines = connection_lines(the_console(console), conversation, VALUES)
    return [line.text.replace("{id}", str(id_)) for line in lines]


def correlated(
    role: Role, console: str, lines: Sequence[str], conversations: Sequence[Conversation]
) -> Mapping[int, LinePlace]:
    return correlate(ProcessResult(program(role, console), printed(lines), None, 8999), conversations)


def connections(found: Mapping[int, LinePlace], count: int) -> list[int | None]:
    return [found[number].connection if number in found else None for number in range(count)]


def test_a_block_of_lines_is_of_one_connection_whichever_was_served_first() -> None:
    conversations = two()
    blocks = [lines_of("simple-server", conversation) for conversation in conversations]
    lines = [LISTENING, *blocks[1], LISTENING, *blocks[0], LISTENING]
    found = correlated("server", "simple-server", lines, conversations)
    assert connections(found, len(lines)) == [None, *[2] * 7, None, *[1] * 7, None]
    assert (found[2], found[10]) == (LinePlace(2, CLIENT, 0), LinePlace(1, CLIENT, 0))
    assert (found[5], found[6]) == (LinePlace(2, SERVER, 0), LinePlace(2, SERVER, 0))


def test_a_wrong_value_is_of_the_connection_of_its_block() -> None:
    conversations = two()
    blocks = [lines_of("simple-server", conversation) for conversation in conversations]
    blocks[1] = [line.replace("retournée : 9", "retournée : 8") for line in blocks[1]]
    lines = [LISTENING, *blocks[1], LISTENING, *blocks[0]]
    found = correlated("server", "simple-server", lines, conversations)
    assert (found[5], found[13]) == (LinePlace(2, SERVER, 0), LinePlace(1, SERVER, 0))


def test_a_line_with_an_id_is_of_the_connection_that_its_id_tells_of() -> None:
    conversations = two()
    first, second = (lines_of("multithreaded-server", one, id_) for one, id_ in zip(conversations, (2, 1), strict=True))
    lines = [LISTENING, LISTENING, *(line for pair in zip(second, first, strict=True) for line in pair)]
    found = correlated("server", "multithreaded-server", lines, conversations)
    sums = [number for number, line in enumerate(lines) if "Somme" in line]
    assert [found[number] for number in sums] == [LinePlace(2, SERVER, 0), LinePlace(1, SERVER, 0)]


def test_a_line_without_an_id_is_of_the_field_that_fits() -> None:
    conversations = two()
    both = [lines_of("multithreaded-clients", conversation) for conversation in conversations]
    lines = [line for pair in zip(both[1], both[0], strict=True) for line in pair]
    found = correlated("client", "multithreaded-clients", lines, conversations)
    answers = [number for number, line in enumerate(lines) if "Réponse" in line]
    assert [found[number] for number in answers] == [LinePlace(2, SERVER, 0), LinePlace(1, SERVER, 0)]


def test_a_wrong_line_without_an_id_is_of_the_field_that_is_left() -> None:
    conversations = two()
    both = [lines_of("multithreaded-clients", conversation) for conversation in conversations]
    both[0] = [line.replace("1 + 2 = 3", "1 + 2 = 4") for line in both[0]]
    lines = [*both[1], *both[0]]
    found = correlated("client", "multithreaded-clients", lines, conversations)
    assert found[lines.index("--> Réponse serveur : 1 + 2 = 4")] == LinePlace(1, SERVER, 0)


def test_the_lines_behind_a_lost_one_tell_of_their_own_fields() -> None:
    rounds = [(number, 10 + number) for number in range(20)]
    conversation = added(*rounds)
    lines = lines_of("simple-client", conversation)
    lines.remove("<-- Envoi nombre 1 : 3")
    found = correlated("client", "simple-client", lines, [conversation])
    for number in (2, 4, 19):
        assert found[lines.index(f"<-- Envoi nombre 1 : {number}")] == LinePlace(1, CLIENT, 11 + 8 * number)
        assert found[lines.index(f"--> Réponse serveur : {10 + 2 * number}")] == LinePlace(1, SERVER, 4 * number)


def test_standard_error_tells_of_nothing() -> None:
    conversation = added((1, 2))
    lines = [ConsoleLine(0.0, "err", "oups"), *printed(lines_of("simple-client", conversation))]
    found = correlate(ProcessResult(program("client", "simple-client"), lines, 0, 8999), [conversation])
    assert sorted(found) == list(range(1, len(lines)))


def test_a_line_of_a_room_tells_of_its_message() -> None:
    message = utf("alice") + utf("bonjour")
    parts: list[Part] = [(CLIENT, utf("127.0.0.1")), (CLIENT, message), (SERVER, message)]
    conversations = read_conversations(CHAT, Recording(events(parts)))
    lines = [LISTENING, "--> Message de alice : bonjour", "<-- Message diffusé à 1 clients"]
    server = ProcessResult(program("server", "chat-server", protocol="chat"), printed(lines), None, 8999)
    text = len(utf("alice"))
    assert correlate(server, conversations)[1] == LinePlace(1, CLIENT, 11 + text)
    bob = ProcessResult(
        program("client", "chat-client", protocol="chat"), printed(["--> alice : bonjour"]), 0, 8999, member="alice"
    )
    assert correlate(bob, conversations)[0] == LinePlace(1, SERVER, text)
