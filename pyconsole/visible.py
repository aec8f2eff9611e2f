"""Text from the network, made safe to print.

A control character could clear the screen, move the cursor, or end the line and so fake the next one; a mark that
nobody sees could turn the direction of what follows, or make two names look alike.
"""

import unicodedata

__all__ = ["visible"]

_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp"})  # Unicode's controls, formats, separators of lines and of paragraphs
_JOINERS = "\u200c\u200d"  # they join the parts of an emoji, and letters of some scripts


class _Escapes(dict[int, str]):
    def __missing__(self, code: int) -> str:
        character = chr(code)
        if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
            raise LookupError
        return repr(character)[1:-1]


_ESCAPES = _Escapes()


def visible(text: str) -> str:
    r"""The text with what nobody would see escaped as in a Python string: `\n`, `\x1b`, `\u2028`, `\u202e`.

    All other characters stay, backslashes too: the result is for reading, not for decoding.
    """
    return text if text.isprintable() else text.translate(_ESCAPES)
