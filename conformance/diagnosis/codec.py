"""What a codec is: given where a field begins, how may it read, had its sender made a certain mistake?

More than one way may be open (text without its length ends anywhere), so a codec gives candidates. Each has a cost in
bits, and the cheapest reading is the likeliest: programs send small numbers and readable text far more often than
1409286144 and control characters. A value costs about as many bits as a code made for ordinary programs would give it.
Under the right reading a wrong program's values cost much more than under the mistake that was made, and the
difference is the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from conformance.agent.sized_bytes import BYTES, SizedBytes, SizeError
from conformance.diagnosis.byte_stream import ByteStream
from conformance.model.protocol import FieldStep
from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError, decode_modified_utf8

__all__ = [
    "ADDRESS_BITS",
    "NUMBERS",
    "TEXT",
    "Candidate",
    "Codec",
    "Right",
    "begun",
    "byte_bits",
    "int_bits",
    "may_become",
    "may_become_address",
    "right_candidate",
    "text_bits",
    "value_bits",
]

TEXT = "UTF"
NUMBERS = {"byte": 1, "unsignedByte": 1, "short": 2, "unsignedShort": 2, "int": 4, "long": 8}
ADDRESS_BITS = 10.0

_BYTE_BITS = 8.0
_CONTENT_BITS = 4.5  # a byte of a content is as likely to be this as to be a letter of a text
_TEXT_START_BITS = 6.0
_FAR_FROM_WHOLE_BITS = 20.0
_UNTOLD_BITS = 7.5  # a byte of so many as nothing has told: what swallows everything explains nothing
_LONG = 255
_LONG_CONTENT = 1 << 16
_LONGEST_ADDRESS = 255  # bytes; far beyond any address with its scope


@dataclass(frozen=True)
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


class Codec(Protocol):
    """A way to write a field, right or wrong. `key` names the mistake, None for the right way."""

    @property
    def key(self) -> str | None:
        """The mistake's key."""

    @property
    def prior(self) -> float:
        """How rare the mistake is, in bits."""

    def fits(self, step: FieldStep) -> bool:
        """Whether the mistake can be made with such a field."""

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """The ways to read what stands at `offset`; `expected` is what it must be, where that is known."""


@dataclass(frozen=True)
class Right:
    """No mistake: javaio's table of wire types."""

    key: str | None = None
    prior: float = 0.0

    def fits(self, step: FieldStep) -> bool:
        """Any field can be written right."""
        return True

    def read(self, stream: ByteStream, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """One way, or none where the text is malformed."""
        candidate = right_candidate(stream.data, offset, step)
        if candidate is not None:
            yield candidate


def right_candidate(data: bytes, offset: int, step: FieldStep) -> Candidate | None:
    """The field as a right sender writes it; None where the bytes at `offset` can become none.

    Of `bytes`, the size must stand in `step` as a number; where it does not, all that is left is theirs.
    """
    try:
        value, size = step.wire({}).decode(data, offset)
    except KeyError:  # nothing tells how many bytes they are: then they go on to the end
        there = data[offset:]
        return Candidate(there, len(data), _UNTOLD_BITS * len(there), right=True)
    except IncompleteValueError as error:
        return begun(data, offset, step.type, error.expected)
    except (SizeError, UTFDataFormatError):
        return None
    return Candidate(value, offset + size, value_bits(step.type, value, size), right=True)


def begun(data: bytes, offset: int, name: str, size: int) -> Candidate | None:
    """A field of the type `name`, of `size` bytes, inside which the bytes end; None where they can begin none."""
    there = data[offset:]
    if name == BYTES:
        far = size > _LONG_CONTENT and size > 4 * len(there)
        return Candidate(there, len(data), _CONTENT_BITS * len(there) + far * _FAR_FROM_WHOLE_BITS, True, False)
    if name != TEXT or len(there) < 2:
        # Small numbers begin with 00, or with FF where they are negative: that says little. The rest says all it can.
        says = there.lstrip(there[:1]) if there[:1] in (b"\x00", b"\xff") else there
        return Candidate(None, len(data), _BYTE_BITS * len(says) + 1.0, right=True, whole=False)
    text = _readable_so_far(there[2:])
    if text is None:
        return None
    far = size > _LONG and size > 4 * len(there)
    return Candidate(text, len(data), text_bits(text) + far * _FAR_FROM_WHOLE_BITS, right=True, whole=False)


def may_become(step: FieldStep, there: bytes, value: Any, expected: Any) -> bool:
    """Whether a right sender's field, of which only `there` has come, can still become what it must be.

    `value` is what is there of a text, `expected` what must stand there, where that is known.
    """
    if expected is not None:
        try:
            wire = SizedBytes(len(expected)) if step.type == BYTES else WIRE_TYPES[step.type]
            return wire.encode(expected).startswith(there)
        except (ValueError, OverflowError, TypeError):
            return False
    if step.form is None or len(there) < 2:
        return True
    size = int.from_bytes(there[:2], "big")
    return 0 < size <= _LONGEST_ADDRESS and may_become_address(value)


def may_become_address(text: str) -> bool:
    """Whether an address can begin so."""
    head, scoped, _ = text.partition("%")
    return all(character in "0123456789abcdefABCDEF:." for character in head) and (not scoped or ":" in head)


def value_bits(name: str, value: Any, size: int) -> float:
    """What a value of the type `name` costs that took `size` bytes."""
    if name == TEXT:
        return text_bits(value)
    return int_bits(value, size) if name in NUMBERS else byte_bits(name) * size


def byte_bits(name: str) -> float:
    """What a byte costs, of a field of the type `name`, that says nothing by itself."""
    return _CONTENT_BITS if name == BYTES else _BYTE_BITS


def int_bits(value: int, width: int) -> float:
    """A number that took `width` bytes. One byte says nothing: it is as likely as any other."""
    if width == 1:
        return _BYTE_BITS
    return min(6.0 + 1.5 * math.log2(abs(value) + 1), _BYTE_BITS * width + 1.0)


def text_bits(text: str) -> float:
    """A text, character by character."""
    return _TEXT_START_BITS + sum(map(_character_bits, text))


def _character_bits(character: str) -> float:
    if character.isascii():
        if character.isalnum() or character == " ":
            return 5.0
        return 6.0 if character.isprintable() else 20.0
    return 11.0 if character.isprintable() else 20.0


def _readable_so_far(data: bytes) -> str | None:
    """The text that `data` begins, its last character perhaps cut; None where it is no modified UTF-8."""
    for cut in range(min(3, len(data) + 1)):
        tail = data[len(data) - cut :]
        if cut and not _begins_character(tail):
            continue
        try:
            return decode_modified_utf8(data[: len(data) - cut])
        except UTFDataFormatError:
            continue
    return None


def _begins_character(tail: bytes) -> bool:
    lead, rest = tail[0], tail[1:]
    return (0xE0 <= lead <= 0xEF or (0xC0 <= lead <= 0xDF and not rest)) and all(0x80 <= byte < 0xC0 for byte in rest)
