"""A finding as a student reads it, and as a machine does; and the catalogue behind it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.recording import Recording
from conformance.diagnosis import MISTAKES, Finding, diagnose, explain, to_json
from tests.conformance.building import events, ints, utf
from tests.diagnosis.protocols import ADDITION

DOCS = Path(__file__).resolve().parents[2] / "docs" / "mistakes.md"


@pytest.fixture
def finding() -> Finding:
    parts = [(CLIENT, utf("127.0.0.1")), (CLIENT, ints(84, 98)), (SERVER, struct.pack("<i", 182))]
    (found,) = diagnose(ADDITION, Recording(events(parts)).connections)
    return found


def test_a_student_reads_what_where_and_how_to_mend_it(finding: Finding) -> None:
    mistake = MISTAKES["little-endian-int"]
    assert explain(finding).splitlines() == [
        f"The server: little-endian number. {mistake.description}",
        "Where: connection 1, byte 0 of what the server sent, where int `sum` was due in round 1: B6 00 00 00.",
        "So read, the bytes make sense: sum = 182.",
        f"In Python: {mistake.python}",
        f"In Java: {mistake.java}",
    ]


def test_a_guess_says_that_it_is_one() -> None:
    first, *_ = diagnose(ADDITION, Recording(events([(CLIENT, b"127.0.0.1")])).connections)
    assert explain(first).startswith("The client: text without its length (a guess, 89%). ")


def test_a_machine_reads_all_of_it(finding: Finding) -> None:
    told = json.loads(json.dumps(to_json(finding)))
    assert told["key"] == "little-endian-int"
    assert (told["side"], told["field"], told["round"], told["offset"]) == ("server", "sum", 1, 0)
    assert (told["raw"], told["connections"], told["guess"]) == ("b6000000", [1], False)
    assert told["python"] == MISTAKES["little-endian-int"].python


def test_a_machine_reads_who_waits() -> None:
    (waits,) = diagnose(ADDITION, Recording(events([(CLIENT, utf("::1") + ints(1))], ends=False)).connections, now=1e9)
    assert to_json(waits)["waiting"][0] == {
        "side": "server",
        "field": "second",
        "type": "int",
        "missing": 4,
        "since": 1.0,
    }


@pytest.mark.parametrize("key", MISTAKES)
def test_the_guide_has_every_mistake(key: str) -> None:
    assert f"`{key}`" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_told_in_sentences(mistake: object) -> None:
    texts = [getattr(mistake, name) for name in ("description", "python", "java")]
    assert all((text[0].isupper() or text[0] == "`") and text.endswith(".") for text in texts), texts
