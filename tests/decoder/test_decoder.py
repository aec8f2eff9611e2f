"""Bytes against a protocol: which fields are read, and for each way to break the protocol its code and its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.problem import Problem
from conformance.agent.recording import Recording
from conformance.decoder import Decoder, Field, Unread, read_conversations
from conformance.model import Protocol
from tests.decoder.building import ADDITION, CHAT, addition, events, ints, utf
from tests.decoder.reading import facts, problems, read

JAVA_INTS = st.integers(-(2**31), 2**31 - 1)
ROUNDS = st.lists(st.tuples(JAVA_INTS, JAVA_INTS), max_size=5)


def protocol(*session: object) -> Protocol:
    return Protocol.model_validate({"protocol": "it", "about": "it", "port": 9000, "session": list(session)})


# What is right -------------------------------------------------------------------------------------------------------


def test_a_right_conversation_is_read_field_by_field() -> None:
    conversation = read(ADDITION, *addition((84, 98), (2**31 - 1, 1)))
    assert conversation.problems == []
    assert conversation.decoder.rounds == 2
    assert [
        (f"{field.side}.{field.name}", field.value, field.offset, field.round) for field in conversation.in_order()
    ] == [
        ("client.address", "127.0.0.1", 0, None),
        ("client.first", 84, 11, 1),
        ("client.second", 98, 15, 1),
        ("server.sum", 182, 0, 1),
        ("client.first", 2**31 - 1, 19, 2),
        ("client.second", 1, 23, 2),
        ("server.sum", -(2**31), 4, 2),
    ]


def test_a_client_may_ask_for_nothing() -> None:
    conversation = read(ADDITION, *addition())
    assert (conversation.problems, conversation.decoder.rounds) == ([], 0)


def test_answers_find_their_questions_however_far_ahead_the_client_asks() -> None:
    asked = ints(*range(200))
    answered = ints(*(2 * first + 1 for first in range(0, 200, 2)))
    conversation = read(ADDITION, (CLIENT, utf("::1")), (CLIENT, asked), (SERVER, answered))
    assert conversation.problems == []
    names = [f"{field.side}.{field.name}" for field in conversation.in_order()[1:4]]
    assert names == ["client.first", "client.second", "server.sum"]
    assert conversation.decoder.rounds == 100


@given(ROUNDS)
def test_every_right_sum_is_accepted(rounds: list[tuple[int, int]]) -> None:
    conversation = read(ADDITION, *addition(*rounds))
    assert conversation.problems == []
    assert conversation.decoder.rounds == len(rounds)


def test_a_field_knows_when_its_first_and_its_last_byte_came() -> None:
    [field] = read(ADDITION, (CLIENT, utf("::1")[:2]), (CLIENT, utf("::1")[2:])).fields
    assert (field.began, field.came) == (1.0, 2.0)


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.20", "::1", "fe80::1", "2001:db8::7"])
def test_addresses(address: str) -> None:
    assert problems(read(ADDITION, (CLIENT, utf(address)))) == []


def test_both_sides_of_a_chat_are_read_at_their_own_pace() -> None:
    conversation = read(
        CHAT,
        (SERVER, utf("bob") + utf("tôt")),
        (CLIENT, utf("::1") + utf("alice") + utf("bonjour 😀")),
        (SERVER, utf("alice") + utf("bonjour 😀")),
    )
    assert conversation.problems == []
    assert [(one.side, dict(one.fields), one.last.came) for one in conversation.messages] == [
        (SERVER, {"author": "bob", "text": "tôt"}, 1.0),
        (CLIENT, {"author": "alice", "text": "bonjour 😀"}, 2.0),
        (SERVER, {"author": "alice", "text": "bonjour 😀"}, 3.0),
    ]


def test_the_decoder_yields_a_field_with_its_last_byte() -> None:
    decoder = Decoder(ADDITION)
    assert list(decoder.receive(CLIENT, utf("::1")[:4], 1.0)) == []
    [field] = decoder.receive(CLIENT, utf("::1")[4:], 2.0)
    assert isinstance(field, Field)
    assert (field.name, field.value, field.raw) == ("address", "::1", utf("::1"))


def test_names_behind_a_loop_stand_for_its_last_round() -> None:
    last = protocol(
        {"from": "client", "field": "many", "type": "byte"},
        {"repeat": [{"from": "server", "field": "number", "type": "byte"}]},
        {"from": "client", "field": "end", "type": "byte", "equals": "number"},
    )
    right = read(last, (CLIENT, b"\x02"), (SERVER, b"\x05\x06"), (CLIENT, b"\x06"))
    assert problems(right) == []
    assert problems(read(last, (CLIENT, b"\x02"), (SERVER, b"\x05\x06"), (CLIENT, b"\x05"))) == [
        ("wrong-value", CLIENT, 1, "end")
    ]


# What breaks the protocol --------------------------------------------------------------------------------------------


@given(st.tuples(JAVA_INTS, JAVA_INTS), JAVA_INTS)
def test_any_other_sum_is_a_problem(pair: tuple[int, int], answer: int) -> None:
    *asked, (_, right) = addition(pair)
    assert bool(problems(read(ADDITION, *asked, (SERVER, ints(answer))))) == (ints(answer) != right)


def test_a_wrong_sum_has_its_round_both_numbers_and_the_bytes() -> None:
    conversation = read(ADDITION, *addition((1, 2), (84, 98))[:-1], (SERVER, ints(183)))
    assert problems(conversation) == [("wrong-value", SERVER, 4, "sum")]
    assert conversation.problems[0].where.round == 2
    assert facts(conversation) == {
        "value": 183,
        "expected": 182,
        "equals": "int32(first + second)",
        "raw": ints(183),
        "size": 4,
        "right": ints(182),
    }


def test_reading_goes_on_after_a_wrong_value() -> None:
    one, two = addition((1, 2))[:-1], addition((3, 4))[1:]
    assert problems(read(ADDITION, *one, (SERVER, ints(4)), *two)) == [("wrong-value", SERVER, 0, "sum")]


def test_a_stream_that_ends_inside_a_number() -> None:
    conversation = read(ADDITION, (CLIENT, utf("::1")), (CLIENT, ints(84)), (CLIENT, b"\0\0"))
    assert problems(conversation) == [("ends-inside", CLIENT, 9, "second")]
    assert facts(conversation) == {"needed": 4, "got": 2, "raw": b"\0\0"}


def test_a_stream_that_ends_inside_a_text() -> None:
    conversation = read(ADDITION, (CLIENT, utf("127.0.0.1")[:5]))
    assert problems(conversation) == [("ends-inside", CLIENT, 0, "address")]
    assert (facts(conversation)["needed"], facts(conversation)["got"]) == (11, 5)


def test_an_answer_that_never_came_has_what_it_had_to_be() -> None:
    conversation = read(ADDITION, *addition((84, 98))[:-1])
    assert problems(conversation) == [("never-sent", SERVER, 0, "sum")]
    assert facts(conversation)["expected"] == 182


@pytest.mark.parametrize("pieces", [[ints(3, 4)], [ints(3), ints(4)], [ints(3)], [b"\0"], [ints(3, 4), ints(5, 6)]])
def test_a_question_that_comes_after_the_server_has_ended(pieces: list[bytes]) -> None:
    """The server did not stay to answer; that the client did not finish its question is no mistake of its own."""
    told = [*events(addition((1, 2)), ends=False), Event(10.0, 1, "end", SERVER)]
    told += [Event(11.5 + number, 1, "received", CLIENT, piece) for number, piece in enumerate(pieces)]
    [conversation] = read_conversations(ADDITION, Recording([*told, Event(20.0, 1, "end", CLIENT)]))
    assert problems(conversation) == [("asked-after-end", CLIENT, 19, "first")]
    assert facts(conversation) == {"answerer": SERVER, "after": 1.5}


def test_a_question_that_had_begun_when_the_server_ended_is_owed_its_answer() -> None:
    told = [*events([*addition((1, 2)), (CLIENT, ints(3))], ends=False), Event(10.0, 1, "end", SERVER)]
    told += [Event(11.0, 1, "received", CLIENT, ints(4)), Event(12.0, 1, "end", CLIENT)]
    [conversation] = read_conversations(ADDITION, Recording(told))
    assert problems(conversation) == [("never-sent", SERVER, 4, "sum")]


def test_a_question_that_was_on_its_way_when_the_server_ended_is_no_mistake_of_the_client() -> None:
    """Unless the client has said nothing for so long that it has stopped by itself."""
    for pause, expected in (
        (0.5, ("asked-after-end", CLIENT, 19, "first")),
        (30.0, ("never-sent", CLIENT, 23, "second")),
    ):
        asked = events([*addition((1, 2)), (CLIENT, ints(3))], ends=False)
        end = max(event.at for event in asked) + pause
        told = [*asked, Event(end, 1, "end", SERVER), Event(end + 1, 1, "end", CLIENT)]
        [conversation] = read_conversations(ADDITION, Recording(told))
        assert problems(conversation) == [expected]


def test_a_server_that_ends_when_its_client_has_and_one_that_ends_before() -> None:
    for first, second in ((CLIENT, SERVER), (SERVER, CLIENT)):
        told = [*events(addition((1, 2)), ends=False), Event(10.0, 1, "end", first), Event(11.0, 1, "end", second)]
        [conversation] = read_conversations(ADDITION, Recording(told))
        assert problems(conversation) == []


def test_a_client_that_sends_nothing() -> None:
    assert problems(read(ADDITION)) == [("never-sent", CLIENT, 0, "address")]


@pytest.mark.parametrize("count", [1, 100])
def test_bytes_too_many(count: int) -> None:
    conversation = read(ADDITION, *addition((84, 98)), (SERVER, bytes(count)))
    assert problems(conversation) == [("too-many-bytes", SERVER, 4, None)]
    assert facts(conversation) == {"size": count, "raw": bytes(min(count, 16))}


def test_text_that_is_no_modified_utf_8() -> None:
    conversation = read(ADDITION, (CLIENT, b"\0\4\xf0\x9f\x98\x80"))
    assert problems(conversation) == [("malformed-text", CLIENT, 0, "address")]
    assert facts(conversation)["reason"] == "malformed input around byte 0"


def test_malformed_text_stops_its_side_and_nothing_is_said_of_the_answers() -> None:
    conversation = read(ADDITION, (CLIENT, b"\0\2\xff\xff" + ints(1, 2)), (SERVER, ints(4)))
    assert problems(conversation) == [("malformed-text", CLIENT, 0, "address")]
    assert conversation.fields == []


def test_an_answer_before_the_question_was_whole() -> None:
    parts = [(CLIENT, utf("::1")), (CLIENT, ints(1)), (CLIENT, ints(2)[:3]), (SERVER, ints(3)), (CLIENT, ints(2)[3:])]
    assert problems(read(ADDITION, *parts)) == [("before-question", SERVER, 0, "sum")]


def test_an_answer_while_the_question_was_still_on_its_way() -> None:
    """The whole number had come to the tap, which had not yet passed on its last byte."""
    told = [
        *events([(CLIENT, utf("::1")), (CLIENT, ints(1))], ends=False),
        Event(10.0, 1, "received", CLIENT, ints(2)),
        Event(10.0, 1, "sent", CLIENT, size=3),
        Event(11.0, 1, "received", SERVER, ints(3)),
        Event(12.0, 1, "sent", CLIENT, size=1),
    ]
    [conversation] = read_conversations(ADDITION, Recording(told))
    assert problems(conversation) == [("before-question", SERVER, 0, "sum")]


def test_an_answer_that_nobody_asked_for() -> None:
    answered = protocol(
        {"repeat": [{"from": "client", "field": "ask", "type": "byte"}]},
        {"from": "server", "field": "answer", "type": "byte", "equals": "ask"},
    )
    assert problems(read(answered, (SERVER, b"\x07"))) == [("unasked", SERVER, 0, None)]


def test_an_address_with_a_four_byte_length() -> None:
    """Read as writeUTF, its first two bytes are an empty text."""
    conversation = read(ADDITION, (CLIENT, b"\0\0\0\t127.0.0.1"), (CLIENT, ints(1, 2)), (SERVER, ints(3)))
    assert problems(conversation)[0] == ("no-address", CLIENT, 0, "address")
    assert facts(conversation) == {"value": "", "raw": b"\0\0", "size": 2}


@pytest.mark.parametrize("address", ["localhost", "", "127.0.0", "127.0.0.1:8999"])
def test_no_addresses(address: str) -> None:
    assert problems(read(ADDITION, (CLIENT, utf(address)))) == [("no-address", CLIENT, 0, "address")]


def test_a_chat_message_without_its_text() -> None:
    conversation = read(CHAT, (CLIENT, utf("::1")), (SERVER, utf("bob")))
    assert problems(conversation) == [("never-sent", SERVER, 5, "text")]
    assert conversation.messages == []


def test_a_field_may_have_a_known_value_without_answering_any() -> None:
    greeting = protocol({"from": "server", "field": "magic", "type": "int", "equals": "7"})
    assert problems(read(greeting, (SERVER, ints(7)))) == []
    assert problems(read(greeting, (SERVER, ints(8)))) == [("wrong-value", SERVER, 0, "magic")]


def test_a_round_that_takes_no_byte_ends_the_reading_and_not_the_reader() -> None:
    empty = protocol(
        {"from": "client", "field": "size", "type": "byte"},
        {"repeat": [{"from": "client", "field": "content", "type": "bytes", "size": "size"}]},
    )
    assert problems(read(empty, (CLIENT, b"\0x"))) == [("empty-round", CLIENT, 1, None)]


def test_a_field_that_is_longer_than_what_is_kept() -> None:
    decoder = Decoder(ADDITION, longest=8)
    problem, unread = decoder.receive(CLIENT, utf("127.0.0.1")[:3], 1.0)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.where.offset) == ("field-too-long", 0)
    assert unread == Unread(CLIENT, 0, utf("127.0.0.1")[:3], 1.0)
    assert not decoder.reads(CLIENT)


# What is due ---------------------------------------------------------------------------------------------------------


def test_what_is_due_from_whom() -> None:
    decoder = Decoder(ADDITION)
    assert [(due.side, due.field, due.needed) for due in decoder.expects()] == [(CLIENT, "address", None)]
    decoder.receive(CLIENT, utf("::1") + ints(1) + b"\0\0", 1.0)
    [due] = decoder.expects()
    assert (due.side, due.field, due.path, due.offset, due.got, due.needed) == (CLIENT, "second", (1,), 9, b"\0\0", 4)
    decoder.receive(CLIENT, b"\0\2", 2.0)
    [due] = decoder.expects()
    assert (due.side, due.field, due.equals, due.value) == (SERVER, "sum", "int32(first + second)", 3)


def test_between_two_rounds_nothing_is_due() -> None:
    decoder = Decoder(ADDITION)
    for side, data in addition((1, 2)):
        decoder.receive(side, data, 1.0)
    assert decoder.expects() == []
