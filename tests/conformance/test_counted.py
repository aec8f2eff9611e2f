"""Fields that are bytes whose number another field gives: as the protocol says them, and as recordings are read."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.expressions import names_in, parse_expression
from conformance.agent.sized_bytes import CountedBytes, SizeError
from conformance.decoder.conversation import read_conversation
from conformance.model import Protocol, YamlError
from conformance.model.yaml_file import validate
from javaio import IncompleteValueError
from tests.conformance.building import connection, ints, utf
from tests.conformance.exercise import TRANSFER, answered, checksum, longs, sent, transfer

ADDRESS = (CLIENT, utf("127.0.0.1"))
CONTENTS = st.lists(st.binary(max_size=300), max_size=4)


# The type ------------------------------------------------------------------------------------------------------------


def test_so_many_bytes_as_they_are() -> None:
    wire = CountedBytes(3)
    assert wire.encode(b"abc") == b"abc"
    assert wire.decode(b"xabcd", 1) == (b"abc", 3)
    assert CountedBytes(0).decode(b"") == (b"", 0)
    with pytest.raises(IncompleteValueError):
        wire.decode(b"ab")


@pytest.mark.parametrize("size", [-1, "3", 1.5, None])
def test_no_bytes_are_so_many(size: object) -> None:
    with pytest.raises(SizeError, match="their size must be a whole number from 0 on, and is "):
        CountedBytes(size)


def test_others_than_were_said() -> None:
    with pytest.raises(SizeError, match="there must be 3 of them, and there are 2"):
        CountedBytes(3).encode(b"ab")


# Expressions ---------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=100))
def test_length_and_crc32(content: bytes) -> None:
    values = {"content": content}
    assert parse_expression("length(content)")(values) == len(content)
    assert parse_expression("int32(crc32(content))")(values) == (zlib.crc32(content) ^ 2**31) - 2**31
    assert names_in("int32(crc32(content)) + length(name)") == {"content", "name"}


def test_the_length_of_a_text_is_that_of_its_characters() -> None:
    assert parse_expression("length(text)")({"text": "été"}) == 3


# The protocol file ---------------------------------------------------------------------------------------------------


def protocol(*steps: str) -> Protocol:
    content = {"protocol": "one", "about": "one", "port": 1, "session": [_step(step) for step in steps]}
    return validate(Protocol, content, Path("one.yaml"))


def _step(text: str) -> dict[str, str | int]:
    words = [part.strip().split("=", 1) for part in text.split(";")]
    return {"from": "client", **{key: int(value) if value.isdigit() else value for key, value in words}}


MISTAKES = [
    (["field=a; type=bytes"], "session.0: `bytes` need their `size`: a number, or a field before them that tells it"),
    (["field=a; type=int; size=4"], "session.0: only `bytes` have a `size`: int says its own"),
    (["field=a; type=bytes; size=4 *"], "session.0.size: not an expression: '4 *'"),
    (["field=a; type=bytes; size=n"], "`a` is computed from 'n', and no field before it has that name"),
    (
        ["field=n; type=UTF", "field=a; type=bytes; size=n + 1"],
        '`a`: n + 1 cannot be computed: can only concatenate str (not "int") to str',
    ),
    (
        ["field=n; type=int", "field=a; type=int; equals=crc32(n)"],
        "`a`: crc32(n) cannot be computed: a bytes-like object is required, not 'int'",
    ),
    (
        ["field=n; type=int", "field=a; type=int; equals=length(n)"],
        "`a`: length(n) cannot be computed: object of type 'int' has no len()",
    ),
]


@pytest.mark.parametrize(("steps", "sentence"), MISTAKES)
def test_a_mistake_in_a_field_of_bytes(steps: list[str], sentence: str) -> None:
    with pytest.raises(YamlError) as caught:
        protocol(*steps)
    assert str(caught.value) == f"one.yaml: {sentence}"


def test_a_size_may_be_a_number_or_computed() -> None:
    fields = protocol("field=n; type=byte", "field=a; type=bytes; size=4", "field=b; type=bytes; size=n * 2").fields
    assert fields[1].wire({}).size == 4
    assert fields[2].wire({"n": 3}).size == 6
    with pytest.raises(KeyError):
        fields[2].wire({})
    with pytest.raises(SizeError):
        fields[2].wire({"n": -1})


# Recordings ----------------------------------------------------------------------------------------------------------


@given(CONTENTS)
def test_a_right_transfer_is_read_field_by_field(contents: list[bytes]) -> None:
    conversation = read_conversation(TRANSFER, connection(*transfer(*contents)))
    assert (conversation.problems, conversation.missing, conversation.rounds) == ([], [], len(contents))
    assert [seen.value for seen in conversation.fields if seen.name == "content"] == contents
    assert all(seen.raw == seen.value for seen in conversation.fields if seen.name == "content")


@given(CONTENTS, st.data())
def test_a_transfer_split_anywhere_reads_the_same(contents: list[bytes], data: st.DataObject) -> None:
    pieces = []
    for sender, whole in transfer(*contents):
        cut = data.draw(st.integers(0, len(whole)))
        pieces += [(sender, piece) for piece in (whole[:cut], whole[cut:]) if piece]
    conversation = read_conversation(TRANSFER, connection(*pieces))
    assert (conversation.problems, conversation.missing) == ([], [])
    assert [seen.value for seen in conversation.fields if seen.name == "content"] == contents


def test_an_empty_content_came_with_its_size() -> None:
    conversation = read_conversation(TRANSFER, connection(*transfer(b"")))
    size, content = conversation.fields[2:4]
    assert (content.name, content.raw, content.offset) == ("content", b"", size.offset + 8)
    assert content.came == size.came


def first_problem(*parts: tuple[str, bytes]) -> str:
    conversation = read_conversation(TRANSFER, connection(ADDRESS, *parts))  # type: ignore[arg-type]
    return [*conversation.problems, *conversation.missing][0]


def test_a_negative_size() -> None:
    assert first_problem((CLIENT, utf("a")), (CLIENT, longs(-5)), (CLIENT, b"abc")) == (
        "the client can send no bytes `content` of round 1: their size must be a whole number from 0 on, and is -5"
    )


def test_a_content_that_ends_too_early() -> None:
    assert first_problem((CLIENT, utf("a")), (CLIENT, longs(5)), (CLIENT, b"abc")) == (
        "the client's bytes end inside bytes `content`, at byte 25: expected 5 bytes from byte 22 on, got 3 (61 62 63)"
    )


def test_a_content_that_never_came() -> None:
    assert first_problem((CLIENT, utf("a")), (CLIENT, longs(5))) == "the client never sent bytes `content` of round 1"


def test_an_answer_for_other_bytes() -> None:
    assert first_problem(*sent("a", b"abc"), (SERVER, longs(4) + ints(checksum(b"abc")))) == (
        "the server's `received` of round 1 must be length(content) = 3, "
        "and it sent 4 (00 00 00 00 00 00 00 04, byte 0)"
    )
    assert first_problem(*sent("a", b"abc"), (SERVER, longs(3) + ints(7))) == (
        "the server's `checksum` of round 1 must be int32(crc32(content)) = 891568578, "
        "and it sent 7 (00 00 00 07, byte 8)"
    )


def test_an_answer_before_the_content_was_whole() -> None:
    named, sized, _ = sent("a", b"abc")
    assert first_problem(named, sized, (CLIENT, b"ab"), answered(b"abc"), (CLIENT, b"c")) == (
        "the server sent `received` of round 1 before it had all of `content`, which it answers"
    )


def test_an_answer_to_an_empty_content_before_its_size_was_known() -> None:
    named, sized, _ = sent("a", b"")
    assert first_problem(named, answered(b""), sized) == (
        "the server sent `received` of round 1 before it had all of `content`, which it answers"
    )
