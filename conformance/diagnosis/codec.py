"""What a decoder of one mistake is: given where a field begins, how may it read, had its sender made that mistake?

More than one way may be open (text without its length ends anywhere), so a codec gives candidates, the likeliest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from conformance.model.protocol import FieldStep

__all__ = ["Candidate", "Codec", "Source"]


@dataclass(frozen=True)
class Source:
    """The bytes to read, and where the pieces ended in which they came to the tap."""

    data: bytes
    cuts: tuple[int, ...] = ()

    def cuts_within(self, start: int, end: int) -> list[int]:
        """The ends of pieces after `start`, up to `end`."""
        return [cut for cut in self.cuts if start < cut <= end]


@dataclass(frozen=True)
class Candidate:
    """One way to read a field: its value, where it ends, how plausible it is, and whether a right sender writes it so.

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

    def read(self, source: Source, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """The ways to read what stands at `offset`; `expected` is what it must be, where that is known."""
