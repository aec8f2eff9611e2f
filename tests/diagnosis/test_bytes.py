"""What is said of bytes that no program of ours had to write: one line a case, field by field as they came."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from conformance.agent.events import CLIENT, SERVER
from conformance.diagnosis import Finding, diagnose
from conformance.diagnosis.reading import Reading
from conformance.model.protocol import Protocol
from tests.decoder.building import Part, ints, utf
from tests.diagnosis.protocols import ADDITION, CHAT, read

LATER = 1e9
ADDRESS = b"127.0.0.1"
HELLO: Part = (CLIENT, utf("127.0.0.1"))
ASKED: list[Part] = [HELLO, (CLIENT, ints(84)), (CLIENT, ints(98))]


def found(
    parts: Sequence[Part],
    protocol: Protocol = ADDITION,
    *,
    ends: bool = False,
    later: bool = True,
    suspect: bool = False,
) -> list[Finding]:
    now = LATER if later else None
    told = diagnose(read(protocol, parts, ends=ends), now=now, suspect=suspect)
    # It is the same whether the recording is over or goes on.
    assert diagnose(read(protocol, parts, ends=ends, over=True), now=now, suspect=suspect) == told
    return told


CASES: list[tuple[str, list[Part], str]] = [
    ("an answer of eight bytes, low byte first", [*ASKED, (SERVER, struct.pack("<q", 182))], "little-endian-int"),
    ("an answer as a line", [*ASKED, (SERVER, b"182\r\n")], "number-as-text"),
    ("an answer as a writeUTF", [*ASKED, (SERVER, utf("182"))], "number-as-text"),
    ("an address and nothing else", [(CLIENT, ADDRESS)], "text-without-length"),
    ("an address and numbers in one piece", [(CLIENT, ADDRESS + ints(84, 98))], "text-without-length"),
    ("an address of version 6", [(CLIENT, b"::1" + ints(84, 98))], "text-without-length"),
    ("lines of Windows", [(CLIENT, b"127.0.0.1\r\n84\r\n98\r\n")], "text-writer"),
    ("a length of four bytes, low byte first", [(CLIENT, b"\x09\0\0\0" + ADDRESS)], "four-byte-length"),
    ("UTF-16 with its mark", [(CLIENT, "127.0.0.1".encode("utf-16") + ints(84, 98))], "write-chars"),
    ("an object after a right address", [HELLO, (CLIENT, b"\xac\xed\0\x05w\x08" + ints(84, 98))], "write-object"),
    ("the address between the numbers", [(CLIENT, ints(84)), HELLO, (CLIENT, ints(98))], "wrong-order"),
    (
        "a status after each answer",
        [*ASKED, (SERVER, ints(182, 0)), *ASKED[1:], (SERVER, ints(182, 0))],
        "field-too-many",
    ),
    ("an answer to nothing", [HELLO, (SERVER, ints(0)), *ASKED[1:]], "answer-before-question"),
    ("nothing at all", [], "not-flushed"),
]


@pytest.mark.parametrize(("parts", "key"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_first_name(parts: list[Part], key: str) -> None:
    assert [finding.key for finding in found(parts)][:1] == [key]


def test_a_text_that_lacks_its_length_may_be_of_write_bytes_and_both_are_guesses() -> None:
    first, second, waits = found([(CLIENT, ADDRESS + ints(84, 98))])
    assert (first.key, second.key, waits.key) == ("text-without-length", "write-bytes", "both-sides-waiting")
    assert first.guess
    assert second.guess
    assert first.confidence > second.confidence


def test_what_nothing_else_explains_is_no_guess() -> None:
    first, *_ = found([*ASKED, (SERVER, struct.pack("<i", 182))])
    assert (first.guess, first.confidence) == (False, 1.0)


def test_both_sides_may_be_wrong_each_in_its_way() -> None:
    told = found([(CLIENT, b"127.0.0.1\n84\n98\n"), (SERVER, struct.pack("<i", 182))])
    assert [(finding.key, finding.side) for finding in told if finding.key != "both-sides-waiting"][:1] == [
        ("text-writer", CLIENT)
    ]
    assert ("little-endian-int", SERVER) in {(finding.key, finding.side) for finding in told}


def test_a_wrong_sum_is_wrong_and_has_no_name() -> None:
    assert found([*ASKED, (SERVER, ints(183))], ends=True) == []


def test_a_text_that_is_no_address_has_a_name_only_if_it_looks_like_one() -> None:
    (finding,) = found([(CLIENT, utf("localhost")), *ASKED[1:], (SERVER, ints(182))], ends=True)
    assert (finding.key, finding.details[0].values) == ("address-to-string", {"text": "localhost"})
    assert found([(CLIENT, utf("alice")), *ASKED[1:], (SERVER, ints(182))], ends=True) == []


def test_bytes_of_a_side_that_the_protocol_has_say_nothing_have_no_name() -> None:
    session = [{"from": CLIENT, "field": "name", "type": "UTF"}]
    silent = Protocol.model_validate({"protocol": "silent", "about": "a name", "port": 9000, "session": session})
    assert found([(CLIENT, utf("bob")), (SERVER, b"hello")], silent, ends=True) == []


def test_without_time_nothing_waits() -> None:
    assert found(ASKED[:2], later=False) == []


def test_who_waits_for_what_since_when() -> None:
    (finding,) = found([HELLO, (CLIENT, ints(84)), (CLIENT, b"\0")])
    assert (finding.key, finding.side, finding.field, finding.round) == ("both-sides-waiting", CLIENT, "second", 1)
    server, client = finding.waiting
    assert (server.side, server.field, server.missing, server.since) == (SERVER, "second", 3, 3.0)
    assert (client.side, client.field, client.missing) == (CLIENT, "sum", 4)
    assert not finding.guess


def test_a_client_that_asks_nothing_may_have_nothing_to_ask() -> None:
    (finding,) = found([HELLO])
    assert (finding.key, finding.field, finding.guess) == ("both-sides-waiting", "first", True)


def test_author_and_text_without_length_in_one_piece() -> None:
    """Where the one ends and the other begins nobody knows; that they lack their lengths, one does."""
    first, *_ = found([HELLO, (CLIENT, "zoésalut à tous".encode())], CHAT)
    assert (first.key, first.field, first.offset) == ("text-without-length", "author", 11)


def test_what_the_right_answer_begins_with_is_no_byte() -> None:
    parts: list[Part] = [HELLO, (CLIENT, ints(0)), (CLIENT, ints(0)), (SERVER, b"\0")]
    assert [finding.key for finding in found(parts)] == ["both-sides-waiting"]


def test_silence_in_a_chat_is_no_mistake() -> None:
    assert found([HELLO, (CLIENT, utf("bob")), (CLIENT, utf("salut"))], CHAT) == []


def test_a_mistake_after_many_right_messages() -> None:
    said: list[Part] = [(CLIENT, utf("bob") + utf(f"message {number}")) for number in range(3000)]
    offset = 11 + sum(len(data) for _, data in said)
    told = found([HELLO, *said, (CLIENT, utf("bob") + b"\0\x04" + "😀".encode() + utf("bob") + utf("adieu"))], CHAT)
    assert (told[0].key, told[0].offset, told[0].round) == ("standard-utf-8", offset + 5, 3001)


def test_numbers_whose_bytes_are_turned_round_are_a_suspicion_and_no_more() -> None:
    parts: list[Part] = [HELLO, (CLIENT, struct.pack("<ii", 84, 98)), (SERVER, struct.pack("<I", 182))]
    assert found(parts, ends=True) == []
    (finding,) = found(parts, ends=True, suspect=True)
    assert (finding.key, finding.side, finding.guess) == ("little-endian-int", CLIENT, True)


def test_a_long_text_that_is_nothing_of_the_protocol_has_no_name() -> None:
    assert found([(CLIENT, b"abc def " * 5000)], ends=True) == []


def test_noise_has_no_name() -> None:
    noise = bytes(number * 167 % 251 for number in range(5000))
    assert found([(CLIENT, noise)], ends=True, suspect=True) == []


def test_bytes_that_are_all_wrong_are_compared_in_a_window_and_not_as_a_whole() -> None:
    """The search takes a step for each field at least, and gives up after 20,000."""
    parts: list[Part] = [HELLO]
    for number in range(20_000):
        parts += [(CLIENT, ints(number, 1)), (SERVER, struct.pack("<i", number + 1))]
    (conversation,) = read(ADDITION, parts, ends=True)
    window = Reading(conversation, SERVER).window
    assert (window.start, window.first) == (0, 1)
    assert window.end - window.start == 4096
    (finding,) = diagnose([conversation])
    assert (finding.key, finding.round, finding.offset, finding.guess) == ("little-endian-int", 1, 0, False)


def test_far_from_the_beginning_the_window_opens_some_rounds_before() -> None:
    parts: list[Part] = [HELLO]
    for number in range(20_000):
        parts += [(CLIENT, ints(number, 1)), (SERVER, ints(number + 1 + (number == 15_000)))]
    (conversation,) = read(ADDITION, parts, ends=True)
    reading = Reading(conversation, SERVER)
    assert reading.wrong_at == 4 * 15_000
    assert (reading.window.first, reading.window.start) == (15_001 - 7, 4 * (15_000 - 7))
    assert reading.window.end == 4 * 15_000 + 4096
    asked = Reading(conversation, CLIENT).questions(reading.window).asked
    assert ("first", (15_001,)) in asked
    assert ("first", (14_000,)) not in asked
    assert diagnose([conversation]) == []
