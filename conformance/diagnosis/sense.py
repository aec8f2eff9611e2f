"""Suspicions: all fits the protocol, and the numbers that a side sends make sense only another way, every one of them.

A right program may send any number, so that one odd number says nothing. Several different ones, over all connections,
that are large as they stand, and every one of them small or round when it is read another way, are a sign. Formats of
text need no several: digits and braces are no numbers that a program sends.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from math import isfinite

from conformance.agent.events import Side
from conformance.decoder import Conversation
from conformance.diagnosis.diagnose import diagnose
from conformance.diagnosis.finding import Finding
from conformance.diagnosis.plausibility import NUMBERS

__all__ = ["only_another_way", "suspicions"]

_SEVERAL = 4  # different numbers, two of them no powers of two: a right program may well send a few of those
_OF_TEXT = frozenset({"four-byte-length", "json", "number-as-text", "pickle", "utf-16-text", "xml"})
_ROUND = 2  # decimals
_LEAST, _MOST, _EXACT = 1e-3, 1e7, 2e-7


def suspicions(conversations: Sequence[Conversation]) -> list[Finding]:
    """What makes sense only another way, where all fits the protocol: over all connections of a cell, or of a case.

    They are likely at most. There are none of a right program, unless it means to send such numbers and no other.
    """
    found = [one for one in diagnose(conversations, suspect=True) if one.certainty == "likely"]
    odd = only_another_way(conversations) if found else ()
    return [one for one in found if one.key in _OF_TEXT or (one.side, one.key) in odd]


def only_another_way(conversations: Sequence[Conversation]) -> set[tuple[Side, str]]:
    """The sides whose numbers do, each with the key of the mistake that makes such numbers."""
    numbers: dict[tuple[Side, int], list[bytes]] = defaultdict(list)  # by side and size
    for conversation in conversations:
        steps = conversation.protocol.fields
        for field in conversation.fields:
            if field.type in NUMBERS and steps[field.ordinal].equals is None:
                numbers[field.side, NUMBERS[field.type]].append(field.raw)
    return {(side, key) for (side, size), raws in numbers.items() for key in _ways(raws, size)}


def _ways(raws: Sequence[bytes], size: int) -> Iterator[str]:
    if size > 1 and _all_odd(raws, size, _small):
        yield "little-endian-int"
    if size == 4 and _all_odd(raws, size, lambda raw: _is_round(*struct.unpack(">f", raw))):
        yield "float-for-int"
    pairs = [first + second for first, second in zip(raws[::2], raws[1::2], strict=False)] if size == 4 else raws
    if size in (4, 8) and _all_odd(pairs, size, lambda raw: _is_round(*struct.unpack(">d", raw))):
        yield "double-for-int"


def _all_odd(raws: Sequence[bytes], size: int, makes_sense: Callable[[bytes], bool]) -> bool:
    """Whether there are several, and each of them makes sense, and is large as it stands."""
    different = {raw for raw in raws if raw != raw[::-1]}  # what reads the same both ways says nothing
    other = sum(int.from_bytes(raw, "big").bit_count() > 1 for raw in different)
    if len(different) < _SEVERAL or other < 2:
        return False
    return all(_large(raw[:size]) and makes_sense(raw) for raw in different)


def _large(raw: bytes) -> bool:
    """Whether it takes more than half of its bits."""
    return abs(int.from_bytes(raw, "big", signed=True)) >= 1 << 4 * len(raw)


def _small(raw: bytes) -> bool:
    return abs(int.from_bytes(raw, "little", signed=True)) < 1 << 4 * len(raw)


def _is_round(value: float) -> bool:
    """Whether it is such as people write: of a usual size, with few decimals."""
    size = abs(value)
    return isfinite(value) and _LEAST <= size < _MOST and abs(round(value, _ROUND) - value) <= _EXACT * size
