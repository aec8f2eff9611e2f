"""Characters that hide, made to be seen: controls, what turns the direction of writing, surrogates without their pair.

The page's script has the same rule (`visible` in common.js), for what only comes into the page when a cell is opened.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from markupsafe import Markup

__all__ = ["prose", "visible"]

_HIDING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: object) -> Markup:
    """The text as markup; each character that would not be seen is its escape, in an element of its own."""
    parts = []
    for hides, characters in groupby(str(text), lambda character: unicodedata.category(character) in _HIDING):
        if hides:
            parts.append(Markup('<span class="odd">{}</span>').format("".join(map(_escape, characters))))
        else:
            parts.append(Markup.escape("".join(characters)))
    return Markup("").join(parts)


def prose(sentence: object) -> Markup:
    """A sentence of the harness: `visible`, and what stands between backticks is code."""
    parts = map(visible, re.split("`([^`]+)`", str(sentence)))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def _escape(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character, f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")
