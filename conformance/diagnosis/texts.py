"""The ways in which programs get a text wrong that should have been a `writeUTF`; and Java's objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from conformance.agent.addresses import is_address
from conformance.diagnosis.byte_stream import ByteStream
from conformance.diagnosis.codec import TEXT, Candidate, Codec, right_candidate, text_bits
from conformance.model.protocol import FieldStep

__all__ = ["TEXT_CODECS", "Line", "Serialized"]

_LONGEST = 65535
_MOST_ENDS = 6
_OBJECTS = b"\xac\xed\x00\x05"
_OBJECTS_BITS = 4.0


@dataclass(frozen=True)
class _Text:
    key: str
    prior: float

    def fits(self, step: FieldStep) -> bool:
        return step.type == TEXT


@dataclass(frozen=True)
class Prefixed(_Text):
    """A length, but not the unsigned short of `writeUTF`."""

    width: int
    order: Literal["big", "little"] = "big"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """The length says where it ends."""
        start = offset + self.width
        if len(stream.data) < start:
            return
        size = int.from_bytes(stream.data[offset:start], self.order)
        if size > _LONGEST:
            return
        there = stream.data[start : start + size]
        text = _utf8(there, cut=len(there) < size)
        if text is not None:
            yield Candidate(text, start + len(there), text_bits(text), whole=len(there) == size)


@dataclass(frozen=True)
class CountedCharacters(_Text):
    """A length of two bytes that says how many characters there are: as many as bytes, until one is no ASCII."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """As many characters as the length says; Java counts a pair of surrogates twice."""
        start = offset + 2
        if len(stream.data) < start:
            return
        count = int.from_bytes(stream.data[offset:start], "big")
        ends = {end for pairs in (1, 2) if (end := _after_characters(stream.data, start, count, pairs)) is not None}
        for end in sorted(ends):
            text = _utf8(stream.data[start:end])
            if text is not None:
                yield Candidate(text, end, text_bits(text), right=end - start == count)


@dataclass(frozen=True)
class StandardUtf8(_Text):
    """The right length, and then UTF-8 as everyone but Java writes it: four bytes for what is above U+FFFF."""

    encoding: str

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """Only what is not modified UTF-8 as well."""
        right = right_candidate(stream.data, offset, step)
        if right is not None:
            yield right
            return
        start = offset + 2
        size = int.from_bytes(stream.data[offset:start], "big")
        there = stream.data[start : start + size]
        try:
            text = there.decode(self.encoding)
        except UnicodeDecodeError as error:
            if len(there) == size or error.end < len(there):
                return
            text = there[: error.start].decode(self.encoding)
        yield Candidate(text, start + len(there), text_bits(text), whole=len(there) == size)


@dataclass(frozen=True)
class Bare(_Text):
    """No length at all: it ends where the sender stopped to write, or where what follows is no text."""

    encoding: str

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """An address, all that is readable, or the end of a piece that came by itself."""
        data = stream.data
        end = self._readable(data, offset)
        ends = [end, *stream.pieces_end(offset, end)[:_MOST_ENDS]]
        if step.form is not None:
            ends = [stop for stop in range(end, offset, -1) if stop - offset <= 45][:45]
            ends = [stop for stop in ends if is_address(data[offset:stop].decode("latin-1"))] or [end]
        for stop in dict.fromkeys(ends):
            if stop > offset:
                text = data[offset:stop].decode(self.encoding, "replace")
                yield Candidate(text, stop, text_bits(text))

    def _readable(self, data: bytes, offset: int) -> int:
        text = data[offset : offset + _LONGEST].decode(self.encoding, "surrogateescape")
        end = offset
        for character in text:
            if not character.isprintable():
                break
            end += len(character.encode(self.encoding))
        return end


@dataclass(frozen=True)
class Units(_Text):
    """UTF-16, two bytes a character, with no length: `writeChars`."""

    order: Literal["big", "little"] = "big"

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """Up to the first pair of bytes that is no readable character."""
        data = stream.data
        start = offset + 2 if data[offset : offset + 2] in (b"\xff\xfe", b"\xfe\xff") else offset
        order = self.order if start == offset else "little" if data[offset] == 0xFF else "big"
        units: list[str] = []
        end = start
        while end + 2 <= len(data):
            unit = chr(int.from_bytes(data[end : end + 2], order))
            if not (unit.isprintable() or 0xD800 <= ord(unit) < 0xE000):
                break
            units.append(unit)
            end += 2
        if order != self.order:
            return
        text = "".join(units)
        ends = [end, *(cut for cut in stream.pieces_end(start, end)[:_MOST_ENDS] if (cut - start) % 2 == 0)]
        if step.form is not None:
            ends = [stop for stop in range(end, start, -2) if is_address(text[: (stop - start) // 2])][:3] or [end]
        for stop in dict.fromkeys(ends):
            if stop > start:
                said = text[: (stop - start) // 2]
                yield Candidate(said, stop, text_bits(said))


@dataclass(frozen=True)
class Line(_Text):
    """A line end after the text, in place of a length before it."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """Up to the line end."""
        newline = stream.data.find(b"\n", offset, offset + _LONGEST)
        there = stream.data[offset : newline if newline >= 0 else len(stream.data)]
        text = _utf8(there.removesuffix(b"\r"), cut=newline < 0)
        if text is not None and text.isprintable():
            end = offset + len(there) + (newline >= 0)
            yield Candidate(text, end, text_bits(text), whole=newline >= 0)


@dataclass(frozen=True)
class Serialized:
    """`ObjectOutputStream` in place of `DataOutputStream`: Java's own stream of objects, which begins with AC ED 00 05.

    All that follows the header is explained by it: whatever it is, it is no field of the protocol.
    """

    key: str = "write-object"
    prior: float = 2.0

    def fits(self, step: FieldStep) -> bool:
        """Any field can be sent as an object."""
        return True

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """The header and the rest; what came before it may have been right."""
        if stream.data.startswith(_OBJECTS, offset):
            yield Candidate(None, len(stream.data), _OBJECTS_BITS, opaque=True)
            return
        right = right_candidate(stream.data, offset, step)
        if right is not None:
            yield right


def _utf8(data: bytes, *, cut: bool = False) -> str | None:
    """UTF-8 of either kind, the last character missing its end where the text was `cut`."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        if cut and len(data) - error.start < 4 and error.end == len(data):
            return data[: error.start].decode("utf-8", "surrogatepass")
        return None


def _after_characters(data: bytes, start: int, count: int, pairs: int) -> int | None:
    """Where `count` characters end, one beyond U+FFFF counted as `pairs`; None where the bytes end before."""
    end, counted = start, 0
    while counted < count:
        if end >= len(data):
            return None
        lead = data[end]
        size = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        counted += pairs if size == 4 else 1
        end += size
    return end if end <= len(data) else None


TEXT_CODECS: tuple[Codec, ...] = (
    Bare("text-without-length", 5.0, "utf-8"),
    Bare("write-bytes", 8.0, "latin-1"),
    Prefixed("four-byte-length", 5.0, 4),
    Prefixed("four-byte-length", 7.0, 4, "little"),
    Prefixed("one-byte-length", 5.0, 1),
    Prefixed("little-endian-length", 6.0, 2, "little"),
    Line("newline-for-length", 5.0),
    CountedCharacters("characters-for-bytes", 5.0),
    StandardUtf8("standard-utf-8", 4.0, "utf-8"),
    StandardUtf8("latin-1", 7.0, "latin-1"),
    Units("write-chars", 5.0),
    Units("write-chars", 7.0, "little"),
)
"""Every wrong way to write a text."""
