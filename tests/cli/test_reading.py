"""The protocol read while bytes come: what is told, of which side, as soon as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.model import Protocol
from conformance.model.yaml_file import read_yaml, validate
from conformance.observe.live_conversation import LiveConversation
from conformance.observe.live_events import Bytes, Closing, Elided, Field, Opened, Problem, Refused, Seen, Stall
from tests.cli.recordings import PROTOCOLS, conversation
from tests.cli.running import ints, utf

ADDRESS = (CLIENT, utf("127.0.0.1"))


def seen(*parts: tuple[Side, bytes], protocol: str | Protocol = "addition", ends: bool = True) -> list[Seen]:
    return told(conversation(parts, ends=ends), protocol)


def told(events: Sequence[Event], protocol: str | Protocol = "addition") -> list[Seen]:
    reader = LiveConversation(PROTOCOLS[protocol] if isinstance(protocol, str) else protocol, 1)
    return [each for event in events for each in reader.add(event)]


def fields(things: Sequence[Seen]) -> list[tuple[Side, str, object]]:
    return [(each.sender, each.name, each.value) for each in things if isinstance(each, Field)]


def problems(things: Sequence[Seen]) -> list[str]:
    found = []
    for each in things:
        if isinstance(each, Problem):
            found.append(each.sentence)
        elif isinstance(each, Field) and each.problem:
            found.append(f"{each.name}: {each.problem}")
    return found


SUM = [(CLIENT, "address", "127.0.0.1"), (CLIENT, "first", 1), (CLIENT, "second", 2), (SERVER, "sum", 3)]


def test_a_right_conversation() -> None:
    things = seen(ADDRESS, (CLIENT, ints(1, 2)), (SERVER, ints(3)))
    assert fields(things) == SUM
    assert problems(things) == []
    assert things[0] == Opened(0.0, 1, "127.0.0.1:50000")
    assert [each.sender for each in things if isinstance(each, Closing)] == [CLIENT, SERVER]


def test_a_field_is_told_when_its_last_byte_has_come_and_not_before() -> None:
    whole = utf("127.0.0.1") + ints(1, 2)
    parts = [(CLIENT, whole[place : place + 1]) for place in range(len(whole))]
    things = seen(*parts, (SERVER, b"\0\0\0"), (SERVER, b"\3"))
    assert fields(things) == SUM
    assert [round(each.at * 10) for each in things if isinstance(each, Field)] == [11, 15, 19, 21]
    assert [each.offset for each in things if isinstance(each, Field)] == [0, 11, 15, 0]


def test_a_client_that_asks_ahead_is_shown_at_once_and_each_answer_finds_its_question() -> None:
    things = seen(ADDRESS, (CLIENT, ints(1, 2, 3, 4, 5, 6)), (SERVER, ints(3, 7, 12)))
    assert [value for _, name, value in fields(things) if name != "address"] == [1, 2, 3, 4, 5, 6, 3, 7, 12]
    assert problems(things) == ["sum: it must be int32(first + second) = 11 (00 00 00 0B)"]


def test_an_answer_before_the_question() -> None:
    things = seen(ADDRESS, (SERVER, ints(3)), (CLIENT, ints(1, 2)))
    assert (SERVER, "sum", 3) in fields(things)
    assert problems(things) == ["sum: it comes before what it answers: it must be int32(first + second)"]


def test_an_answer_before_the_question_had_arrived() -> None:
    told_by_tap = conversation([ADDRESS, (CLIENT, ints(1, 2)), (SERVER, ints(3))])
    held_back = [event for event in told_by_tap if not (event.kind == "sent" and event.size == 8)]
    assert problems(told(held_back)) == ["sum: it was sent before all of the question had arrived"]


def test_an_address_that_is_none() -> None:
    things = seen((CLIENT, utf("moi")))
    assert problems(things)[0] == "address: this is no IP address, and the protocol has the sender's own here"


def test_text_that_is_none_is_shown_as_bytes_with_what_was_expected_and_the_other_side_is_read_on() -> None:
    things = seen((CLIENT, b"\0\2\xff\xff" + ints(1)), (CLIENT, ints(2)), (SERVER, ints(3)))
    [problem] = problems(things)
    assert "no UTF `address`: expected two bytes of length and then text in modified UTF-8" in problem
    assert "From byte 0 on: 00 02 FF FF" in problem
    assert [each.data for each in things if isinstance(each, Bytes)] == [b"\0\2\xff\xff" + ints(1), ints(2)]
    assert [each.offset for each in things if isinstance(each, Bytes)] == [0, 8]
    assert (SERVER, "sum", 3) in fields(things)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([], "it ends too early: the client has not sent UTF `address`"),
        ([(CLIENT, b"\0")], "it ends too early: of UTF `address` the client has sent 1 of 2 bytes (00)"),
        (
            [(CLIENT, b"\0\x09127")],
            "it ends too early: of UTF `address` the client has sent 5 of 11 bytes (00 09 31 32 37)",
        ),
        ([ADDRESS, (CLIENT, b"\0\0")], "it ends too early: of int `first` the client has sent 2 of 4 bytes (00 00)"),
        ([ADDRESS, (CLIENT, ints(1))], "it ends too early: the client has not sent int `second`"),
        (
            [ADDRESS, (CLIENT, ints(1, 2))],
            "it ends too early: the server has not sent int `sum`, which must be int32(first + second) = 3",
        ),
    ],
)
def test_an_end_that_is_too_early(parts: list[tuple[Side, bytes]], sentence: str) -> None:
    assert sentence in problems(seen(*parts))


def test_a_reset_ends_both_and_tells_what_never_came() -> None:
    events = [*conversation([ADDRESS, (CLIENT, ints(1, 2))], ends=False), Event(1, 1, "reset", SERVER, detail="why")]
    things = told(events)
    assert Closing(1, 1, SERVER, "reset", "why") in things
    assert len(problems(things)) == 1


def test_a_server_that_cannot_be_reached() -> None:
    things = told([Event(0, 1, "opened", CLIENT), Event(1, 1, "refused", SERVER, detail="Connection refused")])
    assert things[-1] == Refused(1, 1, "Connection refused")


def test_in_a_chat_both_speak_when_they_like() -> None:
    message = utf("alice") + utf("bonjour")
    things = seen(ADDRESS, (SERVER, message), (CLIENT, message), (SERVER, message), protocol="chat")
    assert problems(things) == []
    assert [name for _, name, _ in fields(things)] == ["address"] + ["author", "text"] * 3


def test_bytes_where_the_protocol_has_no_more(tmp_path: Path) -> None:
    file = tmp_path / "once.yaml"
    file.write_text(
        "protocol: once\nabout: x\nport: 1\nsession:\n"
        "  - {from: client, field: a, type: byte}\n  - {from: server, field: b, type: byte, equals: a + 1}\n"
    )
    protocol = validate(Protocol, read_yaml(file), file)
    things = seen((CLIENT, b"\1\7"), (SERVER, b"\2"), protocol=protocol)
    assert fields(things) == [(CLIENT, "a", 1), (SERVER, "b", 2)]
    assert problems(things) == [
        "the client sends more than the protocol has: it expects nothing more from it. From byte 1 on: 07"
    ]


def test_after_a_loop_comes_what_stands_after_it(tmp_path: Path) -> None:
    file = tmp_path / "total.yaml"
    file.write_text(
        "protocol: total\nabout: x\nport: 1\nsession:\n"
        "  - repeat:\n    - {from: client, field: a, type: byte}\n"
        "    - {from: server, field: echo, type: byte, equals: a}\n"
        "  - {from: server, field: total, type: int}\n"
    )
    protocol = validate(Protocol, read_yaml(file), file)
    events = conversation([(CLIENT, b"\1"), (SERVER, b"\1"), (CLIENT, b"\2"), (SERVER, b"\2")], ends=False)
    events += [
        Event(2, 1, "end", CLIENT),
        Event(3, 1, "received", SERVER, ints(3)),
        Event(4, 1, "end", SERVER),
    ]
    things = told(events, protocol)
    assert [name for _, name, _ in fields(things)] == ["a", "echo", "a", "echo", "total"]
    assert problems(things) == []


def test_who_keeps_whom_waiting_is_told_once() -> None:
    reader = LiveConversation(PROTOCOLS["addition"], 1)
    for event in conversation([ADDRESS, (CLIENT, ints(1, 2))], ends=False):
        list(reader.add(event))
    assert list(reader.look(1.0, 5.0)) == []
    [stall] = reader.look(10.2, 5.0)
    assert isinstance(stall, Stall)
    assert stall.sender == SERVER
    assert (
        "nothing for 10 s: the server has not sent int `sum`, which must be int32(first + second) = 3" in stall.sentence
    )
    assert list(reader.look(20.0, 5.0)) == []
    list(reader.add(Event(21, 1, "received", SERVER, ints(3))))
    assert list(reader.look(60.0, 5.0)) == []  # a client may think as long as it likes


def test_what_is_given_up_is_told_once_and_no_longer_read() -> None:
    reader = LiveConversation(PROTOCOLS["addition"], 1)
    for event in conversation([ADDRESS, (CLIENT, ints(1))], ends=False):
        list(reader.add(event))
    [elided] = reader.give_up(1.0, CLIENT)
    assert isinstance(elided, Elided)
    assert "from byte 15 on" in elided.sentence
    assert list(reader.give_up(1.0, CLIENT)) == []
    assert list(reader.add(Event(2, 1, "received", CLIENT, ints(2)))) == []
    [answer] = reader.add(Event(3, 1, "received", SERVER, ints(3)))
    assert isinstance(answer, Field)
    assert answer.problem is None  # nobody knows any more what it must be


def test_bytes_that_the_tap_could_not_keep() -> None:
    things = told([*conversation([ADDRESS], ends=False), Event(1, 1, "received", CLIENT, size=500)])
    assert isinstance(things[-1], Elided)
