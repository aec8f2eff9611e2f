"""The protocol read while bytes come: what shows, of which side, as soon as it can."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side
from conformance.agent.problem import Problem
from conformance.agent.recording import Recording
from conformance.decoder import read_conversations
from conformance.model import Protocol
from conformance.model.yaml_file import read_yaml, validate
from conformance.observe.live_conversation import LiveConversation, Viewer
from conformance.observe.live_events import (
    Bytes,
    Closed,
    Elided,
    FieldRead,
    LiveEvent,
    Opened,
    ProblemFound,
    Stalled,
)
from tests.cli.recordings import PROTOCOLS, conversation
from tests.cli.running import ints, utf

ADDRESS = (CLIENT, utf("127.0.0.1"))
Place = tuple[str, Side | None, int | None, str | None]

ONCE = (
    "protocol: once\nabout: x\nport: 1\nsession:\n"
    "  - {from: client, field: a, type: byte}\n  - {from: server, field: b, type: byte, equals: a + 1}\n"
)
TOTAL = (
    "protocol: total\nabout: x\nport: 1\nsession:\n"
    "  - repeat:\n    - {from: client, field: a, type: byte}\n"
    "    - {from: server, field: echo, type: byte, equals: a}\n"
    "  - {from: server, field: total, type: int}\n"
)


@pytest.fixture
def protocol(tmp_path: Path, request: pytest.FixtureRequest) -> Protocol:
    """The protocol of that text."""
    file = tmp_path / "own.yaml"
    file.write_text(request.param)
    return validate(Protocol, read_yaml(file), file)


def seen(*parts: tuple[Side, bytes], protocol: str | Protocol = "addition", ends: bool = True) -> list[LiveEvent]:
    return told(conversation(parts, ends=ends), protocol)


def told(events: Sequence[Event], protocol: str | Protocol = "addition") -> list[LiveEvent]:
    reader = LiveConversation(PROTOCOLS[protocol] if isinstance(protocol, str) else protocol, 1)
    return [each for event in events for each in reader.add(event)]


def fields(things: Sequence[LiveEvent]) -> list[tuple[Side, str, object]]:
    return [(each.field.side, each.field.name, each.field.value) for each in things if isinstance(each, FieldRead)]


def problems(things: Sequence[LiveEvent]) -> list[Problem]:
    found = [each.field.problem if isinstance(each, FieldRead) else each.problem for each in things
             if isinstance(each, FieldRead | ProblemFound)]  # fmt: skip
    return [problem for problem in found if problem is not None]


def places(found: Sequence[Problem]) -> list[Place]:
    return [(each.code, each.where.side, each.where.offset, each.where.field) for each in found]


SUM = [(CLIENT, "address", "127.0.0.1"), (CLIENT, "first", 1), (CLIENT, "second", 2), (SERVER, "sum", 3)]


def test_a_right_conversation() -> None:
    things = seen(ADDRESS, (CLIENT, ints(1, 2)), (SERVER, ints(3)))
    assert fields(things) == SUM
    assert problems(things) == []
    assert things[0] == Opened(0.0, 1, "127.0.0.1:50000")
    assert [each.side for each in things if isinstance(each, Closed)] == [CLIENT, SERVER]


def test_a_field_is_told_when_its_last_byte_has_come_and_not_before() -> None:
    whole = utf("127.0.0.1") + ints(1, 2)
    parts = [(CLIENT, whole[place : place + 1]) for place in range(len(whole))]
    things = seen(*parts, (SERVER, b"\0\0\0"), (SERVER, b"\3"))
    assert fields(things) == SUM
    assert [round(each.at * 10) for each in things if isinstance(each, FieldRead)] == [11, 15, 19, 21]
    assert [each.field.offset for each in things if isinstance(each, FieldRead)] == [0, 11, 15, 0]


def test_a_client_that_asks_ahead_is_shown_at_once_and_each_answer_finds_its_question() -> None:
    things = seen(ADDRESS, (CLIENT, ints(1, 2, 3, 4, 5, 6)), (SERVER, ints(3, 7, 12)))
    assert [value for _, name, value in fields(things) if name != "address"] == [1, 2, 3, 4, 5, 6, 3, 7, 12]
    [wrong] = problems(things)
    assert places([wrong]) == [("wrong-value", SERVER, 8, "sum")]
    assert (wrong.where.connection, wrong.where.round, wrong.values["expected"]) == (1, 3, 11)


def test_an_answer_before_the_question_is_read_once_it_is_asked() -> None:
    things = seen(ADDRESS, (SERVER, ints(3)), ends=False)
    assert (SERVER, "sum", 3) not in fields(things)
    things = seen(ADDRESS, (SERVER, ints(3)), (CLIENT, ints(1, 2)))
    assert places(problems(things)) == [("before-question", SERVER, 0, "sum")]


def test_an_answer_before_the_question_had_arrived() -> None:
    told_by_tap = conversation([ADDRESS, (CLIENT, ints(1, 2)), (SERVER, ints(3))])
    held_back = [event for event in told_by_tap if not (event.kind == "sent" and event.size == 8)]
    assert places(problems(told(held_back))) == [("before-question", SERVER, 0, "sum")]


def test_text_that_is_none_is_shown_as_bytes_and_nothing_is_said_against_the_server() -> None:
    things = seen((CLIENT, b"\0\2\xff\xff" + ints(1)), (CLIENT, ints(2)), (SERVER, ints(3)))
    assert places(problems(things)) == [("malformed-text", CLIENT, 0, "address")]
    assert [(each.side, each.data, each.offset) for each in things if isinstance(each, Bytes)] == [
        (CLIENT, b"\0\2\xff\xff" + ints(1), 0),
        (CLIENT, ints(2), 8),
        (SERVER, ints(3), 0),
    ]


def test_one_byte_of_the_server_too_many_has_its_offset() -> None:
    things = seen(ADDRESS, (CLIENT, ints(1, 2)), (SERVER, ints(3) + b"\0"))
    assert places(problems(things)) == [("too-many-bytes", SERVER, 4, None)]


@pytest.mark.parametrize("protocol", [ONCE], indirect=True)
@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_one_byte_where_the_protocol_has_no_more_has_its_offset(protocol: Protocol, side: Side) -> None:
    things = seen((CLIENT, b"\1"), (SERVER, b"\2"), (side, b"\7"), protocol=protocol, ends=False)
    assert fields(things) == [(CLIENT, "a", 1), (SERVER, "b", 2)]
    assert places(problems(things)) == [("too-many-bytes", side, 1, None)]
    assert [each.data for each in things if isinstance(each, Bytes)] == [b"\7"]


@pytest.mark.parametrize(
    ("parts", "places_of_problems"),
    [
        ([], [("never-sent", CLIENT, 0, "address")]),
        ([(CLIENT, b"\0")], [("ends-inside", CLIENT, 0, "address")]),
        ([(CLIENT, b"\0\x09127")], [("ends-inside", CLIENT, 0, "address")]),
        ([ADDRESS, (CLIENT, b"\0\0")], [("ends-inside", CLIENT, 11, "first")]),
        ([ADDRESS, (CLIENT, ints(1))], [("never-sent", CLIENT, 15, "second")]),
        ([ADDRESS, (CLIENT, ints(1, 2))], [("never-sent", SERVER, 0, "sum")]),
    ],
)
def test_an_end_that_is_too_early(parts: list[tuple[Side, bytes]], places_of_problems: list[Place]) -> None:
    assert places(problems(seen(*parts))) == places_of_problems


def test_a_reset_ends_both_and_tells_what_never_came() -> None:
    events = [*conversation([ADDRESS, (CLIENT, ints(1, 2))], ends=False), Event(1, 1, "reset", SERVER, detail="why")]
    things = told(events)
    assert Closed(1, 1, SERVER, "reset", "why") in things
    assert places(problems(things)) == [("never-sent", SERVER, 0, "sum")]


def test_what_a_server_owes_a_client_that_is_gone_is_no_mistake_of_its() -> None:
    events = [*conversation([ADDRESS, (CLIENT, ints(1, 2))], ends=False), Event(1, 1, "reset", CLIENT)]
    assert problems(told(events)) == []
    inside = [*conversation([ADDRESS, (CLIENT, ints(1))], ends=False), Event(1, 1, "reset", CLIENT)]
    assert places(problems(told(inside))) == [("never-sent", CLIENT, 15, "second")]


@pytest.mark.parametrize("how", ["reset", "end"])
def test_what_a_client_could_not_finish_is_a_mistake_of_the_server_that_left(how: Kind) -> None:
    events = [
        *conversation([(CLIENT, b"\0\x09127.")], ends=False),
        Event(1, 1, how, SERVER),
        Event(1.1, 1, "end", CLIENT),
    ]
    assert places(problems(told(events))) == [("asked-after-end", CLIENT, 0, "address")]
    assert problems(told(events))[0].values["answerer"] == SERVER


def test_a_server_that_cannot_be_reached() -> None:
    things = told([Event(0, 1, "opened", CLIENT), Event(1, 1, "refused", SERVER, detail="Connection refused")])
    assert places(problems(things)) == [("refused", SERVER, None, None)]
    assert problems(things)[0].values == {"reason": "Connection refused"}


def test_in_a_chat_both_speak_when_they_like() -> None:
    message = utf("alice") + utf("bonjour")
    things = seen(ADDRESS, (SERVER, message), (CLIENT, message), (SERVER, message), protocol="chat")
    assert problems(things) == []
    assert [name for _, name, _ in fields(things)] == ["address"] + ["author", "text"] * 3


@pytest.mark.parametrize("protocol", [TOTAL], indirect=True)
def test_after_a_loop_comes_what_stands_after_it(protocol: Protocol) -> None:
    events = conversation([(CLIENT, b"\1"), (SERVER, b"\1"), (CLIENT, b"\2"), (SERVER, b"\2")], ends=False)
    events += [
        Event(2, 1, "end", CLIENT),
        Event(3, 1, "received", SERVER, ints(3)),
        Event(4, 1, "end", SERVER),
    ]
    things = told(events, protocol)
    assert [name for _, name, _ in fields(things)] == ["a", "echo", "a", "echo", "total"]
    assert problems(things) == []


WRONG: dict[str, list[tuple[Side, bytes]]] = {
    "right": [ADDRESS, (CLIENT, ints(1, 2)), (SERVER, ints(3))],
    "nothing": [],
    "no address": [(CLIENT, utf("moi") + ints(1, 2)), (SERVER, ints(3))],
    "malformed": [(CLIENT, b"\0\2\xff\xff" + ints(1, 2)), (SERVER, ints(3))],
    "wrong sum": [ADDRESS, (CLIENT, ints(1, 2, 3, 4)), (SERVER, ints(3, 8))],
    "a byte too many": [ADDRESS, (CLIENT, ints(1, 2)), (SERVER, ints(3) + b"\0")],
    "no question": [ADDRESS, (SERVER, ints(3))],
    "half an answer": [ADDRESS, (CLIENT, ints(1, 2)), (SERVER, b"\0\0")],
    "half a question": [ADDRESS, (CLIENT, ints(1) + b"\0")],
    "an answer ahead": [ADDRESS, (SERVER, ints(3)), (CLIENT, ints(1, 2))],
}


@pytest.mark.parametrize("name", ["addition", "chat"])
@pytest.mark.parametrize("parts", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("size", [None, 1], ids=["whole", "byte by byte"])
def test_the_problems_are_those_of_the_recording(name: str, parts: list[tuple[Side, bytes]], size: int | None) -> None:
    cut = [(side, data[at : at + size]) for side, data in parts for at in range(0, len(data), size)] if size else parts
    events = conversation(cut)
    [recorded] = read_conversations(PROTOCOLS[name], Recording(events))
    live = problems(told(events, name))
    assert [(each.code, each.where) for each in live] == [(each.code, each.where) for each in recorded.problems]
    assert fields(told(events, name)) == [(each.side, each.name, each.value) for each in recorded.fields]


def reader_of(*parts: tuple[Side, bytes]) -> LiveConversation:
    reader = LiveConversation(PROTOCOLS["addition"], 1)
    for event in conversation(parts, ends=False):
        list(reader.add(event))
    return reader


def stalls(reader: LiveConversation, now: float) -> list[Problem]:
    return [each.problem for each in reader.look(now, 5.0) if isinstance(each, Stalled)]


def test_who_keeps_whom_waiting_is_told_once() -> None:
    reader = reader_of(ADDRESS, (CLIENT, ints(1, 2)))
    assert stalls(reader, 1.0) == []
    [stall] = stalls(reader, 10.2)
    assert places([stall]) == [("stalled", SERVER, 0, "sum")]
    assert stall.values == {"seconds": 10, "equals": "int32(first + second)", "expected": 3}
    assert stalls(reader, 20.0) == []
    list(reader.add(Event(21, 1, "received", SERVER, ints(3))))
    assert stalls(reader, 60.0) == []  # a client may think as long as it likes


def test_who_stops_inside_a_field_is_told_with_what_is_missing() -> None:
    [stall] = stalls(reader_of((CLIENT, b"\0\x09127")), 9.0)
    assert places([stall]) == [("stalled", CLIENT, 0, "address")]
    assert (stall.values["got"], stall.values["needed"]) == (5, 11)


def test_bytes_that_nothing_has_asked_for_are_told() -> None:
    [stall] = stalls(reader_of(ADDRESS, (SERVER, ints(3))), 9.0)
    assert places([stall]) == [("not-asked-yet", SERVER, 0, None)]
    assert stall.values["size"] == 4


def test_what_is_given_up_is_told_once_and_no_longer_read() -> None:
    reader = reader_of(ADDRESS, (CLIENT, ints(1)))
    [elided] = reader.give_up(1.0, CLIENT)
    assert isinstance(elided, Elided)
    assert places([elided.problem]) == [("too-fast", CLIENT, 15, None)]
    assert list(reader.give_up(1.0, CLIENT)) == []
    assert list(reader.add(Event(2, 1, "received", CLIENT, ints(2)))) == []
    assert problems(list(reader.add(Event(3, 1, "received", SERVER, ints(3))))) == []  # nobody knows what it must be


def test_bytes_that_are_no_field_are_given_up_too() -> None:
    reader = reader_of((CLIENT, b"\0\2\xff\xff"))
    [elided] = reader.give_up(1.0, CLIENT)
    assert isinstance(elided, Elided)
    assert elided.problem.where.offset == 4
    assert list(reader.add(Event(2, 1, "received", CLIENT, b"more"))) == []


def test_bytes_that_the_tap_could_not_keep() -> None:
    things = told([*conversation([ADDRESS], ends=False), Event(1, 1, "received", CLIENT, size=500)])
    assert isinstance(things[-1], Elided)
    assert places([things[-1].problem]) == [("not-kept", CLIENT, 11, None)]


@pytest.mark.parametrize("silent", [False, True], ids=["answered", "the server is no longer read"])
def test_a_long_conversation_takes_no_more_memory_than_a_short_one(silent: bool) -> None:
    reader = reader_of(ADDRESS)
    parts = [(CLIENT, ints(1, 2)), (SERVER, ints(3))]
    if silent:
        list(reader.give_up(1, SERVER))
        del parts[1]

    def rounds(count: int) -> None:
        for _ in range(count):
            for side, data in parts:
                for event in (Event(1, 1, "received", side, data), Event(1, 1, "sent", side, size=len(data))):
                    assert all(isinstance(each, FieldRead) for each in reader.add(event))

    rounds(35_000)  # more than is kept for a diagnosis
    tracemalloc.start()
    try:
        before: Any = tracemalloc.get_traced_memory()[0]
        rounds(1000)
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()


def test_however_many_are_idle_each_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[float] = []
    look = LiveConversation.look

    def counted(conversation: LiveConversation, now: float, timeout: float) -> Iterator[LiveEvent]:
        looked.append(now)
        return look(conversation, now, timeout)

    monkeypatch.setattr(LiveConversation, "look", counted)
    viewer = Viewer(PROTOCOLS["addition"], lambda event: None)
    for number in range(1, 501):
        viewer.add(Event(number * 0.01, number, "opened", CLIENT))
    for tick in range(1000):
        viewer.look(5.0 + tick)
    assert len(looked) == 500


def test_connections_that_were_missed_are_counted() -> None:
    viewer = Viewer(PROTOCOLS["addition"], lambda event: None)
    viewer.add(Event(0.0, 1, "opened", CLIENT))
    viewer.add(Event(1.0, 0, "missed", CLIENT, size=7))
    assert (viewer.totals.connections, viewer.totals.missed) == (1, 7)
