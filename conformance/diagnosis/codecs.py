"""The ways to write a field, right or wrong: how may it read where it begins, had its sender made that mistake?

More than one way may be open (text without its length ends anywhere), so a codec gives candidates. Each has a cost in
bits, and the cheapest reading is the likeliest: programs send small numbers and readable text far more often than
1409286144 and control characters. A value costs about as many bits as a code made for ordinary programs would give it.
Under the right reading a wrong program's values cost much more than under the mistake that was made, and the
difference is the evidence.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from conformance.agent.addresses import is_address
from conformance.agent.recording import Direction
from conformance.agent.sized_bytes import BYTES, SizedBytes, SizeError
from conformance.decoder import encoded
from conformance.model.protocol import FieldStep
from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError, decode_modified_utf8

__all__ = [
    "NUMBERS",
    "NUMBER_CODECS",
    "TEXT",
    "TEXT_CODECS",
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
    "value_bits",
]

TEXT = "UTF"
NUMBERS = {"byte": 1, "unsignedByte": 1, "short": 2, "unsignedShort": 2, "int": 4, "long": 8}

_ADDRESS_BITS = 10.0
_BYTE_BITS = 8.0
_CONTENT_BITS = 4.5  # a byte of a content is as likely to be this as to be a letter of a text
_TEXT_START_BITS = 6.0
_FAR_FROM_WHOLE_BITS = 20.0
_UNTOLD_BITS = 7.5  # a byte of so many as nothing has told: what swallows everything explains nothing
_DIGITS_START_BITS = 3.0
_DIGIT_BITS = 3.4  # one of ten
_LONG = 255
_LONG_CONTENT = 1 << 16
_LONGEST = 65535
_LONGEST_ADDRESS = 255  # bytes; far beyond any address with its scope
_SHOWN_ADDRESS = 45  # bytes, without a scope
_MOST_ENDS = 6
_DIGITS = re.compile(rb"[+-]?[0-9]{1,20}")
_BETWEEN = re.compile(rb"[ \t\r\n,;]+")
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
    the mistake explains, and that are no value of the field.
    """

    value: Any
    end: int
    bits: float
    right: bool = False
    whole: bool = True
    opaque: bool = False


@dataclass(frozen=True, eq=False)
class Codec:
    """A way to write a field: by itself the right one. `key` names the mistake, `prior` says how rare it is, in bits.

    `due` are the sizes of the numbers that it can be made with, in bytes; 0 stands for a text.
    """

    key: str | None = None
    prior: float = 0.0
    due: tuple[int, ...] = (0,)

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
    return min(6.0 + 1.5 * math.log2(abs(value) + 1), _BYTE_BITS * width + 1.0)


def _text_bits(text: str) -> float:
    return _TEXT_START_BITS + sum(map(_character_bits, text))


def _character_bits(character: str) -> float:
    if not character.isprintable():
        return 20.0
    if not character.isascii():
        return 11.0
    return 5.0 if character.isalnum() or character == " " else 6.0


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
        ends = [found.end(), *stream.pieces_end(offset, found.end())]
        if isinstance(expected, int) and found[0].startswith(str(expected).encode()):
            ends.insert(0, offset + len(str(expected)))
        for end in dict.fromkeys(ends):
            if data[offset:end].lstrip(b"+-"):
                yield _digits(data[offset:end], end)


def _digits(digits: bytes, end: int) -> Candidate:
    return Candidate(int(digits), end, _DIGITS_START_BITS + _DIGIT_BITS * len(digits))


@dataclass(frozen=True, eq=False)
class Prefixed(Codec):
    """A length of `width` bytes and a text, not as `writeUTF` writes them; what is right as well is read as that.

    Everyone but Java writes four bytes for what is above U+FFFF.
    """

    width: int = 2
    order: _Order = "big"
    encoding: str = "utf-8"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data, start = stream.data, offset + self.width
        right = next(super().read(stream, offset, step, size, expected), None)
        if right is not None and (self.width, self.order) == (2, "big"):
            yield right
            return
        length = int.from_bytes(data[offset:start], self.order)
        if len(data) < start or length > _LONGEST:
            return
        there = data[start : start + length]
        text = _decoded(there, self.encoding, cut=len(there) < length)
        if text is not None:
            yield Candidate(text, start + len(there), _text_bits(text), whole=len(there) == length)


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


def _decoded(data: bytes, encoding: str, *, cut: bool) -> str | None:
    """The text, UTF-8 of either kind, or without the last character where that is `cut`; None where it is none."""
    try:
        return data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError as error:
        if cut and len(data) - error.start < 4 and error.end == len(data):
            return data[: error.start].decode(encoding, "surrogatepass")
        return None


NUMBER_CODECS: tuple[Codec, ...] = (
    Whole("little-endian-int", 4.0, (2, 4, 8), None, "little"),
    Whole("little-endian-int", 7.0, (2, 4), 8, "little"),
    Digits("number-as-text", 4.0),
    Whole("long-for-int", 5.0, (4,), 8),
    Whole("byte-for-int", 5.0, (4,), 1),
    Whole("short-for-int", 7.0, (4,), 2),
    Whole("number-of-another-size", 7.0, (1, 2, 8), 4),
    Whole("number-of-another-size", 9.0, (1, 2), 8),
    Whole("number-of-another-size", 9.0, (1, 8), 2),
    Whole("number-of-another-size", 9.0, (2, 8), 1),
)
"""Every wrong way to write a whole number."""

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
)
"""Every wrong way to write a text that should have been a `writeUTF`."""
