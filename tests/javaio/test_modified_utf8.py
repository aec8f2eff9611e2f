"""Modified UTF-8 alone: what is written for each kind of character, what is read, what is refused and how."""

import builtins
import importlib.util
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javaio import UTFDataFormatError, decode_modified_utf8, encode_modified_utf8, modified_utf8

BOTH_WAYS = [
    ("nothing", "", ""),
    ("ASCII", "abc\x7f", "61 62 63 7F"),
    ("U+0000 takes two bytes", "\0", "C0 80"),
    ("the first of two bytes", "\x80", "C2 80"),
    ("the last of two bytes", "\u07ff", "DF BF"),
    ("the first of three bytes", "\u0800", "E0 A0 80"),
    ("the last of three bytes", "\uffff", "EF BF BF"),
    ("a byte order mark is a character", "\ufeffa", "EF BB BF 61"),
    ("French", "déjà", "64 C3 A9 6A C3 A0"),
    ("the euro sign", "€", "E2 82 AC"),
    ("above U+FFFF: two surrogates, three bytes each", "😀", "ED A0 BD ED B8 80"),
    ("the first above U+FFFF", "\U00010000", "ED A0 80 ED B0 80"),
    ("the last of all", "\U0010ffff", "ED AF BF ED BF BF"),
    ("a high surrogate alone", "\ud83d", "ED A0 BD"),
    ("a low surrogate alone", "\ude00", "ED B8 80"),
    ("swapped surrogates stay apart", "\ude00\ud83d", "ED B8 80 ED A0 BD"),
    ("of two high ones the second is paired", "\ud83d😀", "ED A0 BD ED A0 BD ED B8 80"),
    ("everything at once", "a\0é€😀\ud800z", "61 C0 80 C3 A9 E2 82 AC ED A0 BD ED B8 80 ED A0 80 7A"),
]


_OF_EVERY_LEAD = "".join(chr(lead << 12 | 0x800) for lead in range(16))  # U+D800, a lone surrogate, among them


@pytest.mark.parametrize("missing", range(16))
@pytest.mark.parametrize("halves", ["😀", chr(0xD83D), chr(0xDE00), "\ude00\ud83d", "한😀", "\0😀"])
def test_surrogates_beside_characters_of_every_other_first_byte(halves: str, missing: int) -> None:
    """Surrogates are moved to where no character of the text is: there may be one such place, or none."""
    others = _OF_EVERY_LEAD[:missing] + _OF_EVERY_LEAD[missing + 1 :]
    text = f"é{others}{halves}{others}\0\u1fff\ue800{halves}"
    data = _unit_by_unit(text)
    assert encode_modified_utf8(text) == data
    assert decode_modified_utf8(data) == text
    assert decode_modified_utf8(encode_modified_utf8(others + halves)) == others + halves
    with pytest.raises(UTFDataFormatError, match="partial character at end"):
        decode_modified_utf8(data + b"\xed")


def _unit_by_unit(text: str) -> bytes:
    """The table of the format, applied to one UTF-16 unit after the other."""
    units = text.encode("utf-16-be", "surrogatepass")
    characters = [chr(units[at] << 8 | units[at + 1]) for at in range(0, len(units), 2)]
    return b"".join(b"\xc0\x80" if unit == "\0" else unit.encode("utf-8", "surrogatepass") for unit in characters)


def _joined(text: str) -> str:
    """The text with its halves joined where they belong together, as it comes back from Java."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


_BESIDE = [
    "",
    "a",
    "é",
    "€",
    "한",
    "\0",
    "\ud83d",
    "\ude00",
    "\\",
    '"',
    "\\u183d",
    "\\ud83d",
    "\\N{DIGIT ONE}\n\r\t\x7f\x80",
]


@pytest.mark.parametrize("size", [1, 2, 126, 127, 128, 129, 130, 5_000])
@pytest.mark.parametrize("beside", _BESIDE)
def test_characters_above_ffff_in_text_of_every_length(size: int, beside: str) -> None:
    """Short and long text go different ways; what escapes mean to others is text like any other."""
    for text in (
        f"{beside}{'😀' * size}",
        f"{'😀' * size}{beside}",
        f"{beside}\U00010000{'x' * size}{beside}\U0010ffff",
    ):
        data = _unit_by_unit(text)
        assert encode_modified_utf8(text) == data
        assert decode_modified_utf8(data) == _joined(text)


def test_every_character_of_one_byte_beside_one_above_ffff() -> None:
    text = "".join(map(chr, range(256))) + "😀"
    assert encode_modified_utf8(text) == _unit_by_unit(text)
    assert encode_modified_utf8(text[200:]) == _unit_by_unit(text[200:])


@pytest.mark.parametrize("text", ["abc", "é" * 50, "€" * 50, "\ud83d" * 50, "😀" * 50, "a\0é€😀\ud800z" * 50])
def test_a_str_that_has_more_to_it_than_its_characters(text: str) -> None:
    class Name(str):
        __slots__ = ()

        def __sizeof__(self) -> int:
            return 0

    assert encode_modified_utf8(Name(text)) == _unit_by_unit(text)
    kept = text.replace("\ud83d", "é").replace("\ud800", "é").replace("\0", "é")
    before = kept.__sizeof__()
    type(kept, (), {})  # a class of that name: from now on the str keeps its UTF-8 as well
    assert kept.isascii() or kept.__sizeof__() > before
    assert encode_modified_utf8(kept) == _unit_by_unit(kept)


def test_what_only_cpython_has_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a str does not say its size, and there is no `ctypes`."""
    spec = modified_utf8.__spec__
    assert spec is not None
    assert spec.loader is not None
    elsewhere = importlib.util.module_from_spec(spec)
    find = getattr
    with monkeypatch.context() as patched:
        patched.setattr(builtins, "getattr", lambda *of: find(*of) if of[:2] != (str, "__sizeof__") else of[2])
        spec.loader.exec_module(elsewhere)
    monkeypatch.setitem(sys.modules, "ctypes", None)
    for text in [row[1] for row in BOTH_WAYS] + ["é" * 500, "😀" * 500, "a\0é€😀\ud800z" * 50]:
        assert elsewhere.encode_modified_utf8(text) == _unit_by_unit(text)
        assert elsewhere.decode_modified_utf8(_unit_by_unit(text)) == text


@pytest.mark.parametrize(("text", "data"), [row[1:] for row in BOTH_WAYS], ids=[row[0] for row in BOTH_WAYS])
def test_both_ways(text: str, data: str) -> None:
    assert encode_modified_utf8(text).hex(" ").upper() == data
    assert decode_modified_utf8(bytes.fromhex(data)) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("00", "\0"),
        ("61 00 62", "a\0b"),
        ("C3 A9 00", "é\0"),
        ("C0 81", "\x01"),
        ("C1 BF", "\x7f"),
        ("E0 80 80", "\0"),
        ("E0 81 81", "A"),
        ("E0 9F BF", "\u07ff"),
        ("E0 80 80 ED A0 BD ED B8 80", "\0😀"),  # the exact loop joins pairs as well
        ("C0 80 ED A0 BD", "\0\ud83d"),
    ],
)
def test_reads_more_than_is_ever_written(data: str, text: str) -> None:
    assert decode_modified_utf8(bytes.fromhex(data)) == text


PARTIAL = "malformed input: partial character at end"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("80", "malformed input around byte 0"),
        ("61 62 63 BF", "malformed input around byte 3"),
        ("C0 80 80", "malformed input around byte 2"),
        ("F0 9F 98 80", "malformed input around byte 0"),
        ("C3 A9 F0 9F 98 80", "malformed input around byte 2"),
        ("F4 8F BF BF", "malformed input around byte 0"),
        ("61 FF", "malformed input around byte 1"),
        ("C3 61", "malformed input around byte 2"),
        ("61 C3 C3", "malformed input around byte 3"),
        ("E2 61 AC", "malformed input around byte 2"),
        ("E2 82 61", "malformed input around byte 2"),
        ("E2 C0 80", "malformed input around byte 2"),
        ("ED A0 F0", "malformed input around byte 2"),
        ("C3", PARTIAL),
        ("61 E2", PARTIAL),
        ("E2 82", PARTIAL),
        ("E2 61", PARTIAL),  # cut short and malformed is cut short
        ("ED A0 BD ED B8", PARTIAL),
    ],
)
def test_refuses_in_the_words_of_the_jdk(data: str, message: str) -> None:
    with pytest.raises(UTFDataFormatError, match=f"^{re.escape(message)}$"):
        decode_modified_utf8(bytes.fromhex(data))


@pytest.mark.parametrize("lead", range(0xF0, 0xF5))
@pytest.mark.parametrize("before", ["a", "é", "한", "😀", "\0", "€" * 500, "😀" * 500])
def test_a_four_byte_form_is_refused_wherever_it_stands(before: str, lead: int) -> None:
    data = _unit_by_unit(before)
    form = bytes([lead, 0x90 if lead == 0xF0 else 0x80, 0x80, 0x80])
    for after in (b"", b"a", data):
        with pytest.raises(UTFDataFormatError, match=f"^malformed input around byte {len(data)}$"):
            decode_modified_utf8(data + form + after)


def test_the_error_is_a_value_error() -> None:
    assert issubclass(UTFDataFormatError, ValueError)


def test_knows_no_limit_of_65535_bytes() -> None:
    text = "é" * 50_000
    assert decode_modified_utf8(encode_modified_utf8(text)) == text


def test_reads_any_bytes() -> None:
    assert decode_modified_utf8(bytearray(b"\xc0\x80")) == "\0"
    assert decode_modified_utf8(memoryview(b"xabcx")[1:4]) == "abc"


@pytest.mark.parametrize("wrong", [None, 3, "text", ["a"]])
def test_reads_bytes_alone(wrong: object) -> None:
    with pytest.raises(TypeError, match="expected bytes, got"):
        decode_modified_utf8(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, 3, b"text", ["a"]])
def test_writes_text_alone(wrong: object) -> None:
    with pytest.raises(TypeError, match="expected a str, got"):
        encode_modified_utf8(wrong)  # type: ignore[arg-type]


@given(st.text(st.characters()))
def test_what_is_written_is_read_again(text: str) -> None:
    # A str may hold the two halves of a pair as two characters; the wire knows no difference, and gives back the one.
    data = encode_modified_utf8(text)
    assert decode_modified_utf8(data) == _joined(text)
    assert 0 not in data
    assert not any(byte >= 0xF0 for byte in data)
