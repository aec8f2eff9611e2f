"""How a field may read where it begins; by itself as a right sender writes it. The wrong ways are in `wrong_codecs.py`.

More than one way may be open (text without its length ends anywhere), so a codec gives candidates, each with its cost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.agent.recording import Direction
from conformance.agent.sized_bytes import BYTES, SizedBytes, SizeError
from conformance.decoder import encoded
from conformance.diagnosis.plausibility import BYTE_BITS, CONTENT_BITS, NUMBERS, TEXT, text_bits, value_bits
from conformance.model.protocol import FieldStep
from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError, decode_modified_utf8

__all__ = [
    "FAR_FROM_WHOLE_BITS",
    "LONG",
    "ByteStream",
    "Candidate",
    "Codec",
    "begun",
    "fixed_size",
    "may_become",
    "may_become_address",
]

FAR_FROM_WHOLE_BITS = 20.0
_UNTOLD_BITS = 7.5  # a byte of so many as nothing has told: what swallows everything explains nothing
LONG = 255
_LONG_CONTENT = 1 << 16
_LONGEST_ADDRESS = 255  # bytes; far beyond any address with its scope


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
        value, bits, far = there, CONTENT_BITS * len(there), size > _LONG_CONTENT
    elif name != TEXT or len(there) < 2:
        # Small numbers begin with 00, or with FF where they are negative: that says little. The rest says all it can.
        says = there.lstrip(there[:1]) if there[:1] in (b"\x00", b"\xff") else there
        return Candidate(None, len(data), BYTE_BITS * len(says) + 1.0, right=True, whole=False)
    else:
        text = _readable_so_far(there[2:])
        if text is None:
            return None
        value, bits, far = text, text_bits(text), size > LONG
    bits += FAR_FROM_WHOLE_BITS * (far and size > 4 * len(there))
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
