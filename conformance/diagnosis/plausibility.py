"""What a value costs, in bits: the cheapest reading of bytes is the likeliest.

Programs send small numbers and readable text far more often than 1409286144 and control characters. A value costs about
as many bits as a code made for ordinary programs would give it. Under the right reading a wrong program's values cost
much more than under the mistake that was made, and the difference is the evidence.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from conformance.agent.sized_bytes import BYTES
from conformance.model.protocol import FieldStep

__all__ = [
    "ADDRESS_BITS",
    "BYTE_BITS",
    "CONTENT_BITS",
    "NUMBERS",
    "TEXT",
    "byte_bits",
    "int_bits",
    "settled_bits",
    "text_bits",
    "unknown_bits",
    "value_bits",
]

TEXT = "UTF"
NUMBERS = {"byte": 1, "unsignedByte": 1, "short": 2, "unsignedShort": 2, "int": 4, "long": 8}
ADDRESS_BITS = 10.0
BYTE_BITS = 8.0
CONTENT_BITS = 4.5  # a byte of a content is as likely to be this as to be a letter of a text
_TEXT_START_BITS = 6.0
_SCRIPT_BITS = 12.0
_UNKNOWN_START_BITS = 10.0
_ROUND_BITS = 16.0


def settled_bits(step: FieldStep, bits: float) -> float:
    """What a value costs that is what it must be, and would cost `bits` if it could be anything."""
    if step.equals is not None:
        return 0.0
    return bits if step.form is None else ADDRESS_BITS


def value_bits(name: str, value: Any, size: int) -> float:
    """What a value of the type `name` costs that took `size` bytes."""
    if name == TEXT:
        return text_bits(value)
    return int_bits(value, size) if name in NUMBERS else byte_bits(name) * size


def byte_bits(name: str) -> float:
    """What a byte costs, of a field of the type `name`, that says nothing by itself."""
    return CONTENT_BITS if name == BYTES else BYTE_BITS


def int_bits(value: int, width: int) -> float:
    """What a whole number of `width` bytes costs."""
    if width == 1:
        return BYTE_BITS  # one byte says nothing: it is as likely as any other
    bits = min(6.0 + 1.5 * math.log2(abs(value) + 1), BYTE_BITS * width + 1.0)
    # Who tries the limits writes these; so does who thinks in powers of two.
    near = min(abs(abs(value) - (1 << 8 * width - 1)), abs(value - (1 << 8 * width)))
    return min(bits, _ROUND_BITS) if near <= 1 or abs(value).bit_count() == 1 else bits


def text_bits(text: str) -> float:
    """A text of one or two scripts; each more is as rare as an odd character."""
    scripts = {script for script in map(_script, set(text)) if script}
    return _TEXT_START_BITS + sum(map(_character_bits, text)) + _SCRIPT_BITS * max(0, len(scripts) - 1)


# Where the blocks of letters begin, and what a letter of them costs: Latin, Greek, Cyrillic, Hebrew, Arabic, kana, Han,
# Hangul. What no text of a person has costs most.
_BLOCKS: Sequence[tuple[int, str, float]] = (
    (0x00, "", 5.0),
    (0xA0, "", 13.0),
    (0xC0, "", 11.0),
    (0x100, "Latin", 12.0),
    (0x180, "rare", 20.0),
    (0x370, "Greek", 8.0),
    (0x400, "Cyrillic", 8.0),
    (0x500, "rare", 20.0),
    (0x5D0, "Hebrew", 8.0),
    (0x600, "Arabic", 8.0),
    (0x700, "rare", 20.0),
    (0x2010, "", 11.0),
    (0x2030, "rare", 16.0),
    (0x3000, "Han", 9.0),
    (0x3040, "Han", 8.0),
    (0x3100, "rare", 18.0),
    (0x4E00, "Han", 12.0),
    (0xA000, "rare", 20.0),
    (0xAC00, "Hangul", 9.0),
    (0xD7A4, "rare", 20.0),
    (0xFF00, "Han", 10.0),
    (0x10000, "", 11.0),
)
_STARTS = [start for start, _, _ in _BLOCKS]
_FIRST_HAN = "\u4e00"
_USUAL_ROWS = (
    ("gb2312", range(0xB0, 0xD8)),
    ("big5", range(0xA4, 0xC7)),
    ("shift_jis", range(0x88, 0x98)),
    ("euc_kr", range(0xB0, 0xC9)),
)
_USUAL = frozenset("àâäçéèêëîïôöùûüœæñßáíóúãõåøÉÈÀÇ’“”«»…–—€\N{NO-BREAK SPACE}")


def _script(character: str) -> str:
    return _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]


def _character_bits(character: str) -> float:
    if character in _USUAL:
        return 7.0
    if not character.isprintable():
        return 20.0
    if character.isascii():
        return 5.0 if character.isalnum() or character == " " else 6.0
    if character >= _FIRST_HAN and not _is_common(character):
        return 18.0
    return _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][2]


@lru_cache(4096)
def _is_common(character: str) -> bool:
    """Whether a standard of a country has it among its usual ones; most of what a wrong reading gives is not."""
    if character > "\uff00":
        return True
    for charset, usual in _USUAL_ROWS:
        try:
            if character.encode(charset)[0] in usual:
                return True
        except UnicodeEncodeError:
            continue
    return False


def unknown_bits(data: bytes) -> float:
    """What the bytes cost if they are of a format that nobody here knows: they have some structure all the same."""
    bits, before, run = _UNKNOWN_START_BITS, -1, 0
    for byte in data:
        run = run + 1 if byte == before else 0
        before = byte
        if run > 3:
            bits += 0.5
        else:
            bits += 4.0 if byte in (0, 0xFF) else 6.0 if 0x20 <= byte < 0x7F else BYTE_BITS
    return bits
