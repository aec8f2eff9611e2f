"""One connection as the board remembers it: its row and its lines, and where these end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side
from conformance.board.connection import LINES, Connection


def connection() -> Connection:
    return Connection(2, 7, "192.0.2.7:50000", 100.0)


def field(value: str, **more: Any) -> dict[str, Any]:
    return {"event": "field", "sender": CLIENT, "field": "text", "type": "UTF", "value": value, **more}


def row(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(connection.summary())
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
    for number, (kind, sender) in enumerate(kinds):
        seen.event(Event(100.5 + number, 7, kind, sender), number)
    assert (row(seen)["state"], seen.over) == (state, state != "open")
    assert row(seen).get("until") == (None if state == "open" else 99.5 + len(kinds))


def test_its_row_has_its_last_fields_short_and_the_wrong_ones_marked() -> None:
    seen = connection()
    for number in range(10):
        seen.line(field(f"{number}" + "x" * 1000), number)
    seen.line(field("9", problem="it must be 8"), 10)
    told = row(seen)
    assert (told["key"], told["fields"], len(told["tail"])) == ("2/7", 11, 6)
    assert told["tail"][-1] == {"sender": CLIENT, "field": "text", "type": "UTF", "value": "9", "wrong": True}
    assert [len(each["value"]) for each in told["tail"]] == [41] * 5 + [1]  # forty characters, and "…"
    assert told["wrong"] == "it must be 8"


def test_what_went_wrong_first_stays_until_it_has_a_name() -> None:
    seen = connection()
    seen.line({"event": "problem", "sender": CLIENT, "problem": "first"}, 1)
    seen.line({"event": "problem", "sender": CLIENT, "problem": "second"}, 2)
    assert row(seen)["wrong"] == "first"
    seen.line({"event": "mistake", "title": "text without its length"}, 3)
    assert row(seen)["wrong"] == "text without its length"


def test_its_last_lines_stay() -> None:
    seen = connection()
    for number in range(1, LINES + 11):
        seen.line(field(str(number)), number)
    lines, left_out = seen.lines_after(0)
    assert (len(lines), left_out) == (LINES, 10)
    assert json.loads(lines[-1])["value"] == str(LINES + 10)
    lines, left_out = seen.lines_after(LINES + 8)
    assert ([json.loads(line)["value"] for line in lines], left_out) == ([str(LINES + 9), str(LINES + 10)], 0)


def test_whoever_reads_too_slowly_is_told_that_lines_are_missing() -> None:
    seen = connection()
    for number in range(1, LINES + 11):
        seen.line(field(str(number)), number)
    assert seen.lines_after(9)[1] > 0
    assert seen.lines_after(10)[1] == 0


def test_long_lines_fall_off_sooner_and_what_it_takes_is_what_it_says() -> None:
    seen = connection()
    grown = sum(seen.line(field("x" * 4000), number) for number in range(1, 101))
    lines, left_out = seen.lines_after(0)
    assert len(lines) + left_out == 100
    assert sum(map(len, lines)) < 80_000
    assert seen.size == grown
