"""The error messages that students meet: which line is which, from `spec/errors.yaml`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import field_validator

from conformance.model.yaml_file import Lines, Model, Name, load

__all__ = ["ErrorEntry", "KnownError", "explain_error", "known_errors"]

_FILE = Path(__file__).resolve().parents[1] / "spec" / "errors.yaml"
_HEAD = 4
_PRINTABLE = range(0x20, 0x7F)
_LARGEST = 1_000_000  # a number above it was hardly sent


class ErrorEntry(Model):
    """One kind of message: its texts are `error.KEY.cause` and `error.KEY.remedy`.

    `bytes` names the group of the patterns that shows what the peer sent.
    """

    key: Name
    patterns: Lines
    bytes: str | None = None

    @field_validator("patterns")
    @classmethod
    def _can_be_searched(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern}: no regular expression: {error}") from None
        return patterns


class _File(Model):
    errors: list[ErrorEntry]


class KnownError(NamedTuple):
    """A line that is known: the entry's key, the values of its texts, and what its bytes are, with their values."""

    key: str
    line: str
    values: Mapping[str, str]
    kind: str | None = None
    shown: Mapping[str, object] = {}


@functools.cache
def known_errors() -> Sequence[ErrorEntry]:
    """All entries, in the order of the file."""
    return load(_File, _FILE).errors


def explain_error(text: str) -> list[KnownError]:
    """What the lines of an error message, or of a whole console, are: each cause once, the most special one first."""
    found: dict[str, tuple[int, KnownError]] = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        for number, entry in enumerate(known_errors()):
            hits = (re.search(pattern, line, re.IGNORECASE) for pattern in entry.patterns)
            hit = next((hit for hit in hits if hit), None)
            if hit is not None:
                kind, shown = (None, {}) if entry.bytes is None else _what(hit[entry.bytes])
                found[entry.key] = number, KnownError(entry.key, line, hit.groupdict(), kind, shown)
                break
    return [error for _, error in sorted(found.values(), key=lambda each: each[0])]


def _what(text: str) -> tuple[str, Mapping[str, object]]:
    """What four bytes that were taken for something else are: a kind, and the values of its text."""
    hexadecimal = len(text) == 2 * _HEAD and not text.startswith("-")
    raw = bytes.fromhex(text) if hexadecimal else (int(text) & 0xFFFFFFFF).to_bytes(_HEAD, "big")
    begin = [byte in _PRINTABLE for byte in raw]
    length, value = int.from_bytes(raw[:2], "big"), int.from_bytes(raw, "big")
    if raw[:2] == b"\xac\xed":
        return "serialization", {"raw": raw}
    if raw[:2] == b"\x16\x03":
        return "tls", {"raw": raw}
    if all(begin):
        return "text", {"raw": raw, "text": raw.decode("ascii")}
    if raw[0] and all(begin[1:]):
        return "one-byte-length", {"raw": raw, "length": raw[0], "text": raw[1:].decode("ascii")}
    if length and all(begin[2:]):
        return "utf", {"raw": raw, "length": length, "text": raw[2:].decode("ascii")}
    if value <= _LARGEST:
        return "int", {"raw": raw, "value": value}
    if int.from_bytes(raw, "little") <= _LARGEST:
        return "low", {"raw": raw, "value": int.from_bytes(raw, "little")}
    return "other", {"raw": raw}
