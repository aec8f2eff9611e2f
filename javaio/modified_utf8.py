"""Java's modified UTF-8, both ways, without the length that `writeUTF` puts before it.

It is UTF-8 over UTF-16 units instead of characters: U+0000 is C0 80, a character above U+FFFF is its two surrogates of
three bytes each, a lone surrogate is legal, nothing takes four bytes. The JDK reads more than it writes: overlong
two- and three-byte forms and a bare 00 are accepted.

Strategy: Python's own codec, written in C, does all text that both formats agree on, and a few whole-buffer repairs
turn the rest into such text. Only what the codec still refuses, which is overlong or malformed, goes through the
exact loop, one unit at a time; that loop alone knows the JDK's messages. A repair is safe because the bytes it looks
for (C0, ED, F0 to F4) can never stand inside another character, so malformed text stays malformed after it.
"""

import re
from functools import lru_cache

from javaio.errors import UTFDataFormatError

__all__ = ["decode_modified_utf8", "encode_modified_utf8", "join_surrogates", "utf16_units"]

# A high surrogate followed by a low one, as modified UTF-8 has them.
_find_pairs = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]").sub
# A character above U+FFFF, as UTF-8 has it.
_find_astral = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}").sub


def encode_modified_utf8(text: str) -> bytes:
    """The bytes of `text` in modified UTF-8, without a length: what `writeUTF` writes after its first two bytes.

    Units U+0001 to U+007F take one byte, U+0000 and U+0080 to U+07FF two, all others three. Every `str` can be encoded,
    lone surrogates included, and there is no limit of 65,535 bytes here: that one belongs to `write_utf`.
    Raises `TypeError` for anything but a `str`.
    """
    if not isinstance(text, str):
        raise TypeError(f"modified UTF-8: expected a str, got {text!r} ({type(text).__name__})")
    data = text.encode("utf-8", "surrogatepass")
    if not text.isascii() and _has_four_byte_lead(data):
        data = _find_astral(lambda found: _astral_to_pair(found[0]), data)
    if 0 in data:
        data = data.replace(b"\x00", b"\xc0\x80")
    return data


def decode_modified_utf8(data: bytes | bytearray | memoryview) -> str:
    """The text of `data`, all of which is modified UTF-8 without a length: what `readUTF` makes of it.

    Two surrogates that belong together become the one Python character they stand for; any other surrogate stays.
    There is no limit of 65,535 bytes here. Raises `UTFDataFormatError`, with the JDK's message, for what `readUTF`
    refuses (a stray continuation byte, a four-byte form, a character cut short), and `TypeError` for what is no bytes.
    """
    if not isinstance(data, bytes):
        if not isinstance(data, (bytearray, memoryview)):
            raise TypeError(f"modified UTF-8: expected bytes, got {data!r} ({type(data).__name__})")
        data = bytes(data)
    if data.isascii():
        return data.decode("ascii")
    if _has_four_byte_lead(data):
        return _decode_exactly(data)
    repaired = data
    if 0xED in data:  # a surrogate, or a character not far below them
        repaired = _find_pairs(lambda found: _pair_to_astral(found[0]), data)
    if 0xC0 in data:
        repaired = repaired.replace(b"\xc0\x80", b"\x00")
    try:
        return repaired.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return _decode_exactly(data)


def utf16_units(text: str) -> bytes:
    """The text as Java holds it: its UTF-16 units, big-endian, lone surrogates included."""
    return text.encode("utf-16-be", "surrogatepass")


def join_surrogates(units: bytes) -> str:
    """The Python text of big-endian UTF-16 units: pairs become one character, lone surrogates stay."""
    return units.decode("utf-16-be", "surrogatepass")


def _has_four_byte_lead(data: bytes) -> bool:
    # Five scans at memchr's speed; cheaper than any one expression that looks for all five at once.
    return 0xF0 in data or 0xF1 in data or 0xF2 in data or 0xF3 in data or 0xF4 in data


# Caches, because a conversation repeats its few emoji; bounded, because the far end chooses what they are.


@lru_cache(maxsize=4096)
def _astral_to_pair(four_bytes: bytes) -> bytes:
    units = utf16_units(four_bytes.decode("utf-8"))
    return (chr(units[0] << 8 | units[1]) + chr(units[2] << 8 | units[3])).encode("utf-8", "surrogatepass")


@lru_cache(maxsize=4096)
def _pair_to_astral(six_bytes: bytes) -> bytes:
    return join_surrogates(utf16_units(six_bytes.decode("utf-8", "surrogatepass"))).encode("utf-8")


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
