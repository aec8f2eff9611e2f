"""Mistakes around bytes whose size another field gives; and right transfers, of which nothing is said."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER
from conformance.diagnosis import Finding, diagnose
from tests.conformance.exercise import TRANSFER, answered, checksum, longs, sent, transfer
from tests.decoder.building import Part, ints, utf
from tests.diagnosis.protocols import read
from tests.diagnosis.test_right_conversations import broken_off, in_pieces, only_waits

LATER = 1e9
CONTENT = b"Bonjour a tous, voici un fichier.\n" * 3
SIZE = len(CONTENT)
ADDRESS: Part = (CLIENT, utf("127.0.0.1"))
NAMED: list[Part] = [ADDRESS, (CLIENT, utf("a.txt"))]
SENT: list[Part] = [ADDRESS, *sent("a.txt", CONTENT)]
TAKEN: Part = (CLIENT, CONTENT)


def found(*parts: Part, ends: bool = True, suspect: bool = False) -> list[Finding]:
    now = None if ends else LATER
    told = diagnose(read(TRANSFER, parts, ends=ends), now=now, suspect=suspect)
    # It is the same whether the recording is over or goes on.
    assert diagnose(read(TRANSFER, parts, ends=ends, over=True), now=now, suspect=suspect) == told
    return told


CASES: list[tuple[str, list[Part], str, str, int]] = [
    ("an int size", [*NAMED, (CLIENT, ints(SIZE)), TAKEN], "number-of-another-size", "size", 18),
    ("a size low byte first", [*NAMED, (CLIENT, struct.pack("<q", SIZE)), TAKEN], "little-endian-int", "size", 18),
    ("a size as digits", [*NAMED, (CLIENT, b"102"), TAKEN], "number-as-text", "size", 18),
    ("a name without length", [ADDRESS, (CLIENT, b"a.txt"), (CLIENT, longs(SIZE)), TAKEN], "text-without-length",
     "name", 11),
    ("an int in the answer", [*SENT, (SERVER, ints(SIZE, checksum(CONTENT)))], "number-of-another-size", "received", 0),
    ("a checksum low byte first", [*SENT, (SERVER, longs(SIZE) + struct.pack("<i", checksum(CONTENT)))],
     "little-endian-int", "checksum", 8),
    ("a long for the checksum", [*SENT, (SERVER, longs(SIZE, checksum(CONTENT) & 0xFFFFFFFF))], "long-for-int",
     "checksum", 8),
    ("the checksum before the size", [*SENT, (SERVER, ints(checksum(CONTENT)) + longs(SIZE))], "wrong-order",
     "received", 0),
    ("an answer before the content", [*NAMED, (CLIENT, longs(SIZE)), answered(CONTENT), TAKEN],
     "answer-before-question", "received", 0),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "key", "field", "offset"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_first_name(parts: list[Part], key: str, field: str, offset: int) -> None:
    first = found(*parts)[0]
    assert (first.key, first.field, first.offset) == (key, field, offset)


def test_a_size_that_is_too_large_makes_both_sides_wait() -> None:
    (finding,) = found(*NAMED, (CLIENT, longs(SIZE + 10)), TAKEN, ends=False)
    assert (finding.key, finding.side, finding.field) == ("both-sides-waiting", CLIENT, "content")
    server, client = finding.waiting
    assert (server.side, server.field, server.missing) == (SERVER, "content", 10)
    assert (client.side, client.field) == (CLIENT, "received")


def test_a_content_that_never_comes_is_waited_for_with_all_its_bytes() -> None:
    (finding,) = found(*NAMED, (CLIENT, longs(SIZE)), ends=False)
    assert [(waiting.side, waiting.field, waiting.missing) for waiting in finding.waiting] == [
        (SERVER, "content", SIZE),
        (CLIENT, "received", 8),
    ]


@pytest.mark.parametrize("suspect", [False, True])
@pytest.mark.parametrize(
    "parts",
    [
        [*SENT, (SERVER, longs(SIZE) + ints(5))],
        [*SENT, (SERVER, longs(SIZE + 1) + ints(checksum(CONTENT)))],
        [*NAMED, (CLIENT, longs(-1)), TAKEN],
    ],
    ids=["a wrong checksum", "a wrong size in the answer", "a negative size"],
)
def test_a_wrong_value_is_wrong_and_has_no_name(parts: list[Part], suspect: bool) -> None:
    assert found(*parts, suspect=suspect) == []


@pytest.mark.parametrize("content", [CONTENT, b"", b"\0", bytes(1000), bytes(range(256)) * 40, "été 😀".encode() * 30])
def test_a_right_transfer_is_not_even_suspected(content: bytes) -> None:
    assert found(*transfer(content), suspect=True) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=4), st.data())
def test_right_transfers_cut_anywhere_and_broken_off_have_no_mistake(
    contents: list[bytes], data: st.DataObject
) -> None:
    parts = in_pieces(transfer(*contents), data)
    assert found(*parts) == []
    assert only_waits(found(*broken_off(parts, data), ends=False))


def test_a_file_of_json_that_is_broken_off_is_no_json_of_the_program() -> None:
    *before, (side, content), _ = transfer(b'{"address": "127.0.0.1", "first": 84}\n')
    assert only_waits(found(*before, (side, content[:-1]), ends=False))
