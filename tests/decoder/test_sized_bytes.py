"""Fields that are bytes whose number another field gives: as the protocol says them, and as recordings are read."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.expressions import names_in, parse_expression
from conformance.agent.sized_bytes import SizedBytes, SizeError
from conformance.model import Protocol, YamlError
from conformance.model.yaml_file import validate
from javaio import IncompleteValueError
from tests.conformance.exercise import TRANSFER, answered, checksum, longs, sent, transfer
from tests.decoder.building import Part, ints, utf
from tests.decoder.reading import Place, facts, problems, read

ADDRESS = (CLIENT, utf("127.0.0.1"))
CONTENTS = st.lists(st.binary(max_size=300), max_size=4)


# The type ------------------------------------------------------------------------------------------------------------


def test_so_many_bytes_as_they_are() -> None:
    wire = SizedBytes(3)
    assert wire.encode(b"abc") == b"abc"
    assert wire.decode(b"xabcd", 1) == (b"abc", 3)
    assert SizedBytes(0).decode(b"") == (b"", 0)
    with pytest.raises(IncompleteValueError):
        wire.decode(b"ab")


@pytest.mark.parametrize("size", [-1, "3", 1.5, None])
def test_no_bytes_are_so_many(size: object) -> None:
    with pytest.raises(SizeError, match="their size must be a whole number from 0 on, and is "):
        SizedBytes(size)


def test_others_than_were_said() -> None:
    with pytest.raises(SizeError, match="there must be 3 of them, and there are 2"):
        SizedBytes(3).encode(b"ab")


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


# Decoding ------------------------------------------------------------------------------------------------------------


@given(CONTENTS)
def test_a_right_transfer_is_read_field_by_field(contents: list[bytes]) -> None:
    conversation = read(TRANSFER, *transfer(*contents))
    assert (problems(conversation), conversation.decoder.rounds) == ([], len(contents))
    read_contents = [field for field in conversation.fields if field.name == "content"]
    assert [field.value for field in read_contents] == contents
    assert all(field.raw == field.value for field in read_contents)


def test_an_empty_content_came_with_its_size() -> None:
    size, content = read(TRANSFER, *transfer(b"")).in_order()[2:4]
    assert (content.name, content.raw, content.offset) == ("content", b"", size.offset + 8)
    assert content.came == size.came


def first_problem(*parts: Part) -> Place:
    return problems(read(TRANSFER, ADDRESS, *parts))[0]


def test_a_negative_size() -> None:
    conversation = read(TRANSFER, ADDRESS, (CLIENT, utf("a")), (CLIENT, longs(-5)), (CLIENT, b"abc"))
    assert problems(conversation) == [("bad-size", CLIENT, 22, "content")]
    assert facts(conversation) == {"size": -5}


def test_a_content_that_ends_too_early() -> None:
    conversation = read(TRANSFER, ADDRESS, (CLIENT, utf("a")), (CLIENT, longs(5)), (CLIENT, b"abc"))
    assert problems(conversation) == [("ends-inside", CLIENT, 22, "content")]
    assert facts(conversation) == {"needed": 5, "got": 3, "raw": b"abc"}


def test_a_content_that_never_came() -> None:
    assert first_problem((CLIENT, utf("a")), (CLIENT, longs(5))) == ("never-sent", CLIENT, 22, "content")


def test_an_answer_for_other_bytes() -> None:
    size, check = longs(3), ints(checksum(b"abc"))
    assert first_problem(*sent("a", b"abc"), (SERVER, longs(4) + check)) == ("wrong-value", SERVER, 0, "received")
    assert first_problem(*sent("a", b"abc"), (SERVER, size + ints(7))) == ("wrong-value", SERVER, 8, "checksum")


def test_an_answer_before_the_content_was_whole() -> None:
    named, sized, _ = sent("a", b"abc")
    parts = (named, sized, (CLIENT, b"ab"), answered(b"abc"), (CLIENT, b"c"))
    assert first_problem(*parts) == ("before-question", SERVER, 0, "received")


def test_an_answer_to_an_empty_content_before_its_size_was_known() -> None:
    named, sized, _ = sent("a", b"")
    assert first_problem(named, answered(b""), sized) == ("before-question", SERVER, 0, "received")
