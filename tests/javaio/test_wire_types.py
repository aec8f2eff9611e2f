"""The table by which recorded bytes are decoded."""

import math
import struct
from typing import Any

import pytest

from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError

ROWS = [
    ("boolean", True, "01"),
    ("boolean", False, "00"),
    ("byte", -2, "FE"),
    ("unsignedByte", 254, "FE"),
    ("short", -2, "FF FE"),
    ("unsignedShort", 65_534, "FF FE"),
    ("char", "é", "00 E9"),
    ("char", "\ud83d", "D8 3D"),
    ("int", -2, "FF FF FF FE"),
    ("int", 84, "00 00 00 54"),
    ("long", 2**40, "00 00 01 00 00 00 00 00"),
    ("float", 1.5, "3F C0 00 00"),
    ("double", -1.5, "BF F8 00 00 00 00 00 00"),
    ("UTF", "", "00 00"),
    ("UTF", "é\0", "00 04 C3 A9 C0 80"),
]


def test_the_names_are_javas() -> None:
    assert " ".join(WIRE_TYPES) == "boolean byte unsignedByte short unsignedShort char int long float double UTF"
    assert all(name == wire.name for name, wire in WIRE_TYPES.items())


@pytest.mark.parametrize(("name", "value", "data"), ROWS)
def test_encodes_and_decodes(name: str, value: object, data: str) -> None:
    wire = bytes.fromhex(data)
    assert WIRE_TYPES[name].encode(value) == wire
    assert WIRE_TYPES[name].decode(wire) == (value, len(wire))
    decoded = WIRE_TYPES[name].decode(b"\xff" + wire + b"\xff", 1)
    assert (decoded.value, decoded.size) == (value, len(wire))
    assert type(decoded.value) is type(value)


@pytest.mark.parametrize(("name", "value", "data"), ROWS)
def test_says_how_much_is_missing(name: str, value: object, data: str) -> None:
    wire = bytes.fromhex(data)
    for there in range(len(wire)):
        with pytest.raises(IncompleteValueError) as raised:
            WIRE_TYPES[name].decode(b"\xff" + wire[:there], 1)
        needed = 2 if name == "UTF" and there < 2 else len(wire)
        assert (raised.value.name, raised.value.expected, raised.value.got) == (name, needed, there)
        assert str(raised.value) == f"end of stream in {name}: expected {needed} bytes, got {there}"


def test_an_offset_past_the_end_has_nothing() -> None:
    with pytest.raises(IncompleteValueError, match="expected 4 bytes, got 0"):
        WIRE_TYPES["int"].decode(b"abc", 7)


def test_refuses_a_negative_offset() -> None:
    with pytest.raises(ValueError, match="expected an offset from 0, got -1"):
        WIRE_TYPES["int"].decode(b"abcdef", -1)


def test_malformed_text_is_said_in_the_words_of_the_jdk() -> None:
    with pytest.raises(UTFDataFormatError, match=r"^malformed input around byte 1$"):
        WIRE_TYPES["UTF"].decode(b"\x00\x02a\x80")


def test_decodes_any_buffer() -> None:
    for kind in (bytes, bytearray, memoryview):
        buffer: Any = kind(b"\x00\x03abc\x00\x00\x00\x07")
        assert WIRE_TYPES["UTF"].decode(buffer) == ("abc", 5)
        assert WIRE_TYPES["int"].decode(buffer, 5) == (7, 4)


def test_the_incomplete_value_survives_a_process_boundary() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(IncompleteValueError("int", 4, 2)))
    assert (error.name, error.expected, error.got) == ("int", 4, 2)
    assert isinstance(error, EOFError)


@pytest.mark.parametrize("bits", ["7FC00000", "FFC00000", "7F800001", "FF800001", "7FA5A5A5", "7FFFFFFF"])
def test_a_float_nan_keeps_sign_and_payload(bits: str) -> None:
    value = WIRE_TYPES["float"].decode(bytes.fromhex(bits)).value
    assert math.isnan(value)
    narrow = int(bits, 16)
    wide = struct.unpack(">Q", struct.pack(">d", value))[0]
    assert wide == (narrow >> 31) << 63 | 0x7FF << 52 | (narrow & 0x7FFFFF) << 29


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("int", 182, "int 182"),
        ("boolean", True, "boolean True"),
        ("UTF", "bonjour", "UTF 'bonjour'"),
        ("UTF", "a\n\ud800", r"UTF 'a\n\ud800'"),
        ("UTF", "a" * 30 + "b" * 1000 + "c" * 30, "UTF '" + "a" * 29 + "..." + "c" * 29 + "'"),
    ],
)
def test_describes_a_value_on_one_line(name: str, value: object, text: str) -> None:
    assert WIRE_TYPES[name].describe(value) == text


def test_the_table_cannot_be_changed() -> None:
    table: Any = WIRE_TYPES
    with pytest.raises(TypeError):
        table["int"] = None
    with pytest.raises(AttributeError):
        table["int"].size = 3
