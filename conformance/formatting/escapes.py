r"""Text that came from outside, made safe to show: what nobody would see is its escape, `\n`, `\u001B`, `\u202E`.

A control could clear a terminal, a line break forge the next line, and a mark of direction turn what follows. Such are
controls, formats, surrogates without their pair, private and unassigned characters, and the separators of lines and
paragraphs: the Unicode categories Cc, Cf, Cs, Co, Cn, Zl and Zp. The pages have the same rule, in `common.js`.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["escaped", "hides", "one_line"]

_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def hides(character: str) -> bool:
    """Whether the character is one that nobody would see."""
    return unicodedata.category(character) in _HIDING


def escaped(text: str) -> str:
    """The text with each such character as its escape. Backslashes stay: it is for reading, not for decoding."""
    if text.isprintable():
        return text
    return "".join(_escape(character) if hides(character) else character for character in text)


def one_line(text: str) -> str:
    """The text with each line break as its escape, so that it stays in the line that it is put into."""
    return text if text.isprintable() else _BREAKS.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character, f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")
