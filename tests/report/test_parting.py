"""Where accounts part, of conversations that a test makes up: bytes of a size, values that a type cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.recording import Recording
from conformance.decoder.conversation import read_conversation
from conformance.judge.divergence import WireMark, find_parting
from conformance.model import Protocol
from conformance.model.yaml_file import validate


def _protocol(*session: dict[str, Any]) -> Protocol:
    content = {"protocol": "made-up", "about": "made up", "port": 8999, "session": list(session)}
    return validate(Protocol, content, Path(__file__), "protocol")


ECHO = _protocol(
    {"from": "client", "field": "size", "type": "int"},
    {"from": "client", "field": "content", "type": "bytes", "size": "size"},
    {"from": "server", "field": "copy", "type": "bytes", "size": "size", "equals": "content"},
)
SUM = _protocol(
    {"from": "client", "field": "first", "type": "int"},
    {"from": "server", "field": "next", "type": "int", "equals": "first + 1"},
)


def _mark(protocol: Protocol, sent: bytes, answered: bytes) -> WireMark:
    """The mark in a conversation of these bytes."""
    events = [Event(0.0, 1, "opened", CLIENT), *_passed(0.1, CLIENT, sent), *_passed(0.2, SERVER, answered)]
    [connection] = Recording(events).connections
    parting = find_parting(protocol, [read_conversation(protocol, connection)], [], [])
    assert parting is not None
    assert parting.wire is not None
    return parting.wire


def _passed(at: float, sender: Side, data: bytes) -> list[Event]:
    return [Event(at, 1, "received", sender, data), Event(at, 1, "sent", sender, size=len(data))]


def test_bytes_are_placed_by_the_first_that_differs() -> None:
    content = bytes(range(200))
    wrong = content[:150] + b"\xff" + content[151:]
    mark = _mark(ECHO, (200).to_bytes(4, "big") + content, wrong)
    assert (mark.field, mark.type, mark.expected, mark.expected_raw) == ("copy", "bytes", content, content)
    assert mark.differs == 150


def test_what_the_type_cannot_hold_has_no_bytes() -> None:
    mark = _mark(SUM, bytes.fromhex("7FFFFFFF"), bytes.fromhex("80000000"))
    assert (mark.value, mark.expected, mark.expected_raw) == (-(2**31), 2**31, None)
    assert mark.differs == 0


@pytest.mark.parametrize(("raw", "right", "count"), [("0102", "0102", 2), ("0102", "0103", 1), ("01", "0103", 1)])
def test_how_many_bytes_are_right_before_the_first_that_is_not(raw: str, right: str, count: int) -> None:
    mark = WireMark(1, SERVER, 0, bytes.fromhex(raw), 0.0, expected=0, expected_raw=bytes.fromhex(right))
    assert mark.differs == count
