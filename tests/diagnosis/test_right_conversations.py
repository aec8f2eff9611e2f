"""Right conversations, of any values, cut into any pieces and broken off anywhere: nothing is ever found in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.diagnosis import Finding, diagnose
from conformance.model.protocol import Protocol
from javaio import to_int32
from tests.decoder.building import Part, ints, utf
from tests.diagnosis.protocols import ADDITION, CHAT, read

LATER = 1e9
MANY = settings(max_examples=100, deadline=None)
INTS = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
ADDRESSES = st.ip_addresses().map(str)
ORDINARY_INTS = st.integers(-9999, 9999)
# Not empty: an empty author and a text of one letter are, to the byte, one text with a length of four bytes.
ORDINARY_TEXTS = st.text("abcdefghijklmnopqrstuvwxyz éàç!?'", min_size=1, max_size=40)
ONLY_WAITING = {"both-sides-waiting"}
SILENT = {"reads-lines", "reads-to-end", "not-flushed", "one-recv-one-message", "two-buffers"}
SILENT |= {"little-endian-length-reader", "unsigned-int", "no-wrap"}
SILENT |= {"field-missing"}  # an author whose texts come a second behind it, and under another name each time


def sums(address: str, pairs: Sequence[tuple[int, int]]) -> list[Part]:
    """What a client and a server of the addition say, field by field."""
    parts: list[Part] = [(CLIENT, utf(address))]
    for first, second in pairs:
        parts += [(CLIENT, ints(first)), (CLIENT, ints(second)), (SERVER, ints(to_int32(first + second)))]
    return parts


def talk(address: str, said: Sequence[tuple[Side, str, str]]) -> list[Part]:
    """What a client and a server of the chat say; the server also passes on what others said."""
    parts: list[Part] = [(CLIENT, utf(address))]
    for side, author, text in said:
        parts += [(side, utf(author)), (side, utf(text))]
    return parts


def additions(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[list[Part]]:
    return st.builds(sums, ADDRESSES, st.lists(st.tuples(numbers, numbers), max_size=6))


def chats(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[Part]]:
    return st.builds(talk, ADDRESSES, st.lists(st.tuples(st.sampled_from([CLIENT, SERVER]), texts, texts), max_size=6))


def in_pieces(parts: Sequence[Part], data: st.DataObject) -> list[Part]:
    """The same, each field in as many pieces as it pleases, and what one side says at once perhaps together."""
    pieces: list[Part] = []
    for side, field in parts:
        cuts = sorted(data.draw(st.sets(st.integers(1, len(field)), max_size=4), "cuts") | {0, len(field)})
        pieces += [(side, field[start:end]) for start, end in pairwise(cuts)]
    joined: list[Part] = []
    for side, piece in pieces:
        if joined and joined[-1][0] == side and data.draw(st.booleans(), "together"):
            joined[-1] = (side, joined[-1][1] + piece)
        else:
            joined.append((side, piece))
    return joined


def broken_off(parts: Sequence[Part], data: st.DataObject) -> list[Part]:
    """The first so many bytes of it."""
    left = data.draw(st.integers(0, sum(len(field) for _, field in parts)), "bytes")
    kept: list[Part] = []
    for side, field in parts:
        if left:
            kept.append((side, field[:left]))
            left -= len(kept[-1][1])
    return kept


def keys(findings: Sequence[Finding]) -> set[str]:
    return {finding.key for finding in findings}


def only_waits(findings: Sequence[Finding]) -> bool:
    """Nothing but that somebody waits, and what a side that owes an answer may do; all of that are guesses."""
    rest = [finding for finding in findings if finding.key not in ONLY_WAITING]
    return keys(rest) <= SILENT and all(finding.guess for finding in rest)


def whole_says_nothing(protocol: Protocol, parts: Sequence[Part], data: st.DataObject) -> None:
    pieces = in_pieces(parts, data)
    assert diagnose(read(protocol, pieces, ends=True), now=LATER) == []


def beginning_says_nothing(protocol: Protocol, parts: Sequence[Part], data: st.DataObject) -> None:
    pieces = in_pieces(broken_off(parts, data), data)
    assert diagnose(read(protocol, pieces, ends=False)) == []


@MANY
@given(additions(INTS), st.data())
def test_a_whole_addition(parts: list[Part], data: st.DataObject) -> None:
    whole_says_nothing(ADDITION, parts, data)


@MANY
@given(chats(TEXTS), st.data())
def test_a_whole_chat(parts: list[Part], data: st.DataObject) -> None:
    whole_says_nothing(CHAT, parts, data)


@MANY
@given(additions(INTS), st.data())
def test_the_beginning_of_an_addition(parts: list[Part], data: st.DataObject) -> None:
    beginning_says_nothing(ADDITION, parts, data)


@MANY
@given(chats(TEXTS), st.data())
def test_the_beginning_of_a_chat(parts: list[Part], data: st.DataObject) -> None:
    beginning_says_nothing(CHAT, parts, data)


@MANY
@given(additions(INTS), st.data())
def test_an_addition_that_stopped_between_fields_is_only_waiting(parts: list[Part], data: st.DataObject) -> None:
    kept = parts[: data.draw(st.integers(0, len(parts)))]
    assert only_waits(diagnose(read(ADDITION, in_pieces(kept, data), ends=False), now=LATER))


@MANY
@given(chats(TEXTS), st.data())
def test_a_chat_that_stopped_between_fields_is_only_waiting(parts: list[Part], data: st.DataObject) -> None:
    kept = parts[: data.draw(st.integers(0, len(parts)))]
    assert only_waits(diagnose(read(CHAT, in_pieces(kept, data), ends=False), now=LATER))


@MANY
@given(additions(ORDINARY_INTS), st.data())
def test_ordinary_numbers_that_stop_anywhere_are_only_waiting(parts: list[Part], data: st.DataObject) -> None:
    pieces = in_pieces(broken_off(parts, data), data)
    assert only_waits(diagnose(read(ADDITION, pieces, ends=False), now=LATER))


@MANY
@given(chats(ORDINARY_TEXTS), st.data())
def test_ordinary_texts_that_stop_anywhere_are_only_waiting(parts: list[Part], data: st.DataObject) -> None:
    pieces = in_pieces(broken_off(parts, data), data)
    assert only_waits(diagnose(read(CHAT, pieces, ends=False), now=LATER))


@MANY
@given(st.one_of(additions(INTS), chats(TEXTS)), st.data())
def test_what_stops_inside_a_field_gives_guesses_at_most(parts: list[Part], data: st.DataObject) -> None:
    """No right program stops there of itself, so a mistake is looked for; but it might have been killed."""
    protocol = CHAT if any(len(field) != 4 for _, field in parts[1:]) else ADDITION
    pieces = in_pieces(broken_off(parts, data), data)
    for finding in diagnose(read(protocol, pieces, ends=False), now=LATER):
        assert finding.guess or finding.key in ONLY_WAITING


@MANY
@given(additions(st.integers(-9999, 9999)), st.data())
def test_ordinary_numbers_are_not_even_suspected(parts: list[Part], data: st.DataObject) -> None:
    pieces = in_pieces(parts, data)
    assert diagnose(read(ADDITION, pieces, ends=True), suspect=True) == []


@pytest.mark.parametrize("left", [0, 100, 59_000], ids=["whole", "the end not read", "the beginning only"])
def test_long_texts_are_not_even_suspected_however_much_of_them_was_read(left: int) -> None:
    data = utf("alice") + utf("je suis là") + 3 * (utf("alice") + utf("x" * 60_000))
    parts = [(CLIENT, utf("127.0.0.1")), (SERVER, data[: len(data) - left])]
    assert keys(diagnose(read(CHAT, parts, ends=True), now=LATER, suspect=True)) <= ONLY_WAITING


def test_where_one_side_is_judged_nothing_is_said_of_the_other() -> None:
    parts: list[Part] = [(CLIENT, b"127.0.0.1")]
    assert keys(diagnose(read(ADDITION, parts, ends=True), of=CLIENT))
    assert diagnose(read(ADDITION, parts, ends=True), of=SERVER) == []
