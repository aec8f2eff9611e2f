"""The right way to write a field: javaio's table of wire types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.agent.sized_bytes import BYTES, SizeError
from conformance.diagnosis.codec import Candidate, Source
from conformance.diagnosis.plausible import int_bits, text_bits
from conformance.model.protocol import FieldStep
from javaio import IncompleteValueError, UTFDataFormatError, decode_modified_utf8

__all__ = ["CONTENT_BITS", "NUMBERS", "TEXT", "Right", "readable_so_far", "right_candidate"]

TEXT = "UTF"
NUMBERS = {"byte": 1, "unsignedByte": 1, "short": 2, "unsignedShort": 2, "int": 4, "long": 8}
CONTENT_BITS = 4.5
"""A byte of a content costs so much, whatever it is: as likely to be this as to be a letter of a text."""

_FAR_FROM_WHOLE_BITS = 20.0
_LONG = 255
_LONG_CONTENT = 1 << 16
_UNTOLD_BITS = 7.5  # a byte of so many as nothing has told: what swallows everything explains nothing


@dataclass(frozen=True)
class Right:
    """No mistake."""

    key: str | None = None
    prior: float = 0.0

    def fits(self, step: FieldStep) -> bool:
        """Any field can be written right."""
        return True

    def read(self, source: Source, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """One way, or none where the text is malformed."""
        candidate = right_candidate(source.data, offset, step)
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
    except SizeError:
        return None
    except IncompleteValueError as error:
        return _begun(data, offset, step, error.expected)
    except UTFDataFormatError:
        return None
    if step.type == TEXT:
        bits = text_bits(value)
    elif step.type in NUMBERS:
        bits = int_bits(value, size)
    elif step.type == BYTES:
        bits = CONTENT_BITS * size
    else:
        bits = 8.0 * size
    return Candidate(value, offset + size, bits, right=True)


def _begun(data: bytes, offset: int, step: FieldStep, size: int) -> Candidate | None:
    there = data[offset:]
    if step.type == BYTES:
        far = size > _LONG_CONTENT and size > 4 * len(there)
        return Candidate(there, len(data), CONTENT_BITS * len(there) + far * _FAR_FROM_WHOLE_BITS, True, False)
    if step.type != TEXT or len(there) < 2:
        # Small numbers begin with 00, or with FF where they are negative: that says little. The rest says all it can.
        bits = 8.0 * len(there.lstrip(there[:1] if there[:1] in (b"\x00", b"\xff") else b"")) + 1.0
        return Candidate(None, len(data), bits, right=True, whole=False)
    text = readable_so_far(there[2:])
    if text is None:
        return None
    bits = text_bits(text) + (_FAR_FROM_WHOLE_BITS if size > _LONG and size > 4 * len(there) else 0.0)
    return Candidate(text, len(data), bits, right=True, whole=False)


def readable_so_far(data: bytes) -> str | None:
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
