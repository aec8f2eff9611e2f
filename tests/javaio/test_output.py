"""Every write method, byte by byte, on both faces."""

import math
import struct
from typing import Any

import pytest

from javaio import UTFDataFormatError

from .faces import Face

NAN_WITH_PAYLOAD = struct.unpack(">d", bytes.fromhex("FFF4000000000123"))[0]
MAX_FLOAT = (2 - 2**-23) * 2.0**127


@pytest.mark.parametrize(
    ("name", "value", "data"),
    [
        ("write", 0x41, "41"),
        ("write", 0x1FF, "FF"),
        ("write", -1, "FF"),
        ("write", b"\x01\x02", "01 02"),
        ("write", b"", ""),
        ("write", bytearray(b"\x01\x02"), "01 02"),
        ("write", memoryview(b"\x00\x01\x02")[1:], "01 02"),
        ("write_boolean", True, "01"),
        ("write_boolean", False, "00"),
        ("write_byte", 1, "01"),
        ("write_byte", -1, "FF"),
        ("write_byte", 127, "7F"),
        ("write_byte", 300, "2C"),
        ("write_byte", 2**31 - 1, "FF"),
        ("write_byte", -(2**31), "00"),
        ("write_short", 1, "00 01"),
        ("write_short", -2, "FF FE"),
        ("write_short", 65_536 + 258, "01 02"),
        ("write_char", "a", "00 61"),
        ("write_char", "€", "20 AC"),
        ("write_char", "\ud83d", "D8 3D"),
        ("write_char", 0x20AC, "20 AC"),
        ("write_char", 0x1_0061, "00 61"),
        ("write_char", -1, "FF FF"),
        ("write_int", 84, "00 00 00 54"),
        ("write_int", -2, "FF FF FF FE"),
        ("write_int", 2**31 - 1, "7F FF FF FF"),
        ("write_int", -(2**31), "80 00 00 00"),
        ("write_long", 1, "00 00 00 00 00 00 00 01"),
        ("write_long", -(2**63), "80 00 00 00 00 00 00 00"),
        ("write_long", 2**63 - 1, "7F FF FF FF FF FF FF FF"),
        ("write_float", 1.5, "3F C0 00 00"),
        ("write_float", 3, "40 40 00 00"),
        ("write_float", -0.0, "80 00 00 00"),
        ("write_float", 0.1, "3D CC CC CD"),
        ("write_float", MAX_FLOAT, "7F 7F FF FF"),
        ("write_float", MAX_FLOAT * (1 + 2**-25), "7F 7F FF FF"),
        ("write_float", 1e300, "7F 80 00 00"),
        ("write_float", -1e300, "FF 80 00 00"),
        ("write_float", 2.0**128, "7F 80 00 00"),
        ("write_float", math.inf, "7F 80 00 00"),
        ("write_float", 2.0**-149, "00 00 00 01"),
        ("write_float", -(2.0**-151), "80 00 00 00"),
        ("write_float", math.nan, "7F C0 00 00"),
        ("write_float", -math.nan, "7F C0 00 00"),
        ("write_float", NAN_WITH_PAYLOAD, "7F C0 00 00"),
        ("write_double", 1.5, "3F F8 00 00 00 00 00 00"),
        ("write_double", 3, "40 08 00 00 00 00 00 00"),
        ("write_double", -math.inf, "FF F0 00 00 00 00 00 00"),
        ("write_double", NAN_WITH_PAYLOAD, "7F F8 00 00 00 00 00 00"),
        ("write_bytes", "aé", "61 E9"),
        ("write_bytes", "€😀\0", "AC 3D 00 00"),
        ("write_bytes", "", ""),
        ("write_chars", "a€", "00 61 20 AC"),
        ("write_chars", "😀\udc00", "D8 3D DE 00 DC 00"),
        ("write_utf", "", "00 00"),
        ("write_utf", "127.0.0.1", "00 09 31 32 37 2E 30 2E 30 2E 31"),
        ("write_utf", "é\0", "00 04 C3 A9 C0 80"),
        ("write_utf", "😀", "00 06 ED A0 BD ED B8 80"),
    ],
)
def test_writes(face: Face, name: str, value: object, data: str) -> None:
    written, size = face.write((name, value))
    assert written.hex(" ").upper() == data
    assert size == len(written)


INT = "-2147483648 to 2147483647"
LONG = "-9223372036854775808 to 9223372036854775807"


@pytest.mark.parametrize(
    ("name", "value", "kind", "message"),
    [
        ("write", 2**31, OverflowError, f"byte: expected a Java int, {INT}, got 2147483648"),
        ("write", "a", TypeError, "byte: expected an int, got 'a' (str)"),
        ("write_boolean", 1, TypeError, "boolean: expected True or False, got 1 (int)"),
        ("write_byte", 2**31, OverflowError, f"byte: expected a Java int, {INT}, got 2147483648"),
        ("write_byte", 1.0, TypeError, "byte: expected an int, got 1.0 (float)"),
        ("write_short", -(2**31) - 1, OverflowError, f"short: expected a Java int, {INT}, got -2147483649"),
        ("write_short", None, TypeError, "short: expected an int, got None (NoneType)"),
        ("write_char", 2**31, OverflowError, f"char: expected a Java int, {INT}, got 2147483648"),
        ("write_char", "", ValueError, "char: expected one UTF-16 unit, got '', which is 0"),
        ("write_char", "😀", ValueError, "char: expected one UTF-16 unit, got '😀', which is 2"),
        ("write_char", b"a", TypeError, "char: expected an int, got b'a' (bytes)"),
        ("write_int", 2**31, OverflowError, f"int: expected a Java int, {INT}, got 2147483648"),
        pytest.param(
            "write_int", 1 << 20_000, OverflowError, "got an int of 20001 bits", id="write_int-beyond printing"
        ),
        ("write_int", "84", TypeError, "int: expected an int, got '84' (str)"),
        ("write_long", 2**63, OverflowError, f"long: expected a Java long, {LONG}, got 9223372036854775808"),
        ("write_long", 1.5, TypeError, "long: expected an int, got 1.5 (float)"),
        ("write_float", "1", TypeError, "float: expected a float, got '1' (str)"),
        pytest.param(
            "write_float", 1 << 2000, OverflowError, "expected at most 1.79769", id="write_float-beyond double"
        ),
        ("write_double", None, TypeError, "double: expected a float, got None (NoneType)"),
        pytest.param(
            "write_double", 1 << 2000, OverflowError, "got an int of 2001 bits", id="write_double-beyond double"
        ),
        ("write_bytes", b"a", TypeError, "write_bytes: expected a str, got b'a' (bytes)"),
        ("write_chars", 3, TypeError, "write_chars: expected a str, got 3 (int)"),
        ("write_utf", b"a", TypeError, "modified UTF-8: expected a str, got b'a' (bytes)"),
    ],
)
def test_refuses_what_java_cannot_express(
    face: Face, name: str, value: object, kind: type[Exception], message: str
) -> None:
    said, written, size = face.refuse(kind, ("write_byte", 7), (name, value))
    assert message in said
    assert (written, size) == (b"\x07", 1)


@pytest.mark.parametrize(
    "text", ["a" * 65_535, "é" * 32_767 + "a", "€" * 21_845, "\0" * 32_767 + "a"], ids=["one", "two", "three", "zero"]
)
def test_writes_65535_bytes_of_text(face: Face, text: str) -> None:
    written, size = face.write(("write_utf", text))
    assert written[:2] == b"\xff\xff"
    assert len(written) == size == 65_537


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abcdefgh" + "-" * 65_520 + "stuvwxyz", "encoded string (abcdefgh...stuvwxyz) too long: 65536 bytes"),
        ("é" * 32_768, "encoded string (éééééééé...éééééééé) too long: 65536 bytes"),
        ("\0" * 40_000, "encoded string (\0\0\0\0\0\0\0\0...\0\0\0\0\0\0\0\0) too long: 80000 bytes"),
        # Eight units at either end: four emoji, or three and two halves.
        ("😀" * 11_000, "encoded string (😀😀😀😀...😀😀😀😀) too long: 66000 bytes"),
        ("a" + "😀" * 11_000 + "z", "encoded string (a😀😀😀\ud83d...\ude00😀😀😀z) too long: 66002 bytes"),
    ],
    ids=["ASCII", "accents", "zeros", "emoji", "halves"],
)
def test_refuses_longer_text_in_the_words_of_the_jdk(face: Face, text: str, message: str) -> None:
    said, written, size = face.refuse(UTFDataFormatError, ("write_byte", 7), ("write_utf", text))
    assert said == message
    assert (written, size) == (b"\x07", 1)


def test_counts_what_was_written(face: Face) -> None:
    calls: list[Any] = [("write_int", 1), ("write_utf", "é"), ("write_chars", "ab"), ("write", b"xyz"), ("write", 7)]
    written, size = face.write(*calls)
    assert written.hex() == "00000001" + "0002c3a9" + "00610062" + "78797a" + "07"
    assert size == 16
