"""What bytes could be of which nothing is known: each guess is one way to read all of them that makes sense.

They are guesses about one piece as it came. A piece may be a part of a message, or several: then little or nothing is
guessed.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from conformance.agent.events import Side
from conformance.diagnosis.formats import HEADS, frames, other_format
from javaio import UTFDataFormatError, decode_modified_utf8

__all__ = ["GUESSES", "Guess", "guesses"]

GUESSES = ("byte", "chars", "counted", "double", "fields", "float", "format", "lines", "little-endian", "long", "text")
"""Every kind of a guess; `guess.KIND` is its text in the catalogue."""

_MOST = 3
_MOST_BYTES = 1 << 16  # that are looked at
_SHOWN = 80  # characters
_SHOWN_VALUES = 8
_LARGE = 1 << 24  # from which on a number is hardly one that people choose
_SPACE = re.compile(r"[\r\n\t]")
_PLAIN = (1e-4, 1e9)  # what people choose of numbers with a point


@dataclass(frozen=True)
class Guess:
    """One of `GUESSES`, and what the bytes say if it is right, for its text."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)


def guesses(side: Side, data: bytes) -> tuple[Guess, ...]:
    """The likeliest first, three at most; none where nothing makes sense."""
    return tuple(islice(_guesses(side, data), _MOST)) if 0 < len(data) <= _MOST_BYTES else ()


def _guesses(side: Side, data: bytes) -> Iterator[Guess]:
    found = other_format(side, data, (0,), ())
    if data.startswith(b"\xac\xed\0\5"):
        yield Guess("format", {"key": "write-object"})
    elif found is not None:
        begins = {} if found.detail is None else dict(found.detail.values)
        yield Guess("format", {"key": found.key, **begins})
    text = _readable(data)
    if text is not None:
        yield Guess("lines" if text.endswith("\n") else "text", {"text": _cut(text)})
    elif (fields := _fields(data)) is not None:
        shown = [f"{name} {_cut(value)!r}" for name, value in fields[:_SHOWN_VALUES]]
        yield Guess("fields", {"fields": ", ".join(shown + ["..."] * (len(fields) > _SHOWN_VALUES))})
    if text is None:
        yield from _chars(data)
        yield from _counted(data)
        yield from _numbers(data)


def _readable(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if _SPACE.sub("", text).isprintable() and text.strip() else None


def _cut(value: Any) -> Any:
    return f"{value[:_SHOWN]}..." if isinstance(value, str) and len(value) > _SHOWN else value


def _fields(data: bytes) -> list[tuple[str, Any]] | None:
    """Texts as `writeUTF` writes them, and ints that are not large, up to the end; None where it is anything else."""
    told: list[tuple[str, Any]] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        there = data[at + 2 : at + 2 + size]
        number = int.from_bytes(data[at : at + 4], "big", signed=True)
        try:
            text = decode_modified_utf8(there) if 0 < size == len(there) else ""
        except UTFDataFormatError:
            text = ""
        if text and text.isprintable():
            told.append(("UTF", text))
            at += 2 + size
        elif at + 4 <= len(data) and abs(number) < _LARGE:
            told.append(("int", number))
            at += 4
        else:
            return None
    return told


def _chars(data: bytes) -> Iterator[Guess]:
    """Two bytes a character, one of them zero in most."""
    if len(data) < 4 or len(data) % 2:
        return
    for order, zeros in (("big", data[::2]), ("little", data[1::2])):
        if 2 * zeros.count(0) > len(zeros):
            text = data.decode(f"utf-16-{order[0]}e", "replace").removeprefix("\ufeff")
            if len(text) > 1 and text.isprintable() and any(map(str.isalnum, text)):
                yield Guess("chars", {"text": _cut(text)})


def _counted(data: bytes) -> Iterator[Guess]:
    """Texts behind lengths other than that of `writeUTF`."""
    for head in HEADS:
        bodies = frames(data, 0, head) if (head.size, head.order, head.itself) != (2, "big", False) else []
        texts = [_readable(body) for body in bodies]
        if texts and None not in texts:
            shown = ", ".join(repr(_cut(text)) for text in texts[:_SHOWN_VALUES])
            yield Guess("counted", {"width": head.size, "order": head.order, "texts": shown})
            return


def _numbers(data: bytes) -> Iterator[Guess]:
    size = len(data)
    if size == 1:
        yield Guess("byte", {"number": data[0]})
    for kind, code in (("float", ">f"), ("double", ">d")):
        if size == struct.calcsize(code):
            (value,) = struct.unpack(code, data)
            shown = f"{value:.6g}"
            if _PLAIN[0] < abs(value) < _PLAIN[1] and struct.pack(code, float(shown)) == data:
                yield Guess(kind, {"number": shown})
    if size == 8 and 0 < abs(number := int.from_bytes(data, "big", signed=True)) < 1 << 56:
        yield Guess("long", {"number": number})
    if size % 4 == 0 and size:
        numbers = [int.from_bytes(data[at : at + 4], "little", signed=True) for at in range(0, size, 4)]
        other_way = [int.from_bytes(data[at : at + 4], "big", signed=True) for at in range(0, size, 4)]
        if all(abs(number) < _LARGE for number in numbers) and any(abs(number) >= _LARGE for number in other_way):
            yield Guess("little-endian", {"numbers": ", ".join(map(str, numbers[:_SHOWN_VALUES]))})
