"""The ways to write a field, right or wrong: how may it read where it begins, had its sender made that mistake?

More than one way may be open (text without its length ends anywhere), so a codec gives candidates. Each has a cost in
bits, and the cheapest reading is the likeliest: programs send small numbers and readable text far more often than
1409286144 and control characters. A value costs about as many bits as a code made for ordinary programs would give it.
Under the right reading a wrong program's values cost much more than under the mistake that was made, and the
difference is the evidence.
"""

from __future__ import annotations

import base64
import ipaddress
import math
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Literal

from conformance.agent.addresses import is_address
from conformance.agent.recording import Direction
from conformance.agent.sized_bytes import BYTES, SizedBytes, SizeError
from conformance.decoder import encoded
from conformance.diagnosis.formats import read_varint
from conformance.model.protocol import FieldStep
from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError, decode_modified_utf8

__all__ = [
    "NUMBERS",
    "NUMBER_CODECS",
    "TEXT",
    "TEXT_CODECS",
    "Bare",
    "ByteStream",
    "Candidate",
    "Codec",
    "Digits",
    "Line",
    "Serialized",
    "begun",
    "byte_bits",
    "fixed_size",
    "may_become",
    "may_become_address",
    "settled_bits",
    "unknown_bits",
    "value_bits",
]

TEXT = "UTF"
NUMBERS = {"byte": 1, "unsignedByte": 1, "short": 2, "unsignedShort": 2, "int": 4, "long": 8}

_ADDRESS_BITS = 10.0
_BYTE_BITS = 8.0
_CONTENT_BITS = 4.5  # a byte of a content is as likely to be this as to be a letter of a text
_TEXT_START_BITS = 6.0
_SCRIPT_BITS = 12.0
_UNKNOWN_START_BITS = 10.0
_FAR_FROM_WHOLE_BITS = 20.0
_UNTOLD_BITS = 7.5  # a byte of so many as nothing has told: what swallows everything explains nothing
_ROUND_BITS = 16.0
_DIGITS_START_BITS = 3.0
_DIGIT_BITS = 3.4  # one of ten
_EMPTY_BITS = 8.0
_BUFFER_BITS = 3.0
_BUFFERS = (8, 10, 12, 16, 18, 20, 24, 25, 30, 32, 40, 46, 48, 50, 64, 80, 100, 128, 200, 255, 256, 500, 512, 1024)
_PADDING_BITS = 6.0  # more, where the pieces speak for the other way to read zeros
_MARK = b"\xef\xbb\xbf"
_DECIMAL = re.compile(rb" *([0-9]{1,10})")
_BEHIND_DECIMAL = re.compile(rb"[ \t\0]*(?:\r?\n|[:;|])?")
_LONG = 255
_LONG_CONTENT = 1 << 16
_LONGEST = 65535
_LONGEST_ADDRESS = 255  # bytes; far beyond any address with its scope
_SHOWN_ADDRESS = 45  # bytes, without a scope
_MOST_ENDS = 6
_DIGITS = re.compile(rb"[+-]?[0-9]{1,20}(?:\.0{1,6}(?![0-9.]))?")
_WIDE_DIGITS = re.compile(rb"(?:\0[0-9]){1,20}|(?:[0-9]\0){2,20}")
_SENTENCE = re.compile(rb"[^\0-\x1f0-9]{0,60}?([+-]?[0-9]{1,20})(?:\.0{1,6})?[^\0-\x1f0-9]{0,40}\r?\n")
_BETWEEN = re.compile(rb"[ \t\r\n,;]+|\0(?=[0-9+-]|$)")
_WIDTHS = (4, 5, 6, 8, 10)
_OBJECTS = b"\xac\xed\x00\x05"
_OBJECTS_BITS = 4.0

_Order = Literal["big", "little"]


@dataclass(frozen=True)
class ByteStream:
    """The bytes of a direction as far as they were read, and their times. More of them may come meanwhile."""

    data: bytes
    direction: Direction

    def pieces_end(self, start: int, end: int) -> list[int]:
        """The offsets after `start`, up to `end`, at which a piece ended as it came."""
        ends = self.direction.received_to
        return ends[bisect_right(ends, start) : bisect_right(ends, end)]

    def parts(self, offset: int) -> bool:
        """Whether a piece ended there, of more bytes than one: byte by byte, pieces say nothing."""
        return self.pieces_end(offset - 2, offset) == [offset]

    def had(self, offset: int) -> float | None:
        """When the other side could know the byte at `offset`; None if it never could."""
        if offset < 0:
            return float("-inf")  # nothing was to come
        direction = self.direction  # where the recording only tells what came, that must do
        return direction.went(offset) if direction.sent else direction.came(offset)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read a field: its value, the offset behind it, its cost in bits, whether a right sender writes it so.

    `whole` is False where the bytes end inside the field; `value` is then what is there of it. `opaque` are bytes that
    the mistake explains, and that are no value of the field. `odd` is what this way costs besides its value, in bits.
    """

    value: Any
    end: int
    bits: float
    right: bool = False
    whole: bool = True
    opaque: bool = False
    odd: float = 0.0


@dataclass(frozen=True, eq=False)
class Codec:
    """A way to write a field: by itself the right one. `key` names the mistake, `prior` says how rare it is, in bits.

    `due` are the sizes of the numbers that it can be made with, in bytes; 0 stands for a text. `also` is a second
    mistake that is made together with it.
    """

    key: str | None = None
    prior: float = 0.0
    due: tuple[int, ...] = (0,)
    also: str | None = None

    def fits(self, step: FieldStep) -> bool:
        """Whether the mistake can be made with such a field."""
        return NUMBERS.get(step.type, 0 if step.type == TEXT else -1) in self.due

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        """The ways to read what stands at `offset`; `size` of `bytes`, and what is `expected`, may not be known."""
        data = stream.data
        if step.type == BYTES and size is None:  # nothing tells how many bytes they are: then they go on to the end
            there = data[offset:]
            yield Candidate(there, len(data), _UNTOLD_BITS * len(there), right=True)
            return
        try:
            wire = SizedBytes(size) if step.type == BYTES else WIRE_TYPES[step.type]
            value, taken = wire.decode(data, offset)
        except IncompleteValueError as error:
            if candidate := begun(data, offset, step.type, error.expected):
                yield candidate
        except (SizeError, UTFDataFormatError):
            pass
        else:
            yield Candidate(value, offset + taken, value_bits(step.type, value, taken), right=True)


def begun(data: bytes, offset: int, name: str, size: int) -> Candidate | None:
    """A field of the type `name`, of `size` bytes, inside which the bytes end; None where they can begin none."""
    there = data[offset:]
    value: bytes | str
    if name == BYTES:
        value, bits, far = there, _CONTENT_BITS * len(there), size > _LONG_CONTENT
    elif name != TEXT or len(there) < 2:
        # Small numbers begin with 00, or with FF where they are negative: that says little. The rest says all it can.
        says = there.lstrip(there[:1]) if there[:1] in (b"\x00", b"\xff") else there
        return Candidate(None, len(data), _BYTE_BITS * len(says) + 1.0, right=True, whole=False)
    else:
        text = _readable_so_far(there[2:])
        if text is None:
            return None
        value, bits, far = text, _text_bits(text), size > _LONG
    bits += _FAR_FROM_WHOLE_BITS * (far and size > 4 * len(there))
    return Candidate(value, len(data), bits, right=True, whole=False)


def _readable_so_far(data: bytes) -> str | None:
    """The text that `data` begins, its last character perhaps cut; None where it is no modified UTF-8."""
    for missing in range(3):
        try:
            text = decode_modified_utf8(data + b"\x80" * missing)
        except UTFDataFormatError:
            continue
        return text[:-1] if missing else text
    return None


def fixed_size(step: FieldStep) -> int | None:
    """How many bytes such a field always takes; None where that depends."""
    wire = WIRE_TYPES.get(step.type)
    return wire.size if wire is not None and wire.rest is None else None


def may_become(step: FieldStep, there: bytes, value: Any, expected: Any) -> bool:
    """Whether a right sender's field, of which only `there` has come, can still become what it must be.

    `value` is what is there of a text, `expected` what must stand there, where that is known.
    """
    if expected is not None:
        right = encoded(step.type, expected)
        return right is not None and right.startswith(there)
    if step.form is None or len(there) < 2:
        return True
    return 0 < int.from_bytes(there[:2], "big") <= _LONGEST_ADDRESS and may_become_address(value)


def may_become_address(text: str) -> bool:
    """Whether an address can begin so."""
    head, scoped, _ = text.partition("%")
    return all(character in "0123456789abcdefABCDEF:." for character in head) and (not scoped or ":" in head)


def settled_bits(step: FieldStep, bits: float) -> float:
    """What a value costs that is what it must be, and would cost `bits` if it could be anything."""
    if step.equals is not None:
        return 0.0
    return bits if step.form is None else _ADDRESS_BITS


def value_bits(name: str, value: Any, size: int) -> float:
    """What a value of the type `name` costs that took `size` bytes."""
    if name == TEXT:
        return _text_bits(value)
    return _int_bits(value, size) if name in NUMBERS else byte_bits(name) * size


def byte_bits(name: str) -> float:
    """What a byte costs, of a field of the type `name`, that says nothing by itself."""
    return _CONTENT_BITS if name == BYTES else _BYTE_BITS


def _int_bits(value: int, width: int) -> float:
    if width == 1:
        return _BYTE_BITS  # one byte says nothing: it is as likely as any other
    bits = min(6.0 + 1.5 * math.log2(abs(value) + 1), _BYTE_BITS * width + 1.0)
    # Who tries the limits writes these; so does who thinks in powers of two.
    near = min(abs(abs(value) - (1 << 8 * width - 1)), abs(value - (1 << 8 * width)))
    return min(bits, _ROUND_BITS) if near <= 1 or abs(value).bit_count() == 1 else bits


def _text_bits(text: str) -> float:
    """A text of one or two scripts; each more is as rare as an odd character."""
    scripts = {script for script in map(_script, set(text)) if script}
    return _TEXT_START_BITS + sum(map(_character_bits, text)) + _SCRIPT_BITS * max(0, len(scripts) - 1)


# Where the blocks of letters begin, and what a letter of them costs: Latin, Greek, Cyrillic, Hebrew, Arabic, kana, Han,
# Hangul. What no text of a person has costs most.
_BLOCKS: Sequence[tuple[int, str, float]] = (
    (0x00, "", 5.0),
    (0xA0, "", 13.0),
    (0xC0, "", 11.0),
    (0x100, "Latin", 12.0),
    (0x180, "rare", 20.0),
    (0x370, "Greek", 8.0),
    (0x400, "Cyrillic", 8.0),
    (0x500, "rare", 20.0),
    (0x5D0, "Hebrew", 8.0),
    (0x600, "Arabic", 8.0),
    (0x700, "rare", 20.0),
    (0x2010, "", 11.0),
    (0x2030, "rare", 16.0),
    (0x3000, "Han", 9.0),
    (0x3040, "Han", 8.0),
    (0x3100, "rare", 18.0),
    (0x4E00, "Han", 12.0),
    (0xA000, "rare", 20.0),
    (0xAC00, "Hangul", 9.0),
    (0xD7A4, "rare", 20.0),
    (0xFF00, "Han", 10.0),
    (0x10000, "", 11.0),
)
_STARTS = [start for start, _, _ in _BLOCKS]
_FIRST_HAN = "\u4e00"
_USUAL_ROWS = (
    ("gb2312", range(0xB0, 0xD8)),
    ("big5", range(0xA4, 0xC7)),
    ("shift_jis", range(0x88, 0x98)),
    ("euc_kr", range(0xB0, 0xC9)),
)
_USUAL = frozenset("àâäçéèêëîïôöùûüœæñßáíóúãõåøÉÈÀÇ’“”«»…–—€\N{NO-BREAK SPACE}")


def _script(character: str) -> str:
    return _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]


def _character_bits(character: str) -> float:
    if character in _USUAL:
        return 7.0
    if not character.isprintable():
        return 20.0
    if character.isascii():
        return 5.0 if character.isalnum() or character == " " else 6.0
    if character >= _FIRST_HAN and not _is_common(character):
        return 18.0
    return _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][2]


@lru_cache(4096)
def _is_common(character: str) -> bool:
    """Whether a standard of a country has it among its usual ones; most of what a wrong reading gives is not."""
    if character > "\uff00":
        return True
    for charset, usual in _USUAL_ROWS:
        try:
            if character.encode(charset)[0] in usual:
                return True
        except UnicodeEncodeError:
            continue
    return False


def unknown_bits(data: bytes) -> float:
    """What the bytes cost if they are of a format that nobody here knows: they have some structure all the same."""
    bits, before, run = _UNKNOWN_START_BITS, -1, 0
    for byte in data:
        run = run + 1 if byte == before else 0
        before = byte
        if run > 3:
            bits += 0.5
        else:
            bits += 4.0 if byte in (0, 0xFF) else 6.0 if 0x20 <= byte < 0x7F else _BYTE_BITS
    return bits


@dataclass(frozen=True, eq=False)
class Whole(Codec):
    """A whole number of another size, or low byte first; `width` is None for that of the field.

    C's `long` has 8 bytes on most machines, and so has `struct.pack("l")`. It is read as signed, or as unsigned where
    only that makes it what it must be (a byte of 182 is -74 in Java).
    """

    width: int | None = None
    order: _Order = "big"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        width = self.width or NUMBERS[step.type]
        there = stream.data[offset : offset + width]
        if len(there) < width:
            yield Candidate(None, len(stream.data), _BYTE_BITS * len(there), whole=False)
            return
        little = self.order == "little"
        value = int.from_bytes(there, self.order, signed=not (little and step.type.startswith("unsigned")))
        if isinstance(expected, int) and width < NUMBERS[step.type]:
            lost = expected & (1 << 8 * width) - 1
            if lost == int.from_bytes(there, self.order):
                value = expected  # what was sent is all that is left of it
        yield Candidate(value, offset + width, _int_bits(value, width), right=little and there == there[::-1])


@dataclass(frozen=True, eq=False)
class Digits(Codec):
    """The number as a person writes it; `lines` if nothing but a line end may follow.

    It ends at a separator; with none, at the end of a piece; or it is the text of a `writeUTF`.
    """

    due: tuple[int, ...] = (1, 2, 4, 8)
    lines: bool = False

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data = stream.data
        found = _DIGITS.match(data, offset)
        if isinstance(expected, int) and not self.lines:
            sentence = _SENTENCE.match(data, offset)
            if sentence is not None and int(sentence[1]) == expected:
                yield _digits(sentence[1], sentence.end())
        if (wide := _WIDE_DIGITS.match(data, offset)) is not None and not self.lines:
            for end in dict.fromkeys([wide.end(), *stream.pieces_end(offset, wide.end())]):
                if end > offset and (end - offset) % 2 == 0:
                    yield _digits(data[offset:end].replace(b"\0", b""), end)
        if found is None:
            length = int.from_bytes(data[offset : offset + 2], "big")
            there = data[offset + 2 : offset + 2 + length]
            if len(there) == length and not self.lines and _DIGITS.fullmatch(there):
                yield _digits(there, offset + 2 + length)
            return
        between = _BETWEEN.match(data, found.end())
        if between is not None or self.lines:
            if not self.lines or found.end() == len(data) or (between is not None and b"\n" in between[0]):
                yield _digits(found[0], between.end() if between else found.end())
            return
        ends = [found.end(), *stream.pieces_end(offset, found.end())[:_MOST_ENDS]]
        if isinstance(expected, int) and found[0].startswith(str(expected).encode()):
            ends.insert(0, offset + len(str(expected)))
        if found[0].startswith(b"0"):
            ends += [offset + width for width in _WIDTHS if width <= len(found[0])]
        for end in dict.fromkeys(ends):
            if data[offset:end].lstrip(b"+-") and _fits(data[offset:end], NUMBERS[step.type]):
                yield _digits(data[offset:end], end)


def _fits(digits: bytes, size: int) -> bool:
    return abs(int(digits.partition(b".")[0])) < 1 << 8 * size


def _digits(digits: bytes, end: int) -> Candidate:
    return Candidate(int(digits.partition(b".")[0]), end, _DIGITS_START_BITS + _DIGIT_BITS * len(digits))


@dataclass(frozen=True, eq=False)
class Prefixed(Codec):
    """A length of `width` bytes and a text, not as `writeUTF` writes them; what is right as well is read as that.

    `itself` is how many bytes the length counts beyond the text.
    Everyone but Java writes four bytes for what is above U+FFFF.
    """

    width: int = 2
    order: _Order = "big"
    encoding: str = "utf-8"
    itself: int = 0

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data, start = stream.data, offset + self.width
        if (self.width, self.order, self.itself) == (2, "big", 0):
            right = next(super().read(stream, offset, step, size, expected), None)
            if right is not None:
                yield right
                if self.encoding in ("utf-8", "latin-1"):
                    return
        length = int.from_bytes(data[offset:start], self.order) - self.itself
        if len(data) < start or not 0 <= length <= _LONGEST:
            return
        there = data[start : start + length]
        text = _decoded(there, self.encoding, cut=len(there) < length)
        if text is not None:
            far = length > _LONG and length > 4 * len(there)
            bits = _text_bits(text) + _FAR_FROM_WHOLE_BITS * far
            yield Candidate(text, start + len(there), bits, whole=len(there) == length)


@dataclass(frozen=True, eq=False)
class CountedCharacters(Codec):
    """A length of two bytes that says how many characters there are: as many as bytes, until one is no ASCII.

    Java counts a character beyond U+FFFF twice.
    """

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        start = offset + 2
        if len(stream.data) < start:
            return
        count = int.from_bytes(stream.data[offset:start], "big")
        text = stream.data[start : start + 4 * count].decode("utf-8", "surrogateescape")
        units = text.encode("utf-16-be", "surrogatepass")[: 2 * count].decode("utf-16-be", "surrogatepass")
        for said in dict.fromkeys((units, text[:count])):
            try:
                end = start + len(said.encode())
            except UnicodeEncodeError:  # what is no UTF-8, or half a pair of surrogates
                continue
            if count in (len(said), len(said.encode("utf-16-be")) // 2):
                yield Candidate(said, end, _text_bits(said), right=end - start == count)


@dataclass(frozen=True, eq=False)
class Bare(Codec):
    """No length at all: it ends where the sender stopped to write, or where what follows is no text.

    UTF-16, of two bytes a character, is that of `writeChars`; a mark before it tells its order.
    """

    encoding: str = "utf-8"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data, start, unit = stream.data, offset, 1
        if self.encoding.startswith("utf-16"):
            unit = 2
            mark = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[offset : offset + 2])
            start += 2 * (mark is not None)
            if mark not in (None, self.encoding):
                return
        end = self._readable(data, start, unit)
        ends = [end, *(cut for cut in stream.pieces_end(start, end)[:_MOST_ENDS] if (cut - start) % unit == 0)]
        if step.form is not None:
            last = min(end, start + _SHOWN_ADDRESS * unit)
            ends = [cut for cut in range(last, start, -unit) if is_address(self._text(data[start:cut]))] or [end]
        for stop in dict.fromkeys(ends):
            if stop > start:
                text = self._text(data[start:stop])
                yield Candidate(text, stop, _text_bits(text))

    def _text(self, data: bytes) -> str:
        return data.decode(self.encoding, "replace")

    def _readable(self, data: bytes, start: int, unit: int) -> int:
        stop = min(len(data), start + _LONGEST * unit)
        there = data[start : stop - (stop - start) % unit]
        errors = "surrogateescape" if unit == 1 else "surrogatepass"
        end = start
        for character in there.decode(self.encoding, errors):
            if not character.isprintable():
                break
            end += len(character.encode(self.encoding))
        return end


@dataclass(frozen=True, eq=False)
class Line(Codec):
    """A line end after the text, in place of a length before it."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        newline = stream.data.find(b"\n", offset, offset + _LONGEST)
        there = stream.data[offset : newline if newline >= 0 else len(stream.data)]
        text = _decoded(there.removesuffix(b"\r"), "utf-8", cut=newline < 0)
        if text is not None and text.isprintable():
            yield Candidate(text, offset + len(there) + (newline >= 0), _text_bits(text), whole=newline >= 0)


@dataclass(frozen=True, eq=False)
class Serialized(Codec):
    """`ObjectOutputStream` in place of `DataOutputStream`: Java's own stream of objects, which begins with AC ED 00 05.

    What comes before the header may be right. All that follows is explained by it: it is no field of the protocol.
    """

    key: str | None = "write-object"
    prior: float = 2.0

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        if stream.data.startswith(_OBJECTS, offset):
            yield Candidate(None, len(stream.data), _OBJECTS_BITS, opaque=True)
        else:
            yield from super().read(stream, offset, step, size, expected)


@dataclass(frozen=True, eq=False)
class Varint(Codec):
    """A length in groups of seven bits, the lowest first: as C#'s BinaryWriter writes one."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        found = read_varint(stream.data, offset)
        if found is None or found[0] > _LONGEST:
            return
        length, start = found
        there = stream.data[start : start + length]
        text = _decoded(there, "utf-8", cut=len(there) < length)
        if text is not None:
            yield Candidate(text, start + len(there), _text_bits(text), whole=len(there) == length)


@dataclass(frozen=True, eq=False)
class Decimal(Codec):
    """The length as a person writes it, filled with blanks or zeros, or with a separator behind it."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data = stream.data
        found = _DECIMAL.match(data, offset)
        if found is None:
            return
        behind = _BEHIND_DECIMAL.match(data, found.end())
        for cut in range(1, len(found[1]) + 1):
            length, start = int(found[1][:cut]), found.start(1) + cut
            begins = {start, behind.end()} if behind and cut == len(found[1]) else {start}
            for begin in sorted(begins):
                there = data[begin : begin + length]
                text = _decoded(there, "utf-8", cut=False) if len(there) == length and length else None
                if text is not None and text.isprintable() and text.strip() == text:
                    yield Candidate(text, begin + length, _DIGITS_START_BITS + _text_bits(text))


@dataclass(frozen=True, eq=False)
class Terminated(Codec):
    """A NUL behind the text: of a C string, or of a buffer that is sent as a whole."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data = stream.data
        end = data.find(b"\0", offset, offset + _LONGEST)
        text = _decoded(data[offset : len(data) if end < 0 else end], "utf-8", cut=end < 0)
        if text is None or not text.isprintable():
            return
        bits = _text_bits(text) + _EMPTY_BITS * (not text)
        if end < 0:
            yield Candidate(text, len(data), bits, whole=False)
            return
        yield Candidate(text, end + 1, bits)
        filled = end
        while filled < len(data) and data[filled] == 0:
            filled += 1
        # The bytes behind the buffer may begin with zeros, too: seven of a small long.
        for width in _BUFFERS:
            if max(end + 2, filled - 8) <= offset + width <= filled:
                yield Candidate(text, offset + width, bits, odd=_BUFFER_BITS)


@dataclass(frozen=True, eq=False)
class CountedTerminated(Codec):
    """A right text with its NUL, which the length counts or not."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        right = next(super().read(stream, offset, step, size, expected), None)
        if right is None or not right.whole:
            return
        text = right.value
        if text.endswith("\0") and text[:-1].isprintable():
            yield Candidate(text[:-1], right.end, _text_bits(text[:-1]))
        elif stream.data[right.end : right.end + 1] == b"\0" and text.isprintable():
            apart = stream.parts(right.end + 1)
            yield Candidate(text, right.end + 1, right.bits, odd=_PADDING_BITS * (not apart))


@dataclass(frozen=True, eq=False)
class Marked(Codec):
    """A byte order mark before the text, or before its length; the text is UTF-8."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        before = 3 * stream.data.startswith(_MARK, offset)
        for right in super().read(stream, offset + before, step, size, expected):
            if isinstance(right.value, str) and (before or right.value.startswith("\ufeff")):
                text = right.value.removeprefix("\ufeff")
                yield Candidate(text, right.end, _text_bits(text), whole=right.whole)
            else:
                yield right


@dataclass(frozen=True, eq=False)
class Charset(Codec):
    """A right length, and the text in another encoding than UTF-8: the one of `encodings` in which it reads best."""

    encodings: tuple[str, ...] = ()

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data, start = stream.data, offset + 2
        length = int.from_bytes(data[offset:start], "big")
        there = data[start : start + length]
        right = next(super().read(stream, offset, step, size, expected), None)
        if right is not None:
            yield right
        if len(there) < length or not length:
            return
        best: Candidate | None = None
        for encoding in self.encodings:
            if right is not None and not encoding.startswith("utf-32"):
                continue
            text = _decoded(there, encoding, cut=False)
            if text is not None and (best is None or _text_bits(text) < best.bits):
                best = Candidate(text, start + length, _text_bits(text))
        if best is not None:
            yield best


@dataclass(frozen=True, eq=False)
class Cut(Codec):
    """A right length of a text whose last character is not whole."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        yield from super().read(stream, offset, step, size, expected)
        start = offset + 2
        end = start + int.from_bytes(stream.data[offset:start], "big")
        there = stream.data[start:end]
        if start < len(stream.data) and end <= len(stream.data):
            text = _decoded(there, "utf-8", cut=True)
            if text is not None and text.encode("utf-8", "surrogatepass") != there:
                yield Candidate(text, end, _text_bits(text) + _BYTE_BITS)


@dataclass(frozen=True, eq=False)
class RawAddress(Codec):
    """The bytes of the address in place of a text, perhaps behind their number."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        if step.form is None:
            return
        data = stream.data
        for length, head in product((4, 16), (0, 1, 2, 4)):
            start = offset + head
            there = data[start : start + length]
            if len(there) < length or int.from_bytes(data[offset:start], "big") != length * (head > 0):
                continue
            for octets in dict.fromkeys((there, there[::-1])):
                address = ipaddress.ip_address(octets)
                usual = address.is_loopback or (address.is_private and octets[0] in (10, 172, 192))
                yield Candidate(str(address), start + length, 10.0 if usual else 9.0 * length, opaque=True)


@dataclass(frozen=True, eq=False)
class Base64(Codec):
    """A right text that is an address in base64."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        for right in super().read(stream, offset, step, size, expected):
            if step.form is not None and right.whole:
                try:
                    text = base64.b64decode(right.value.strip(), validate=True).decode("ascii")
                except ValueError:
                    continue
                yield Candidate(text, right.end, _text_bits(text))


@dataclass(frozen=True, eq=False)
class Wording(Codec):
    """A right text that is no address, but looks like `pattern`; `odd` is what it costs that it does."""

    pattern: str = ""
    odd: float = 0.0

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        for right in super().read(stream, offset, step, size, expected):
            if step.form is None or not right.whole or is_address(right.value):
                yield right
            elif re.fullmatch(self.pattern, right.value, re.DOTALL):
                yield Candidate(right.value, right.end, _ADDRESS_BITS + self.odd, opaque=True)


@dataclass(frozen=True, eq=False)
class Floating(Codec):
    """A float or a double in place of a whole number."""

    due: tuple[int, ...] = (2, 4, 8)
    form: str = ">f"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        width = struct.calcsize(self.form)
        there = stream.data[offset : offset + width]
        if len(there) < width:
            yield Candidate(None, len(stream.data), _BYTE_BITS * len(there), whole=False)
            return
        value = struct.unpack(self.form, there)[0]
        right = width == NUMBERS[step.type] and not any(there)
        if not math.isfinite(value):
            return
        if isinstance(expected, int):
            if abs(expected) < 1 << 63 and struct.pack(self.form, expected) == there:
                yield Candidate(expected, offset + width, 2.0, right=right)
        elif value == int(value) and abs(value) < 1 << 53:
            yield Candidate(int(value), offset + width, 2.0 + _int_bits(int(value), width), right=right)
        elif 0.001 < abs(value) < 1e9 and round(value, 4) == value:
            yield Candidate(value, offset + width, 14.0 + _int_bits(int(value), width))


@dataclass(frozen=True, eq=False)
class Padded(Codec):
    """A number behind zeros that align it, as in a struct of C."""

    order: _Order = "big"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        width = NUMBERS[step.type]
        for skipped in range(width):
            if any(stream.data[offset : offset + skipped]):
                return
            there = stream.data[offset + skipped : offset + skipped + width]
            if len(there) == width:
                value = int.from_bytes(there, self.order, signed=True)
                right = not skipped and self.order == "big"
                apart = skipped > 0 and stream.parts(offset + skipped)
                bits = _int_bits(value, width) + 2.0 * (skipped > 0) + _PADDING_BITS * apart
                yield Candidate(value, offset + skipped + width, bits, right=right)


def _decoded(data: bytes, encoding: str, *, cut: bool) -> str | None:
    """The text, UTF-8 of either kind, or without the last character where that is `cut`; None where it is none."""
    try:
        return data.decode(encoding, "surrogatepass" if encoding.startswith("utf") else "strict")
    except UnicodeDecodeError as error:
        if cut and len(data) - error.start < 4 and error.end == len(data):
            return data[: error.start].decode(encoding, "surrogatepass")
        return None


NUMBER_CODECS: tuple[Codec, ...] = (
    Whole("little-endian-int", 4.0, (2, 4, 8), None, None, "little"),
    Whole("little-endian-int", 7.0, (2, 4), None, 8, "little"),
    Digits("number-as-text", 4.0),
    Whole("long-for-int", 5.0, (4,), None, 8),
    Whole("byte-for-int", 5.0, (4,), None, 1),
    Whole("short-for-int", 7.0, (4,), None, 2),
    Whole("short-for-int", 9.0, (4,), "little-endian-int", 2, "little"),
    Whole("number-of-another-size", 7.0, (1, 2, 8), None, 4),
    Whole("number-of-another-size", 9.0, (1, 2), None, 8),
    Whole("number-of-another-size", 9.0, (1, 8), None, 2),
    Whole("number-of-another-size", 9.0, (2, 8), None, 1),
    Whole("number-of-another-size", 9.0, (4,), None, 3),
    Floating("float-for-int", 6.0, form=">f"),
    Floating("float-for-int", 8.0, form="<f"),
    Floating("double-for-int", 6.0, form=">d"),
    Floating("double-for-int", 8.0, form="<d"),
    Padded("struct-padding", 7.0, (2, 4, 8)),
    Padded("struct-padding", 8.0, (2, 4, 8), "little-endian-int", "little"),
)
"""Every wrong way to write a whole number."""

_CHARSETS: tuple[str, ...] = (
    "cp1252",
    "shift_jis",
    "euc_jp",
    "gbk",
    "big5",
    "euc_kr",
    "koi8_r",
    "cp1251",
    "iso8859_7",
    "cp1253",
)
_CHARSETS += ("mac_roman", "cp850", "cp437", "iso8859_8", "cp1256", "utf-32-be", "utf-32-le")
_HOST = r"[A-Za-z][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*"
_IP = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*"

TEXT_CODECS: tuple[Codec, ...] = (
    Bare("text-without-length", 5.0),
    Bare("write-bytes", 8.0, encoding="latin-1"),
    Prefixed("four-byte-length", 5.0, width=4),
    Prefixed("four-byte-length", 7.0, width=4, order="little"),
    Prefixed("one-byte-length", 5.0, width=1),
    Prefixed("little-endian-length", 6.0, order="little"),
    Line("newline-for-length", 5.0),
    CountedCharacters("characters-for-bytes", 5.0),
    Prefixed("standard-utf-8", 4.0),
    Prefixed("latin-1", 7.0, encoding="latin-1"),
    Bare("write-chars", 5.0, encoding="utf-16-be"),
    Bare("write-chars", 7.0, encoding="utf-16-le"),
    Terminated("nul-terminated", 5.0),
    CountedTerminated("nul-terminated", 13.0),  # a byte or two more or less may be missing, or begin what follows
    Varint("varint-length", 18.0),  # one byte up to 127: then that says it
    Decimal("decimal-length", 6.0),
    Prefixed("length-of-another-size", 7.0, width=8),
    Prefixed("length-of-another-size", 7.0, width=8, order="little"),
    Prefixed("frame-length", 24.0, itself=2),
    Prefixed("utf-16-text", 6.0, encoding="utf-16-be"),
    Prefixed("utf-16-text", 6.0, encoding="utf-16-le"),
    Prefixed("utf-16-text", 5.0, encoding="utf-16"),
    Marked("byte-order-mark", 5.0),
    Charset("other-charset", 8.0, encodings=_CHARSETS),
    Cut("text-cut", 4.0),
    RawAddress("raw-address", 6.0),
    Base64("base64", 6.0),
    Wording("bytes-to-string", 4.0, pattern=r"b'.*'|b\".*\"|\[-?[0-9]+(?:, -?[0-9]+)+\]|bytearray\(.*\)"),
    Wording("object-to-string", 4.0, pattern=r"\[[BICLZ]@[0-9a-f]+|[\w.$]+@[0-9a-f]{4,}|<.* at 0x.*>|\[object .*\]"),
    Wording("object-to-string", 4.0, pattern=r"\w+\[\w+=.*\]|\w+\{\w+=.*\}"),
    Wording("address-to-string", 4.0, pattern=rf"\s*['\"]?(?:{_HOST})?/?\[?(?:{_IP})\]?(?::[0-9]+)?['\"]?\s*"),
    Wording("address-to-string", 4.0, pattern=r"\(['\"].*['\"], ?[0-9]+(?:, ?[0-9]+)*\)"),
    Wording("address-to-string", 8.0, pattern=rf"localhost|(?=.*[.-]){_HOST}", odd=12.0),
    # Two at once.
    Prefixed("four-byte-length", 9.0, also="latin-1", width=4, encoding="latin-1"),
    Prefixed("one-byte-length", 9.0, also="utf-16-text", width=1, encoding="utf-16-le"),
)
"""Every wrong way to write a text that should have been a `writeUTF`."""
