"""How much a reading has to be believed, in bits: the fewer, the more plausible.

Programs send small numbers and readable text far more often than 1409286144 and control characters. A value costs
about as many bits as a code made for ordinary programs would give it. Under a right reading a wrong program's values
cost much more than under the mistake that was made, and the difference is the evidence.
"""

from __future__ import annotations

import math

__all__ = ["ADDRESS_BITS", "LONGEST_ADDRESS", "int_bits", "may_become_address", "text_bits"]

ADDRESS_BITS = 10.0
LONGEST_ADDRESS = 255  # bytes; far beyond any address with its scope
_TEXT_START = 6.0


def int_bits(value: int, width: int) -> float:
    """A number that took `width` bytes. One byte says nothing: it is as likely as any other."""
    if width == 1:
        return 8.0
    return min(6.0 + 1.5 * math.log2(abs(value) + 1), 8.0 * width + 1.0)


def text_bits(text: str) -> float:
    """A text, character by character."""
    return _TEXT_START + sum(map(_character_bits, text))


def _character_bits(character: str) -> float:
    if character.isascii():
        if character.isalnum() or character == " ":
            return 5.0
        return 6.0 if character.isprintable() else 20.0
    return 11.0 if character.isprintable() else 20.0


def may_become_address(text: str) -> bool:
    """Whether an address can begin so."""
    head, scoped, _ = text.partition("%")
    return all(character in "0123456789abcdefABCDEF:." for character in head) and (not scoped or ":" in head)
