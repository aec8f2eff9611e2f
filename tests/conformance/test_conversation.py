"""Recorded bytes against a protocol: what is read, and the one sentence for each way to break it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.recording import Recording
from conformance.decoder.conversation import read_conversation, show
from conformance.model import Protocol
from tests.conformance.building import ADDITION, CHAT, Part, added, addition, connection, events, ints, utf

JAVA_INTS = st.integers(-(2**31), 2**31 - 1)
ROUNDS = st.lists(st.tuples(JAVA_INTS, JAVA_INTS), max_size=5)


def problems_of(*parts: Part) -> list[str]:
    return read_conversation(ADDITION, connection(*parts)).problems


def missing_in(*parts: Part) -> list[str]:
    return read_conversation(ADDITION, connection(*parts)).missing


def test_a_right_conversation_is_read_field_by_field() -> None:
    conversation = added((84, 98), (2**31 - 1, 1))
    assert conversation.problems == []
    assert conversation.missing == []
    assert conversation.rounds == 2
    assert [(seen.key, seen.value, seen.offset) for seen in conversation.fields] == [
        ("client.address", "127.0.0.1", 0),
        ("client.first", 84, 11),
        ("client.second", 98, 15),
        ("server.sum", 182, 0),
        ("client.first", 2**31 - 1, 19),
        ("client.second", 1, 23),
        ("server.sum", -(2**31), 4),
    ]


def test_a_client_may_ask_for_nothing() -> None:
    conversation = added()
    assert (conversation.problems, conversation.missing, conversation.rounds) == ([], [], 0)


@given(ROUNDS)
def test_every_right_sum_is_accepted(rounds: list[tuple[int, int]]) -> None:
    conversation = added(*rounds)
    assert conversation.problems == []
    assert conversation.rounds == len(rounds)


@given(ROUNDS, st.data())
def test_a_recording_split_anywhere_reads_the_same(rounds: list[tuple[int, int]], data: st.DataObject) -> None:
    parts = addition(*rounds)
    pieces: list[Part] = []
    for sender, whole in parts:
        cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=3)))
        pieces += [(sender, whole[start:end]) for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    whole_fields = [(seen.key, seen.value, seen.raw) for seen in added(*rounds).fields]
    split = read_conversation(ADDITION, connection(*pieces))
    assert split.problems == []
    assert [(seen.key, seen.value, seen.raw) for seen in split.fields] == whole_fields


def test_a_field_knows_when_its_first_and_its_last_byte_came() -> None:
    conversation = read_conversation(ADDITION, connection((CLIENT, utf("::1")[:2]), (CLIENT, utf("::1")[2:])))
    assert (conversation.fields[0].began, conversation.fields[0].came) == (1.0, 2.0)


@given(st.tuples(JAVA_INTS, JAVA_INTS), JAVA_INTS)
def test_any_other_sum_is_a_problem(pair: tuple[int, int], answer: int) -> None:
    *asked, (_, right) = addition(pair)
    wrong = ints(answer)
    assert bool(problems_of(*asked, (SERVER, wrong))) == (wrong != right)


def test_a_wrong_sum_names_the_round_both_numbers_and_the_bytes() -> None:
    asked = addition((1, 2), (84, 98))[:-1]
    assert problems_of(*asked, (SERVER, ints(183))) == [
        "the server's `sum` of round 2 must be int32(first + second) = 182, and it sent 183 (00 00 00 B7, byte 4)"
    ]


def test_a_little_endian_sum_is_shown_as_it_came() -> None:
    assert problems_of(*addition((84, 98))[:-1], (SERVER, bytes([182, 0, 0, 0]))) == [
        "the server's `sum` of round 1 must be int32(first + second) = 182, and it sent -1241513984 "
        "(B6 00 00 00, byte 0)"
    ]


def test_a_stream_that_ends_inside_a_number() -> None:
    assert missing_in((CLIENT, utf("::1")), (CLIENT, ints(84)), (CLIENT, b"\0\0")) == [
        "the client's bytes end inside int `second`, at byte 11: expected 4 bytes from byte 9 on, got 2 (00 00)"
    ]


def test_a_stream_that_ends_inside_a_text() -> None:
    assert missing_in((CLIENT, utf("127.0.0.1")[:5])) == [
        "the client's bytes end inside UTF `address`, at byte 5: expected 11 bytes from byte 0 on, "
        "got 5 (00 09 31 32 37)"
    ]


def test_an_answer_that_never_came_says_what_it_had_to_be() -> None:
    assert missing_in(*addition((84, 98))[:-1]) == [
        "the server never sent int `sum` of round 1, which must be int32(first + second) = 182"
    ]


def test_a_client_that_sends_nothing() -> None:
    assert missing_in() == ["the client never sent UTF `address`"]


def test_one_byte_too_many_from_the_server() -> None:
    assert problems_of(*addition((84, 98)), (SERVER, b"\x2a")) == [
        "the server sent 1 byte too many, at byte 4, where the protocol has nothing more from it: 2A"
    ]


def test_many_bytes_too_many_are_cut_short() -> None:
    [problem] = problems_of(*addition((84, 98)), (SERVER, bytes(100)))
    assert problem.startswith("the server sent 100 bytes too many, at byte 4, ")
    assert problem.endswith("00 00 ... (100 bytes)")


def test_text_that_is_no_modified_utf_8() -> None:
    assert problems_of((CLIENT, b"\0\4\xf0\x9f\x98\x80")) == [
        "the client sent a `address`, at byte 0, that is no modified UTF-8: malformed input around byte 0"
    ]


def test_an_answer_before_the_question_was_whole() -> None:
    parts = [(CLIENT, utf("::1")), (CLIENT, ints(1)), (CLIENT, ints(2)[:3]), (SERVER, ints(3)), (CLIENT, ints(2)[3:])]
    assert problems_of(*parts) == ["the server sent `sum` of round 1 before it had all of `second`, which it answers"]


def test_an_answer_while_the_question_was_still_on_its_way() -> None:
    """The whole number had come to the tap, which had not yet passed on its last byte."""
    told = [
        *events([(CLIENT, utf("::1")), (CLIENT, ints(1))], ends=False),
        Event(10.0, 1, "received", CLIENT, ints(2)),
        Event(10.0, 1, "sent", CLIENT, size=3),
        Event(11.0, 1, "received", SERVER, ints(3)),
        Event(12.0, 1, "sent", CLIENT, size=1),
    ]
    [only] = Recording(told).connections
    assert read_conversation(ADDITION, only).problems == [
        "the server sent `sum` of round 1 before it had all of `second`, which it answers"
    ]


def test_an_address_with_a_four_byte_length() -> None:
    """Read as writeUTF, its first two bytes are an empty text; what follows is shown, so that one sees it."""
    [problem, *_] = problems_of((CLIENT, b"\0\0\0\t127.0.0.1"), (CLIENT, ints(1, 2)), (SERVER, ints(3)))
    assert problem == (
        "the client must send its address as UTF `address`, and sent '' (00 00), "
        "followed by 00 09 31 32 37 2E 30 2E 30 2E 31 00 00 00 01 00 ... (19 bytes)"
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.20", "::1", "fe80::1", "2001:db8::7"])
def test_addresses(address: str) -> None:
    assert problems_of((CLIENT, utf(address))) == []


@pytest.mark.parametrize("address", ["localhost", "", "127.0.0", "127.0.0.1:8999"])
def test_no_addresses(address: str) -> None:
    [problem] = problems_of((CLIENT, utf(address)))
    assert problem.startswith(f"the client must send its address as UTF `address`, and sent {address!r} ")
    assert problem.endswith("followed by nothing")


def test_both_sides_of_a_chat_are_read_at_their_own_pace() -> None:
    conversation = read_conversation(
        CHAT,
        connection(
            (SERVER, utf("bob") + utf("tôt")),
            (CLIENT, utf("::1") + utf("alice") + utf("bonjour 😀")),
            (SERVER, utf("alice") + utf("bonjour 😀")),
        ),
    )
    assert conversation.problems == []
    assert [(message.sender, *message.fields.values()) for message in conversation.messages] == [
        (CLIENT, "alice", "bonjour 😀"),
        (SERVER, "bob", "tôt"),
        (SERVER, "alice", "bonjour 😀"),
    ]
    assert [message.came for message in conversation.messages] == [2.0, 1.0, 3.0]


def test_a_chat_message_without_its_text() -> None:
    conversation = read_conversation(CHAT, connection((CLIENT, utf("::1")), (SERVER, utf("bob"))))
    assert conversation.missing == ["the server never sent UTF `text`"]
    assert conversation.messages == []


def test_a_field_may_have_a_known_value_without_answering_any() -> None:
    greeting = Protocol.model_validate(
        {
            "protocol": "greeting",
            "about": "the server begins, by a number",
            "port": 9000,
            "session": [{"from": "server", "field": "magic", "type": "int", "equals": "7"}],
        }
    )
    assert read_conversation(greeting, connection((SERVER, ints(7)))).problems == []
    assert read_conversation(greeting, connection((SERVER, ints(8)))).problems == [
        "the server's `magic` must be 7 = 7, and it sent 8 (00 00 00 08, byte 0)"
    ]


def test_bytes_are_shown_in_pairs_and_many_of_them_cut() -> None:
    assert show(b"\x00\xab") == "00 AB"
    assert show(bytes(17)) == "00 " * 15 + "00 ... (17 bytes)"
    assert show(b"") == ""
