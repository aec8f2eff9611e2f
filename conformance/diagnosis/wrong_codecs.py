"""Every wrong way to write a field: how would it read where it begins, had its sender made that mistake?"""

from __future__ import annotations

import base64
import ipaddress
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from conformance.agent.addresses import is_address
from conformance.diagnosis.codecs import FAR_FROM_WHOLE_BITS, LONG, ByteStream, Candidate, Codec
from conformance.diagnosis.formats import read_varint
from conformance.diagnosis.plausibility import ADDRESS_BITS, BYTE_BITS, NUMBERS, int_bits, text_bits
from conformance.model.protocol import FieldStep

__all__ = ["NUMBER_CODECS", "TEXT_CODECS", "Bare", "Digits", "Line", "Serialized"]

_DIGITS_START_BITS = 3.0
_DIGIT_BITS = 3.4  # one of ten
_EMPTY_BITS = 8.0
_BUFFER_BITS = 3.0
_BUFFERS = (8, 10, 12, 16, 18, 20, 24, 25, 30, 32, 40, 46, 48, 50, 64, 80, 100, 128, 200, 255, 256, 500, 512, 1024)
_PADDING_BITS = 6.0  # more, where the pieces speak for the other way to read zeros
_MARK = b"\xef\xbb\xbf"
_DECIMAL = re.compile(rb" *([0-9]{1,10})")
_BEHIND_DECIMAL = re.compile(rb"[ \t\0]*(?:\r?\n|[:;|])?")
_LONGEST = 65535
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
            yield Candidate(None, len(stream.data), BYTE_BITS * len(there), whole=False)
            return
        little = self.order == "little"
        value = int.from_bytes(there, self.order, signed=not (little and step.type.startswith("unsigned")))
        if isinstance(expected, int) and width < NUMBERS[step.type]:
            lost = expected & (1 << 8 * width) - 1
            if lost == int.from_bytes(there, self.order):
                value = expected  # what was sent is all that is left of it
        yield Candidate(value, offset + width, int_bits(value, width), right=little and there == there[::-1])


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
            far = length > LONG and length > 4 * len(there)
            bits = text_bits(text) + FAR_FROM_WHOLE_BITS * far
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
                yield Candidate(said, end, text_bits(said), right=end - start == count)


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
                yield Candidate(text, stop, text_bits(text))

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
            yield Candidate(text, offset + len(there) + (newline >= 0), text_bits(text), whole=newline >= 0)


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
            yield Candidate(text, start + len(there), text_bits(text), whole=len(there) == length)


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
                    yield Candidate(text, begin + length, _DIGITS_START_BITS + text_bits(text))


@dataclass(frozen=True, eq=False)
class Terminated(Codec):
    """A NUL behind the text: of a C string, or of a buffer that is sent as a whole."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        data = stream.data
        end = data.find(b"\0", offset, offset + _LONGEST)
        text = _decoded(data[offset : len(data) if end < 0 else end], "utf-8", cut=end < 0)
        if text is None or not text.isprintable():
            return
        bits = text_bits(text) + _EMPTY_BITS * (not text)
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
            yield Candidate(text[:-1], right.end, text_bits(text[:-1]))
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
                yield Candidate(text, right.end, text_bits(text), whole=right.whole)
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
            if text is not None and (best is None or text_bits(text) < best.bits):
                best = Candidate(text, start + length, text_bits(text))
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
                yield Candidate(text, end, text_bits(text) + BYTE_BITS)


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
                yield Candidate(text, right.end, text_bits(text))


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
                yield Candidate(right.value, right.end, ADDRESS_BITS + self.odd, opaque=True)


@dataclass(frozen=True, eq=False)
class Floating(Codec):
    """A float or a double in place of a whole number."""

    due: tuple[int, ...] = (2, 4, 8)
    form: str = ">f"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, size: Any, expected: Any) -> Iterator[Candidate]:
        width = struct.calcsize(self.form)
        there = stream.data[offset : offset + width]
        if len(there) < width:
            yield Candidate(None, len(stream.data), BYTE_BITS * len(there), whole=False)
            return
        value = struct.unpack(self.form, there)[0]
        right = width == NUMBERS[step.type] and not any(there)
        if not math.isfinite(value):
            return
        if isinstance(expected, int):
            if abs(expected) < 1 << 63 and struct.pack(self.form, expected) == there:
                yield Candidate(expected, offset + width, 2.0, right=right)
        elif value == int(value) and abs(value) < 1 << 53:
            yield Candidate(int(value), offset + width, 2.0 + int_bits(int(value), width), right=right)
        elif 0.001 < abs(value) < 1e9 and round(value, 4) == value:
            yield Candidate(value, offset + width, 14.0 + int_bits(int(value), width))


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
                bits = int_bits(value, width) + 2.0 * (skipped > 0) + _PADDING_BITS * apart
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
