"""Java's modified UTF-8, encoded and decoded, without the length that `writeUTF` puts before it.

The format is UTF-8 over UTF-16 units instead of characters: U+0000 is C0 80, a character above U+FFFF is two surrogates
of three bytes each, a lone surrogate is legal, nothing takes four bytes. The JDK also reads forms that it never writes:
overlong forms of two and three bytes, and a bare 00.

For speed, Python's codecs, which are written in C, do all the work. UTF-8 equals the format for all text without U+0000
and without characters above U+FFFF. To encode a character above U+FFFF, it is written as two surrogates by JSON's
escapes or by UTF-16, then encoded. To decode surrogates, which Python's UTF-8 refuses, the bytes are translated: the
2,048 surrogates become characters that the text does not contain, and are translated back as UTF-16 units, which joins
the pairs. What is then still not UTF-8 is overlong or malformed. A loop decodes it one unit at a time, with the JDK's
messages. The translation is safe because the bytes it changes (C0, ED, F0 to F4) never occur inside another character,
so malformed text stays malformed. docs/speed.md has measurements.
"""

import sys
from codecs import unicode_escape_decode, utf_16_le_decode, utf_16_le_encode
from collections.abc import Callable
from functools import cache
from json.encoder import encode_basestring_ascii

from javaio.errors import UTFDataFormatError

__all__ = ["decode_modified_utf8", "encode_modified_utf8", "join_surrogates", "utf16_units"]

# Called on the class, these raise TypeError for anything but a str, or bytes.
_is_ascii = str.isascii
_encode = str.encode
_decode = bytes.decode

# A str takes four bytes a character if one of them is above U+FFFF, and fewer otherwise (PEP 393), so its size shows
# whether there is one. An implementation whose str does not give its size, or is larger, takes the way of text with
# such a character, which is right for any text.
_size_of: Callable[[str], int] = getattr(str, "__sizeof__", lambda text: sys.maxsize)
_WIDE = min(_size_of("\U00010000") - 4, 80)


def encode_modified_utf8(text: str) -> bytes:
    """The bytes of `text` in modified UTF-8, without a length: what `writeUTF` writes after its first two bytes.

    Units U+0001 to U+007F take one byte, U+0000 and U+0080 to U+07FF two, all others three. Every `str` can be encoded,
    lone surrogates included. The limit of 65,535 bytes is that of `write_utf` alone. Raises `TypeError` for what is no
    `str`.
    """
    try:
        data = _encode(text) if _is_ascii(text) or _size_of(text) < _WIDE + 4 * len(text) else _encode_astral(text)
    except UnicodeEncodeError:
        data = _encode(text, "utf-8", "surrogatepass")
    except TypeError:
        raise TypeError(f"modified UTF-8: expected a str, got {text!r} ({type(text).__name__})") from None
    if 0 in data:
        data = data.replace(b"\x00", b"\xc0\x80")
    return data


def decode_modified_utf8(data: bytes | bytearray | memoryview) -> str:
    """The text of `data`, which is modified UTF-8 of any size without a length: what `readUTF` makes of it.

    A pair of surrogates becomes one Python character; a lone surrogate stays. Raises `UTFDataFormatError`, with the
    JDK's message, for what `readUTF` refuses (a stray continuation byte, a four-byte form, an incomplete character),
    and `TypeError` for what is no bytes.
    """
    try:
        text = _decode(data)  # type: ignore[arg-type]
    except UnicodeDecodeError:
        return _decode_unusual(data)  # type: ignore[arg-type]
    except TypeError:
        if not isinstance(data, (bytearray, memoryview)):
            raise TypeError(f"modified UTF-8: expected bytes, got {data!r} ({type(data).__name__})") from None
        return decode_modified_utf8(bytes(data))
    if _is_ascii(text) or _size_of(text) < _WIDE + 4 * len(text):
        return text
    return _decode_exactly(data)  # type: ignore[arg-type]  # there is a four-byte form


def utf16_units(text: str) -> bytes:
    """The UTF-16 units of a text, big-endian, lone surrogates included. Java: the chars of a `String`."""
    return text.encode("utf-16-be", "surrogatepass")


def join_surrogates(units: bytes) -> str:
    """The text of big-endian UTF-16 units: a pair of surrogates becomes one character, a lone surrogate stays."""
    return units.decode("utf-16-be", "surrogatepass")


def _encode_astral(text: str) -> bytes:
    """Encodes any text, as UTF-8 of its UTF-16 units."""
    of_units = _str_of_units() if len(text) >= _LONG else None
    if of_units:
        units = utf_16_le_encode(text, "surrogatepass")[0]
        halves = of_units(2, units, len(units) // 2)
        return halves.encode("utf-8", "surrogatepass")
    halves = unicode_escape_decode(encode_basestring_ascii(text))[0]  # with the quotes of JSON
    return halves.encode("utf-8", "surrogatepass")[1:-1]


_LONG = 128  # characters from which on the first way is faster


@cache
def _str_of_units() -> Callable[[int, bytes, int], str] | None:
    """CPython's function that makes a str of UTF-16 units without joining pairs, which no codec does."""
    try:
        import ctypes

        of_units = ctypes.pythonapi.PyUnicode_FromKindAndData
    except (ImportError, AttributeError):
        return None
    of_units.restype = ctypes.py_object
    of_units.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_ssize_t)
    return of_units


# Surrogates are U+D800 to U+DFFF, ED A0 80 to ED BF BF. Python's decoder handles each as an error, which is slow. So
# they are translated to U+1800 to U+1FFF, E1 A0 80 to E1 BF BF, if the text has no character that begins with E1, or
# else to U+E800 to U+EFFF, and so on. In UTF-8 the first byte changes, in UTF-16 the upper half of the first byte.

_LEADS = (0xE1, 0xEE, 0xEA, 0xEB, 0xEC, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xE2, 0xE3, 0xEF)  # rare ones first


def _table(change: dict[int, int]) -> bytes:
    return bytes(change.get(byte, byte) for byte in range(256))


_away = {lead: _table({0xED: lead}) for lead in _LEADS}
_back = {lead: _table({(lead & 0xF) << 4 | low: 0xD0 | low for low in range(16)}) for lead in _LEADS}
_HIGH_BYTES = slice(1, None, 2)


def _decode_unusual(data: bytes) -> str:
    """Decodes what is no UTF-8, but may be modified UTF-8."""
    if 0xF0 in data or 0xF1 in data or 0xF2 in data or 0xF3 in data or 0xF4 in data:
        return _decode_exactly(data)
    repaired = data.replace(b"\xc0\x80", b"\x00") if 0xC0 in data else data
    try:
        return _decode_surrogates(repaired) if 0xED in repaired else repaired.decode()
    except UnicodeDecodeError:
        return _decode_exactly(data)


def _decode_surrogates(data: bytes) -> str:
    for lead in _LEADS:
        if lead not in data:
            break
    else:  # the text has characters of all these ranges
        return join_surrogates(utf16_units(data.decode("utf-8", "surrogatepass")))
    units = bytearray(utf_16_le_encode(data.translate(_away[lead]).decode())[0])
    units[_HIGH_BYTES] = units[_HIGH_BYTES].translate(_back[lead])
    return utf_16_le_decode(units, "surrogatepass", True)[0]


def _decode_exactly(data: bytes) -> str:
    """Decodes one UTF-16 unit at a time, with every rule and every message of the JDK."""
    units: list[str] = []
    at, end = 0, len(data)
    while at < end:
        lead = data[at]
        if lead < 0x80:
            units.append(chr(lead))
            at += 1
            continue
        if lead < 0xC0 or lead >= 0xF0:  # a stray continuation byte, or a four-byte form
            raise UTFDataFormatError(f"malformed input around byte {at}")
        size = 2 if lead < 0xE0 else 3
        # Completeness is checked first, as in the JDK: a bad byte in an incomplete character is "partial".
        if at + size > end:
            raise UTFDataFormatError("malformed input: partial character at end")
        unit = lead & (0x1F if size == 2 else 0x0F)
        for byte in data[at + 1 : at + size]:
            if byte & 0xC0 != 0x80:
                # The JDK gives the offset of the lead plus 2, whichever byte is wrong and however long the form is.
                raise UTFDataFormatError(f"malformed input around byte {at + 2}")
            unit = unit << 6 | byte & 0x3F
        units.append(chr(unit))
        at += size
    return join_surrogates(utf16_units("".join(units)))
