"""The ways in which programs get a whole number wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.diagnosis.byte_stream import ByteStream
from conformance.diagnosis.codec import NUMBERS, Candidate, Codec, int_bits
from conformance.model.protocol import FieldStep

__all__ = ["NUMBER_CODECS", "Digits", "LittleEndian"]

_DIGITS = re.compile(rb"[+-]?[0-9]{1,20}")
_BETWEEN = re.compile(rb"[ \t\r\n,;]+")
_LONG = 8
_START_BITS = 3.0
_DIGIT_BITS = 3.4  # one of ten


@dataclass(frozen=True)
class LittleEndian:
    """The low byte first. `width` is what C's `long` has on most machines, and so has `struct.pack("l")`."""

    key: str
    prior: float
    width: int | None = None

    def fits(self, step: FieldStep) -> bool:
        """Any number of more than one byte."""
        return NUMBERS.get(step.type, 1) > 1 and NUMBERS[step.type] != self.width

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """The same bytes, from the other end."""
        width = self.width or NUMBERS[step.type]
        there = stream.data[offset : offset + width]
        if len(there) == width:
            value = int.from_bytes(there, "little", signed=not step.type.startswith("unsigned"))
            yield Candidate(value, offset + width, int_bits(value, width), right=there == there[::-1])
        else:
            yield Candidate(None, len(stream.data), 8.0 * len(there), whole=False)


@dataclass(frozen=True)
class OtherWidth:
    """Big-endian and whole, but of another size than the field has."""

    key: str
    prior: float
    width: int
    due: tuple[int, ...]

    def fits(self, step: FieldStep) -> bool:
        """A number of the size that was mistaken."""
        return NUMBERS.get(step.type) in self.due

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """Signed, or unsigned where only that makes it what it must be (a byte of 182 is -74 in Java)."""
        there = stream.data[offset : offset + self.width]
        if len(there) < self.width:
            yield Candidate(None, len(stream.data), 8.0 * len(there), whole=False)
            return
        value = int.from_bytes(there, "big", signed=True)
        if isinstance(expected, int) and self.width < NUMBERS[step.type]:
            lost = expected & (1 << 8 * self.width) - 1
            if lost == int.from_bytes(there, "big"):
                value = expected  # what was sent is all that is left of it
        yield Candidate(value, offset + self.width, int_bits(value, self.width))


@dataclass(frozen=True)
class Digits:
    """The number as a person writes it; `lines` if nothing but a line end may follow."""

    key: str
    prior: float
    lines: bool = False

    def fits(self, step: FieldStep) -> bool:
        """Any whole number."""
        return step.type in NUMBERS

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """Digits up to a separator; with none, up to the end of a piece; or as the text of a `writeUTF`."""
        data = stream.data
        found = _DIGITS.match(data, offset)
        if found is None:
            if not self.lines:
                yield from self._within_utf(data, offset)
            return
        between = _BETWEEN.match(data, found.end())
        if between is not None or self.lines:
            if self.lines and found.end() < len(data) and (between is None or b"\n" not in between[0]):
                return
            yield self._candidate(found[0], between.end() if between else found.end())
            return
        ends = [found.end(), *stream.pieces_end(offset, found.end())]
        if isinstance(expected, int) and found[0].startswith(str(expected).encode()):
            ends.insert(0, offset + len(str(expected)))
        for end in dict.fromkeys(ends):
            if data[offset:end].lstrip(b"+-"):
                yield self._candidate(data[offset:end], end)

    def _within_utf(self, data: bytes, offset: int) -> Iterator[Candidate]:
        size = int.from_bytes(data[offset : offset + 2], "big")
        there = data[offset + 2 : offset + 2 + size]
        if 0 < size == len(there) and _DIGITS.fullmatch(there):
            yield self._candidate(there, offset + 2 + size)

    def _candidate(self, digits: bytes, end: int) -> Candidate:
        return Candidate(int(digits), end, _START_BITS + _DIGIT_BITS * len(digits))


NUMBER_CODECS: tuple[Codec, ...] = (
    LittleEndian("little-endian-int", 4.0),
    LittleEndian("little-endian-int", 7.0, _LONG),
    Digits("number-as-text", 4.0),
    OtherWidth("long-for-int", 5.0, 8, (4,)),
    OtherWidth("byte-for-int", 5.0, 1, (4,)),
    OtherWidth("short-for-int", 7.0, 2, (4,)),
    OtherWidth("number-of-another-size", 7.0, 4, (1, 2, 8)),
    OtherWidth("number-of-another-size", 9.0, 8, (1, 2)),
    OtherWidth("number-of-another-size", 9.0, 2, (1, 8)),
    OtherWidth("number-of-another-size", 9.0, 1, (2, 8)),
)
"""Every wrong way to write a whole number."""
