"""One connection as the board remembers it: its row, its lines and its events, and where these end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side
from conformance.agent.problem import Problem, Where
from conformance.board.connection import KEPT_BYTES, LINES, LINES_BYTES, Connection, KeptEvents
from conformance.decoder import Field
from conformance.observe.live_events import Bytes, Closed, FieldRead, Opened, ProblemFound, Stalled

BEGAN = 100.0
FACTS = {"value": 8, "expected": 9, "equals": "x + 1", "raw": b"\x08", "size": 1}
WRONG = Problem("wrong-value", Where(7, CLIENT, 10, "number", "int", 3), FACTS)


def connection() -> Connection:
    return Connection(2, Event(0.0, 7, "opened", CLIENT, detail="192.0.2.7:50000"), BEGAN)


def field(value: Any, kind: str = "UTF", raw: bytes | None = None, problem: Problem | None = None) -> FieldRead:
    raw = str(value).encode() if raw is None else raw
    return FieldRead(0.5, 7, Field(CLIENT, "text", kind, value, raw, 10, 0.5, 0.5, (), 0, problem))


def row(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(connection.row())
    return found


def line(connection: Connection) -> dict[str, Any]:
    """Its last line."""
    found: dict[str, Any] = json.loads(connection.lines_after(0)[0][-1])
    return found


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ([], "open"),
        ([("end", CLIENT)], "open"),
        ([("end", CLIENT), ("end", SERVER)], "ended"),
        ([("end", CLIENT), ("reset", SERVER)], "reset"),
        ([("refused", SERVER)], "refused"),
    ],
)
def test_when_it_is_over(kinds: list[tuple[Kind, Side]], state: str) -> None:
    seen = connection()
    for number, (kind, sender) in enumerate(kinds, 1):
        seen.add_event(Event(float(number), 7, kind, sender), number)
    assert (row(seen)["state"], seen.over) == (state, state != "open")
    assert row(seen).get("until") == (None if state == "open" else BEGAN + len(kinds))


def test_its_row_has_its_last_fields_short_and_the_wrong_ones_with_their_codes() -> None:
    seen = connection()
    for number in range(10):
        seen.add(field(f"{number}" + "x" * 2000), number)
    seen.add(field("8", problem=WRONG), 10)
    told = row(seen)
    assert (told["key"], told["client"], told["since"]) == ("2/7", "192.0.2.7:50000", BEGAN)
    assert (told["fields"], len(told["tail"])) == (11, 6)
    assert told["tail"][-1] == {"side": CLIENT, "field": "text", "type": "UTF", "value": "8", "code": "wrong-value"}
    assert [len(each["value"]) for each in told["tail"]] == [41] * 5 + [1]  # forty characters, and an ellipsis
    assert told["wrong"]["code"] == "wrong-value"


def test_its_row_changes_when_it_does() -> None:
    seen = connection()
    seen.add(field("one"), 1)
    assert row(seen)["fields"] == 1
    seen.add(field("two"), 2)
    assert row(seen)["fields"] == 2


def test_what_went_wrong_first_stays_and_what_is_waited_for_goes() -> None:
    seen = connection()
    late = Problem("never-sent", Where(7, SERVER, 4, "sum", "int", 1))
    seen.add(Stalled(1.0, 7, late), 1)
    assert (row(seen)["waits"]["code"], "wrong" in row(seen)) == ("never-sent", False)
    seen.add(ProblemFound(2.0, 7, WRONG), 2)
    seen.add(ProblemFound(3.0, 7, late), 3)
    assert (row(seen)["wrong"]["code"], "waits" in row(seen)) == ("wrong-value", False)


def test_a_line_has_code_place_values_and_the_sentence_in_both_languages() -> None:
    seen = connection()
    seen.add(field("8", problem=WRONG), 1)
    told = line(seen)
    assert (told["event"], told["at"], told["side"], told["value"], told["bytes"]) == (
        "field",
        100.5,
        CLIENT,
        "8",
        "38",
    )
    problem = told["problem"]
    assert (problem["code"], problem["where"]["round"], problem["values"]["expected"]) == ("wrong-value", 3, 9)
    assert sorted(problem["text"]) == ["en", "fr"]
    assert problem["text"]["en"] != problem["text"]["fr"]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Opened(1.0, 7, "a:1"), {"event": "opened", "client": "a:1"}),
        (Closed(1.0, 7, SERVER, "end"), {"event": "end", "side": SERVER}),
        (
            Closed(1.0, 7, CLIENT, "reset", "gone"),
            {"event": "reset", "side": CLIENT, "reason": {"en": "gone", "fr": "gone"}},
        ),
        (Bytes(1.0, 7, CLIENT, b"\xff\x00", 5), {"event": "bytes", "size": 2, "bytes": "ff00", "offset": 5}),
        (Stalled(1.0, 7, WRONG), {"event": "stalled", "side": CLIENT}),
        (field(-(2**63), "long"), {"value": "-9223372036854775808"}),
        (field(1.0, "double"), {"value": "1.0"}),
        (field(float("nan"), "double"), {"value": "nan"}),
        (field(b"\x01\x02\x03", "bytes", b"\x01\x02\x03"), {"value": "3", "bytes": "010203"}),
    ],
)
def test_what_a_line_says(event: Any, told: dict[str, Any]) -> None:
    seen = connection()
    seen.add(event, 1)
    assert told.items() <= line(seen).items()


def test_values_of_problems_are_such_as_a_page_can_have_them() -> None:
    seen = connection()
    problem = Problem("wrong-value", WRONG.where, FACTS | {"value": float("inf"), "expected": 2**60})
    seen.add(ProblemFound(1.0, 7, problem), 1)
    told = line(seen)["problem"]["values"]
    assert (told["value"], told["expected"], told["size"], told["raw"]) == ("inf", str(2**60), 1, {"hex": "08"})


def test_long_texts_are_cut_wherever_they_stand() -> None:
    long = "x" * 60_000
    seen = connection()
    problem = Problem("no-address", Where(7, CLIENT, 0, "text", "UTF"), {"value": long, "raw": b"x", "size": 60_002})
    seen.add(field(long, problem=problem), 1)
    told = line(seen)
    assert (len(told["value"]), told["characters"], told["size"]) == (1000, 60_000, 60_000)
    assert len(json.dumps(told)) < 10_000
    assert len(json.dumps(row(seen))) < 5_000


def test_its_last_lines_stay() -> None:
    seen = connection()
    for number in range(1, LINES + 11):
        seen.add(field(str(number)), number)
    lines, left_out = seen.lines_after(0)
    assert (len(lines), left_out) == (LINES, 10)
    assert json.loads(lines[-1])["value"] == str(LINES + 10)
    lines, left_out = seen.lines_after(LINES + 8)
    assert ([json.loads(each)["value"] for each in lines], left_out) == ([str(LINES + 9), str(LINES + 10)], 0)


def test_whoever_reads_too_slowly_is_told_that_lines_are_missing() -> None:
    seen = connection()
    for number in range(1, LINES + 11):
        seen.add(field(str(number)), number)
    assert seen.lines_after(9)[1] > 0
    assert seen.lines_after(10)[1] == 0


@pytest.mark.parametrize(
    "event",
    [field("x" * 900), field("1", problem=WRONG), ProblemFound(1.0, 7, WRONG), Bytes(1.0, 7, CLIENT, bytes(999), 0)],
)
def test_large_lines_are_left_out_sooner(event: Any) -> None:
    seen = connection()
    for number in range(1, LINES + 1):
        seen.add(event, number)
    assert seen.size < LINES_BYTES + (8 << 10)
    lines, left_out = seen.lines_after(0)
    assert 0 < len(lines) < LINES
    assert len(lines) + left_out == LINES


def test_it_has_the_same_lines_however_often_they_are_asked_for() -> None:
    seen = connection()
    for number in range(1, 6):
        seen.add(field(str(number)), number)
        seen.lines_after(number - 1)
    assert [json.loads(each)["value"] for each in seen.lines_after(0)[0]] == ["1", "2", "3", "4", "5"]
    assert seen.lines_after(0) == seen.lines_after(0)


def test_events_that_fit_are_kept_whole() -> None:
    events = [
        Event(1.0, 7, "opened", CLIENT, detail="192.0.2.7:50000"),
        Event(2.0, 7, "received", CLIENT, b"bonjour"),
        Event(2.1, 7, "sent", CLIENT, size=7),
        Event(3.0, 7, "end", CLIENT),
    ]
    kept = KeptEvents()
    for event in events:
        kept.add(event)
    assert kept.events() == events


def test_the_beginning_of_a_long_one_is_kept_to_the_byte_and_the_rest_of_each_side_is_counted() -> None:
    kept = KeptEvents()
    long = bytes(range(256)) * 1000
    kept.add(Event(1.0, 7, "received", CLIENT, long))
    kept.add(Event(2.0, 7, "sent", CLIENT, size=len(long)))
    kept.add(Event(3.0, 7, "received", CLIENT, b"more"))
    kept.add(Event(4.0, 7, "received", SERVER, b"", 1000))
    kept.add(Event(5.0, 7, "end", CLIENT))
    assert kept.events() == [
        Event(1.0, 7, "received", CLIENT, long[:KEPT_BYTES]),
        Event(2.0, 7, "sent", CLIENT, size=len(long)),
        Event(3.0, 7, "received", CLIENT, size=len(long) - KEPT_BYTES + 4),
        Event(4.0, 7, "received", SERVER, size=1000),
        Event(5.0, 7, "end", CLIENT),
    ]
    assert kept.size < KEPT_BYTES + 1024


def test_events_without_bytes_have_the_bound_too() -> None:
    kept = KeptEvents()
    for number in range(10_000):
        kept.add(Event(float(number), 7, "sent", CLIENT, size=1))
    events = kept.events()
    assert len(events) < 1000
    assert sum(event.size for event in events) == 10_000
