"""Java's modified UTF-8, both ways, without the length that `writeUTF` puts before it.

It is UTF-8 over UTF-16 units instead of characters: U+0000 is C0 80, a character above U+FFFF is its two surrogates of
three bytes each, a lone surrogate is legal, nothing takes four bytes. The JDK reads more than it writes: overlong
two- and three-byte forms and a bare 00 are accepted.

Strategy: Python's own codecs, written in C, do all of the work, and nothing here looks at a character by itself.
UTF-8 as Python has it agrees with the format on all text without U+0000 and without characters above U+FFFF.
To write one of those, something must spell it as two surrogates: JSON's escapes do, and so do UTF-16's units.
To read surrogates, which UTF-8 refuses, the text is moved: the 2,048 of them change places with characters that it does
not contain, until UTF-16 joins those that are pairs. Only what is then still no UTF-8, which is overlong or malformed,
goes through the exact loop, one unit at a time; that loop alone knows the JDK's messages.
A repair is safe because the bytes it looks for (C0, ED, F0 to F4) can never stand inside another character, so
malformed text stays malformed after it. docs/speed.md has the figures.
"""

import sys
from codecs import unicode_escape_decode, utf_16_le_decode, utf_16_le_encode
from collections.abc import Callable
from functools import cache
from json.encoder import encode_basestring_ascii

from javaio.errors import UTFDataFormatError

__all__ = ["decode_modified_utf8", "encode_modified_utf8", "join_surrogates", "utf16_units"]

# Looked up once; and called this way, they refuse by themselves whatever is no str, or no bytes.
_is_ascii = str.isascii
_encode = str.encode
_decode = bytes.decode

# A str takes four bytes a character if one of them is above U+FFFF, and less otherwise (PEP 393), so its size tells,
# without a look at the text. Where a str does not say its size, or has more to it than its characters, it goes the way
# of text that does have such a character, which is right for any.
_size_of: Callable[[str], int] = getattr(str, "__sizeof__", lambda text: sys.maxsize)
_WIDE = min(_size_of("\U00010000") - 4, 80)


def encode_modified_utf8(text: str) -> bytes:
    """The bytes of `text` in modified UTF-8, without a length: what `writeUTF` writes after its first two bytes.

    Units U+0001 to U+007F take one byte, U+0000 and U+0080 to U+07FF two, all others three. Every `str` can be encoded,
    lone surrogates included, and there is no limit of 65,535 bytes here: that one belongs to `write_utf`.
    Raises `TypeError` for anything but a `str`.
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
    """The text of `data`, all of which is modified UTF-8 without a length: what `readUTF` makes of it.

    Two surrogates that belong together become the one Python character they stand for; any other surrogate stays.
    There is no limit of 65,535 bytes here. Raises `UTFDataFormatError`, with the JDK's message, for what `readUTF`
    refuses (a stray continuation byte, a four-byte form, a character cut short), and `TypeError` for what is no bytes.
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
    """The text as Java holds it: its UTF-16 units, big-endian, lone surrogates included."""
    return text.encode("utf-16-be", "surrogatepass")


def join_surrogates(units: bytes) -> str:
    """The Python text of big-endian UTF-16 units: pairs become one character, lone surrogates stay."""
    return units.decode("utf-16-be", "surrogatepass")


def _encode_astral(text: str) -> bytes:
    """Any text, as UTF-8 of its UTF-16 units."""
    of_units = _str_of_units() if len(text) >= _LONG else None
    if of_units:
        units = utf_16_le_encode(text, "surrogatepass")[0]
        halves = of_units(2, units, len(units) // 2)
        return halves.encode("utf-8", "surrogatepass")
    halves = unicode_escape_decode(encode_basestring_ascii(text))[0]  # and the quotes of JSON
    return halves.encode("utf-8", "surrogatepass")[1:-1]


_LONG = 128  # what the first way costs to begin with, the second has spent by then


@cache
def _str_of_units() -> Callable[[int, bytes, int], str] | None:
    """CPython's own function that makes a str of UTF-16 units and leaves them as they are: there is no such codec."""
    try:
        import ctypes

        of_units = ctypes.pythonapi.PyUnicode_FromKindAndData
    except (ImportError, AttributeError):
        return None
    of_units.restype = ctypes.py_object
    of_units.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_ssize_t)
    return of_units


# Surrogates are U+D800 to U+DFFF, ED A0 80 to ED BF BF. Python's decoder takes one for an error, at the price of an
# exception each; so they become U+1800 to U+1FFF, E1 A0 80 to E1 BF BF, if the text has no other character that begins
# with E1, or else U+E800 to U+EFFF, and so on. In UTF-8 this changes half a byte, in UTF-16 the other half of one.

_LEADS = (0xE1, 0xEE, 0xEA, 0xEB, 0xEC, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xE2, 0xE3, 0xEF)  # rare ones first


def _table(change: dict[int, int]) -> bytes:
    return bytes(change.get(byte, byte) for byte in range(256))


_away = {lead: _table({0xED: lead}) for lead in _LEADS}
_back = {lead: _table({(lead & 0xF) << 4 | low: 0xD0 | low for low in range(16)}) for lead in _LEADS}
_HIGH_BYTES = slice(1, None, 2)


def _decode_unusual(data: bytes) -> str:
    """What is no UTF-8, but may be modified UTF-8."""
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
    else:  # all scripts in one text
        return join_surrogates(utf16_units(data.decode("utf-8", "surrogatepass")))
    units = bytearray(utf_16_le_encode(data.translate(_away[lead]).decode())[0])
    units[_HIGH_BYTES] = units[_HIGH_BYTES].translate(_back[lead])
    return utf_16_le_decode(units, "surrogatepass", True)[0]


def _decode_exactly(data: bytes) -> str:
    """Every rule and every message of the JDK, one UTF-16 unit at a time."""
    units: list[str] = []
    at, end = 0, len(data)
    while at < end:
        lead = data[at]
        if lead < 0x80:
            units.append(chr(lead))
            at += 1
            continue
        if lead < 0xC0 or lead >= 0xF0:  # a continuation byte with nothing to continue, or a four-byte form
            raise UTFDataFormatError(f"malformed input around byte {at}")
        size = 2 if lead < 0xE0 else 3
        # That the character is complete is checked before whether it is well formed: a bad byte in a character that
        # is also cut short is "partial".
        if at + size > end:
            raise UTFDataFormatError("malformed input: partial character at end")
        unit = lead & (0x1F if size == 2 else 0x0F)
        for byte in data[at + 1 : at + size]:
            if byte & 0xC0 != 0x80:
                # The JDK counts from 0 and says 2 past the lead, whichever byte is wrong and however long the form.
                raise UTFDataFormatError(f"malformed input around byte {at + 2}")
            unit = unit << 6 | byte & 0x3F
        units.append(chr(unit))
        at += size
    return join_surrogates(utf16_units("".join(units)))
