"""`ObjectOutputStream` in place of `DataOutputStream`: a stream of Java's own, which begins with AC ED 00 05."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.diagnosis.codec import Candidate, Source
from conformance.diagnosis.right import right_candidate
from conformance.model.protocol import FieldStep

__all__ = ["Serialized"]

_HEADER = b"\xac\xed\x00\x05"
_STRING = re.compile(rb"t(..)", re.DOTALL)
_HEADER_BITS = 4.0


@dataclass(frozen=True)
class Serialized:
    """All that follows the header is explained by it: whatever it is, it is no field of the protocol."""

    key: str = "write-object"
    prior: float = 2.0

    def fits(self, step: FieldStep) -> bool:
        """Any field can be sent as an object."""
        return True

    def read(self, source: Source, offset: int, step: FieldStep, expected: Any) -> Iterator[Candidate]:
        """The header and the rest; what came before it may have been right."""
        there = source.data[offset:]
        if there[: len(_HEADER)] == _HEADER:
            yield Candidate(_first_string(there), len(source.data), _HEADER_BITS, opaque=True)
            return
        right = right_candidate(source.data, offset, step)
        if right is not None:
            yield right


def _first_string(there: bytes) -> str:
    found = _STRING.match(there, len(_HEADER))
    if found is None:
        return "objects"
    size = int.from_bytes(found[1], "big")
    return there[found.end() : found.end() + size].decode("utf-8", "replace")
