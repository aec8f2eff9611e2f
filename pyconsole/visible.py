"""Text from the network, made safe to print.

A control character could clear the screen, move the cursor, or end the line and so fake the next one.
"""

__all__ = ["visible"]

_CONTROLS = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x2028,  # LINE SEPARATOR and PARAGRAPH SEPARATOR, which some terminals take for the end of a line
    0x2029,
    *range(0x202A, 0x202F),  # these change the direction of the text that follows
    *range(0x2066, 0x206A),
]
_ESCAPED = {code: repr(chr(code))[1:-1] for code in _CONTROLS}
_ESCAPED.update({code: f"\\x{code:02x}" for code in range(0x7F, 0xA0)})


def visible(text: str) -> str:
    r"""The text with its control characters escaped as in a Python string: `\n`, `\x1b`, `\u2028`.

    All other characters stay, backslashes too: the result is for reading, not for decoding.
    """
    return text if text.isprintable() else text.translate(_ESCAPED)
