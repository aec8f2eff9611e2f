"""Java's modified UTF-8, both ways, without the length that `writeUTF` puts before it.

It is UTF-8 over UTF-16 units instead of characters: U+0000 is C0 80, a character above U+FFFF is its two surrogates of
three bytes each, a lone surrogate is legal, nothing takes four bytes. The JDK reads more than it writes: overlong
two- and three-byte forms and a bare 00 are accepted.

Strategy: Python's own codecs, written in C, do all of the work, and nothing here looks at a character by itself.
UTF-8 as Python has it agrees with the format on all text without U+0000 and without surrogates. Where there are
surrogates, the whole text is moved: the 2,048 of them change places with characters that it does not contain, for which
UTF-8 is what modified UTF-8 is for surrogates, but for the first byte. Only what is then still no UTF-8, which is
overlong or malformed, goes through the exact loop, one unit at a time; that loop alone knows the JDK's messages.
A repair is safe because the bytes it looks for (C0, ED, F0 to F4) can never stand inside another character, so
malformed text stays malformed after it. docs/speed.md has the figures.
"""

from codecs import utf_16_le_decode, utf_16_le_encode

from javaio.errors import UTFDataFormatError

__all__ = ["decode_modified_utf8", "encode_modified_utf8", "join_surrogates", "utf16_units"]

# A character above U+FFFF begins with F0 to F4. Five scans at memchr's speed, in place, are cheaper than any expression
# that looks for all five at once, and than a call.

# Looked up once; and called this way, they refuse themselves whatever is no str, or no bytes.
_is_ascii = str.isascii
_encode = str.encode
_decode = bytes.decode


def encode_modified_utf8(text: str) -> bytes:
    """The bytes of `text` in modified UTF-8, without a length: what `writeUTF` writes after its first two bytes.

    Units U+0001 to U+007F take one byte, U+0000 and U+0080 to U+07FF two, all others three. Every `str` can be encoded,
    lone surrogates included, and there is no limit of 65,535 bytes here: that one belongs to `write_utf`.
    Raises `TypeError` for anything but a `str`.
    """
    try:
        if _is_ascii(text):
            data = _encode(text)
        else:
            data = _encode(text, "utf-8", "surrogatepass")
            if 0xF0 in data or 0xF1 in data or 0xF2 in data or 0xF3 in data or 0xF4 in data:
                return _encode_astral(text, data)
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
        return _decode_unusual(bytes(data))
    except TypeError:
        if not isinstance(data, (bytearray, memoryview)):
            raise TypeError(f"modified UTF-8: expected bytes, got {data!r} ({type(data).__name__})") from None
        return decode_modified_utf8(bytes(data))
    if not _is_ascii(text) and (0xF0 in data or 0xF1 in data or 0xF2 in data or 0xF3 in data or 0xF4 in data):
        return _decode_exactly(data)  # type: ignore[arg-type]
    return text


def utf16_units(text: str) -> bytes:
    """The text as Java holds it: its UTF-16 units, big-endian, lone surrogates included."""
    return text.encode("utf-16-be", "surrogatepass")


def join_surrogates(units: bytes) -> str:
    """The Python text of big-endian UTF-16 units: pairs become one character, lone surrogates stay."""
    return units.decode("utf-16-be", "surrogatepass")


# Surrogates are U+D800 to U+DFFF, ED A0 80 to ED BF BF. Python's codecs take one for an error, at the price of an
# exception each; so they become U+1800 to U+1FFF, E1 A0 80 to E1 BF BF, if the text has no other character that begins
# with E1, or else U+E800 to U+EFFF, and so on. In UTF-16 this changes half a byte, in UTF-8 the other half of one.

_LEADS = (0xE1, 0xEE, 0xEA, 0xEB, 0xEC, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xE2, 0xE3, 0xEF)  # rare ones first


def _table(change: dict[int, int]) -> bytes:
    return bytes(change.get(byte, byte) for byte in range(256))


_away_utf16 = {lead: _table({0xD8 | low: (lead & 0xF) << 4 | 8 | low for low in range(8)}) for lead in _LEADS}
_back_utf16 = {lead: _table({(lead & 0xF) << 4 | low: 0xD0 | low for low in range(16)}) for lead in _LEADS}
_away_utf8 = {lead: _table({0xED: lead}) for lead in _LEADS}
_back_utf8 = {lead: _table({lead: 0xED}) for lead in _LEADS}


def _free_lead(data: bytes) -> int | None:
    """A byte at which no character of `data` begins."""
    for lead in _LEADS:
        if lead not in data:
            return lead
    return None


def _encode_astral(text: str, utf8: bytes) -> bytes:
    lead = _free_lead(utf8)
    if lead is None:  # all scripts in one text: each half by itself has fewer, down to a single character
        middle = len(text) // 2
        return encode_modified_utf8(text[:middle]) + encode_modified_utf8(text[middle:])
    units = bytearray(utf_16_le_encode(text, "surrogatepass")[0])
    units[1::2] = units[1::2].translate(_away_utf16[lead])
    data = utf_16_le_decode(units)[0].encode().translate(_back_utf8[lead])
    return data.replace(b"\x00", b"\xc0\x80") if 0 in data else data


def _decode_unusual(data: bytes) -> str:
    """What is no UTF-8, but may be modified UTF-8."""
    if 0xF0 in data or 0xF1 in data or 0xF2 in data or 0xF3 in data or 0xF4 in data:
        return _decode_exactly(data)
    repaired = data.replace(b"\xc0\x80", b"\x00") if 0xC0 in data else data
    lead = _free_lead(repaired)
    try:
        if 0xED not in repaired:
            return repaired.decode()
        if lead is None:
            return join_surrogates(utf16_units(repaired.decode("utf-8", "surrogatepass")))
        units = bytearray(utf_16_le_encode(repaired.translate(_away_utf8[lead]).decode())[0])
    except UnicodeDecodeError:
        return _decode_exactly(data)
    units[1::2] = units[1::2].translate(_back_utf16[lead])
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
