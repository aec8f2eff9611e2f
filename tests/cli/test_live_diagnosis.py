"""Diagnosis while a conversation goes on: when it comes, how often, and of whom nothing is said."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.cli.formatting import TextLines
from conformance.formatting import LANGUAGES, Language, catalogue
from conformance.observe.live_conversation import STALL_SECONDS, LiveConversation, Viewer
from conformance.observe.live_events import Diagnosed, LiveEvent
from tests.cli.recordings import BEGAN, PROTOCOLS, conversation, save
from tests.cli.running import ints, run_here, utf

ADDRESS = (CLIENT, utf("127.0.0.1"))
LITTLE_ENDIAN = [ADDRESS, (CLIENT, ints(84, 98)), (SERVER, struct.pack("<i", 182))]
BARE = [(CLIENT, b"127.0.0.1"), (CLIENT, b"84"), (CLIENT, b"98")]


def named(things: Sequence[LiveEvent]) -> list[tuple[Side, str]]:
    return [(each.finding.side, each.finding.key) for each in things if isinstance(each, Diagnosed)]


def viewer_of_additions() -> tuple[Viewer, list[LiveEvent]]:
    """A viewer, and what it will show."""
    shown: list[LiveEvent] = []
    return Viewer(PROTOCOLS["addition"], shown.append), shown


def reader_of(
    parts: Sequence[tuple[Side, bytes]], protocol: str = "addition"
) -> tuple[LiveConversation, list[LiveEvent]]:
    """A reader that has read them, the last at 0.1 s a part; and all it told."""
    reader = LiveConversation(PROTOCOLS[protocol], 1)
    return reader, [seen for event in conversation(parts, ends=False) for seen in reader.add(event)]


def test_it_is_named_once_nothing_has_come_for_a_moment() -> None:
    reader, things = reader_of(LITTLE_ENDIAN)
    assert named(things) == []
    assert named(list(reader.look(0.4, STALL_SECONDS))) == []
    assert named(list(reader.look(0.7, STALL_SECONDS))) == [(SERVER, "little-endian-int")]
    assert named(list(reader.look(9.0, STALL_SECONDS))) == []


def test_it_is_named_before_what_comes_after_the_moment() -> None:
    reader, _ = reader_of(LITTLE_ENDIAN)
    things = list(reader.add(Event(3.0, 1, "received", CLIENT, ints(1, 2))))
    assert named(things) == [(SERVER, "little-endian-int")]
    assert isinstance(things[0], Diagnosed)


def test_it_is_named_when_the_conversation_is_over() -> None:
    reader = LiveConversation(PROTOCOLS["addition"], 1)
    things = [seen for event in conversation(LITTLE_ENDIAN) for seen in reader.add(event)]
    assert named(things) == [(SERVER, "little-endian-int")]
    assert isinstance(things[-1], Diagnosed)


def test_the_same_mistake_is_named_once_on_a_connection() -> None:
    reader, _ = reader_of([*LITTLE_ENDIAN, (CLIENT, ints(1, 2)), (SERVER, struct.pack("<i", 3))])
    assert named(list(reader.look(2.0, STALL_SECONDS))) == [(SERVER, "little-endian-int")]
    for event in (
        Event(3.0, 1, "received", CLIENT, ints(5, 6)),
        Event(3.0, 1, "sent", CLIENT, size=8),
        Event(3.1, 1, "received", SERVER, struct.pack("<i", 11)),
    ):
        list(reader.add(event))
    assert named(list(reader.look(4.0, STALL_SECONDS))) == []


def test_who_stopped_inside_a_field_is_named_when_all_stands_still() -> None:
    reader, _ = reader_of(BARE)
    assert named(list(reader.look(2.0, STALL_SECONDS))) == []
    assert (CLIENT, "text-without-length") in named(list(reader.look(9.0, STALL_SECONDS)))


def test_who_only_takes_their_time_has_made_no_mistake() -> None:
    for parts in ([ADDRESS], [ADDRESS, (CLIENT, ints(1))], [ADDRESS, (CLIENT, ints(1, 2))]):
        reader, _ = reader_of(parts)
        assert named(list(reader.look(9.0, STALL_SECONDS))) == []


def test_of_who_owes_an_answer_for_long_it_is_told_what_it_may_be_doing() -> None:
    reader, _ = reader_of([ADDRESS, (CLIENT, ints(1, 2))])
    (told,) = (each for each in reader.look(60.0, STALL_SECONDS) if isinstance(each, Diagnosed))
    assert {each.certainty for each in (told.finding, *told.others)} == {"possible"}
    assert {each.key for each in (told.finding, *told.others)} >= {"reads-lines", "not-flushed", "reads-to-end"}
    for parts in ([ADDRESS], [ADDRESS, (CLIENT, ints(1))]):
        reader, _ = reader_of(parts)
        assert named(list(reader.look(60.0, STALL_SECONDS))) == []


def test_what_is_wrong_behind_a_long_right_beginning_has_no_name() -> None:
    long: list[tuple[Side, bytes]] = [ADDRESS, (CLIENT, ints(*([1, 2] * 40_000))), (SERVER, ints(*([3] * 40_000)))]
    reader, _ = reader_of([*long, (CLIENT, ints(84, 98)), (SERVER, struct.pack("<i", 182))])
    assert named(list(reader.look(60.0, STALL_SECONDS))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_explained_in_whole_once_and_then_by_the_number_of_the_first(language: Language) -> None:
    viewer, shown = viewer_of_additions()
    for number in (1, 2):
        for event in conversation(LITTLE_ENDIAN, number):
            viewer.add(event)
    assert viewer.totals.problems == 2  # the mistake behind a problem is not one more
    lines = TextLines(catalogue(language), BEGAN)
    first, second = (lines.event(event) for event in shown if isinstance(event, Diagnosed))
    assert len(first.splitlines()) > 1
    assert all(line.startswith(" " * 20) for line in first.splitlines()[1:])
    assert len(second.splitlines()) == 1
    words = catalogue(language)
    again = {"who": words.text("side.server"), "title": words.text("finding.little-endian-int.title"), "first": 1}
    assert second.endswith(words.text("cli.live.again", again))


def test_a_tap_that_ends_names_what_it_has_not_named_yet() -> None:
    viewer, shown = viewer_of_additions()
    for event in conversation(LITTLE_ENDIAN, ends=False):
        viewer.add(event)
    assert named(shown) == []
    viewer.end()
    assert named(shown) == [(SERVER, "little-endian-int")]


def test_a_recording_names_it_too(tmp_path: Path) -> None:
    told = run_here("decode", save(tmp_path / "a.json", conversation(LITTLE_ENDIAN)), "--json").told
    [diagnosis] = [each for each in told if each["event"] == "diagnosis"]
    assert (diagnosis["connection"], diagnosis["side"], diagnosis["key"]) == (1, "server", "little-endian-int")


def test_a_recording_says_who_kept_whom_waiting(tmp_path: Path) -> None:
    events = conversation([ADDRESS, (CLIENT, ints(1))], ends=False)
    events.append(Event(9.0, 1, "end", CLIENT))
    told = run_here("decode", save(tmp_path / "a.json", events), "--json").told
    [stall] = [each for each in told if each["event"] == "stall"]
    assert stall["code"] == "stalled"
    assert (stall["where"]["side"], stall["where"]["field"], stall["values"]["seconds"]) == (CLIENT, "second", 9)
