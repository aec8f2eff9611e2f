"""Every read method, byte by byte, on both faces."""

import math
import struct
from typing import Any

import pytest

from javaio import IncompleteValueError, UTFDataFormatError

from .faces import Face


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("read_boolean", "00", False),
        ("read_boolean", "01", True),
        ("read_boolean", "02", True),
        ("read_boolean", "FF", True),
        ("read_byte", "7F", 127),
        ("read_byte", "80", -128),
        ("read_unsigned_byte", "80", 128),
        ("read_short", "80 01", -32_767),
        ("read_unsigned_short", "80 01", 32_769),
        ("read_char", "00 00", "\0"),
        ("read_char", "20 AC", "€"),
        ("read_char", "DE 00", "\ude00"),
        ("read_int", "00 00 00 54", 84),
        ("read_int", "80 00 00 00", -(2**31)),
        ("read_int", "FF FF FF FE", -2),
        ("read_long", "7F FF FF FF FF FF FF FF", 2**63 - 1),
        ("read_long", "80 00 00 00 00 00 00 00", -(2**63)),
        ("read_float", "3F C0 00 00", 1.5),
        ("read_float", "7F 80 00 00", math.inf),
        ("read_float", "00 00 00 01", 2.0**-149),
        ("read_double", "BF F8 00 00 00 00 00 00", -1.5),
        ("read_utf", "00 00", ""),
        ("read_utf", "00 04 C3 A9 C0 80", "é\0"),
        ("read_utf", "00 06 ED A0 BD ED B8 80", "😀"),
        ("read_utf", "00 01 00", "\0"),
    ],
)
def test_reads_a_value_and_no_more(face: Face, name: str, data: str, value: object) -> None:
    found, after, end = face.read(bytes.fromhex(data) + b"\x2a", name, "read", "read")
    assert (found, type(found), after, end) == (value, type(value), 0x2A, -1)


@pytest.mark.parametrize("data", ["8000000000000000", "0000000000000000"])
def test_reads_the_sign_of_a_zero(face: Face, data: str) -> None:
    (value,) = face.read(bytes.fromhex(data), "read_double")
    assert math.copysign(1, value) == (-1 if data.startswith("8") else 1)


@pytest.mark.parametrize("bits", ["7FF8000000000000", "7FF0000000000001", "FFF4000000000123"])
def test_a_double_nan_keeps_its_bits(face: Face, bits: str) -> None:
    (value,) = face.read(bytes.fromhex(bits), "read_double")
    assert struct.pack(">d", value).hex().upper() == bits


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("boolean", 1),
        ("byte", 1),
        ("unsignedByte", 1),
        ("short", 2),
        ("unsignedShort", 2),
        ("char", 2),
        ("int", 4),
        ("long", 8),
        ("float", 4),
        ("double", 8),
        ("UTF", 2),
    ],
)
def test_says_what_was_missing_at_the_end(face: Face, name: str, needed: int) -> None:
    method = "read_" + name.replace("unsigned", "unsigned_").lower()
    for there in range(needed):
        with pytest.raises(IncompleteValueError) as raised:
            face.read(bytes(there), method)
        assert str(raised.value) == f"end of stream in {name}: expected {needed} bytes, got {there}"
        assert isinstance(raised.value, EOFError)


def test_text_cut_short_counts_its_length_in(face: Face) -> None:
    with pytest.raises(EOFError, match=r"^end of stream in UTF: expected 7 bytes, got 5$"):
        face.read(b"\x00\x05abc", "read_utf")


def test_malformed_text_is_refused_in_the_words_of_the_jdk(face: Face) -> None:
    with pytest.raises(UTFDataFormatError, match=r"^malformed input around byte 3$"):
        face.read(b"\x00\x04abc\x80", "read_utf")


def test_reads_fully(face: Face) -> None:
    assert face.read(b"abcdef", ("read_fully", 0), ("read_fully", 2), ("read_fully", 4)) == [b"", b"ab", b"cdef"]
    assert face.read(b"", ("read_fully", 0)) == [b""]
    with pytest.raises(EOFError, match=r"^end of stream in read_fully: expected 4 bytes, got 3$"):
        face.read(b"abc", ("read_fully", 4))


def test_reads_fully_what_is_larger_than_one_piece(face: Face) -> None:
    data = bytes(range(256)) * 1000
    assert face.read(data, ("read_fully", len(data) - 1), "read") == [data[:-1], 0xFF]


def test_reads_bytes_as_they_are(face: Face) -> None:
    assert face.read(b"\xffbcd", "read", ("read", 0), ("read", 2), ("read", 9), ("read", 9), "read") == (
        [0xFF, b"", b"bc", b"d", b"", -1]
    )


@pytest.mark.parametrize(
    ("name", "size", "kind"),
    [
        ("read", -1, ValueError),
        ("read", 2**31, OverflowError),
        ("read", "1", TypeError),
        ("read_fully", -1, ValueError),
        ("read_fully", 2**31, OverflowError),
        ("read_fully", 1.0, TypeError),
        ("skip_bytes", 2**31, OverflowError),
        ("skip_bytes", -(2**31) - 1, OverflowError),
        ("skip_bytes", None, TypeError),
    ],
)
def test_refuses_a_size_that_java_has_not(face: Face, name: str, size: object, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"^{name}: expected "):
        face.read(b"abc", (name, size))


def test_skips(face: Face) -> None:
    calls: list[Any] = [("skip_bytes", 0), ("skip_bytes", -5), ("skip_bytes", 2), "read", ("skip_bytes", 9), "read"]
    assert face.read(b"abcde", *calls) == [0, 0, 2, ord("c"), 2, -1]
    assert face.read(bytes(200_001), ("skip_bytes", 200_000), "read", ("skip_bytes", 2**31 - 1)) == [200_000, 0, 0]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", [None]),
        (b"\n", ["", None]),
        (b"\r", ["", None]),
        (b"\r\n", ["", None]),
        (b"\n\r", ["", "", None]),
        (b"a\nb\rc\r\nd", ["a", "b", "c", "d", None]),
        (b"\r\r\n\n", ["", "", "", None]),
        (b"\xe9\x00\x85\xff\n", ["é\0\x85ÿ", None]),
    ],
)
def test_reads_lines(face: Face, data: bytes, lines: list[str | None]) -> None:
    assert face.read(data, *["read_line"] * len(lines)) == lines


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (("read_byte",), 0),
        (("read_int",), 1),
        (("read",), 0),
        (("read", 1), b"\x00"),
        (("read", 3), b"\x00\x00\x00"),
        (("read_fully", 3), b"\x00\x00\x00"),
        (("skip_bytes", 1), 1),
        (("skip_bytes", 3), 3),
        (("read_line",), "\0\0\0\x01A"),
        (("read_utf",), ""),
    ],
)
def test_a_byte_held_back_by_a_line_comes_first(face: Face, call: Any, value: object) -> None:
    line, found = face.read(b"x\r\x00\x00\x00\x01A", "read_line", call)
    assert (line, found) == ("x", value)


def test_a_byte_held_back_stays_when_nothing_is_asked(face: Face) -> None:
    calls: list[Any] = ["read_line", ("read_fully", 0), ("read", 0), ("skip_bytes", 0), "read"]
    assert face.read(b"\ra", *calls) == ["", b"", b"", 0, ord("a")]


def test_a_byte_held_back_counts_at_the_end(face: Face) -> None:
    with pytest.raises(EOFError, match=r"^end of stream in int: expected 4 bytes, got 2$"):
        face.read(b"\rab", "read_line", "read_int")
    assert face.read(b"\ra", "read_line", ("skip_bytes", 5), "read", "read_line") == ["", 1, -1, None]
    assert face.read(b"\ra", "read_line", ("read", 5), ("read", 5)) == ["", b"a", b""]
