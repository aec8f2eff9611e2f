"""What stands on the wire in a case: `int: 84`, `UTF: bonjour`, `hex: C0 80`, and lists of these.

A value is written as it is. In what is received, `?name` takes any value and remembers it; in what is sent, `= first +
second` computes one from what was remembered. `repeat: [...]` with `times: 10000` says the same thing often, and a UTF
may be `{text: a, times: 65535}` or `{points: 0..FFFF, each: 1000}`, all characters from one code point to another, so
many in each UTF (these numbers are hexadecimal).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.expressions import parse_expression
from javaio import WIRE_TYPES

__all__ = ["Item", "encode_items", "parse_items"]


@dataclass(frozen=True)
class Item:
    """One thing on the wire: a value of a type, or raw bytes (`hex`)."""

    type: str
    value: Any

    @property
    def remembers(self) -> str | None:
        """The name under which any value is taken here."""
        return self.value[1:] if isinstance(self.value, str) and self.value.startswith("?") else None

    def encode(self, known: Mapping[str, Any]) -> bytes:
        """Its bytes."""
        if self.type == "hex":
            return bytes.fromhex(self.value)
        return WIRE_TYPES[self.type].encode(self.evaluate(known))

    def evaluate(self, known: Mapping[str, Any]) -> Any:
        """Its value, computed where it is an expression."""
        if isinstance(self.value, str) and self.value.startswith("= "):
            return parse_expression(self.value[2:])(known)
        return self.value


def parse_items(raw: Any) -> tuple[Item, ...]:
    """The items that a list in YAML says; ValueError where one is none."""
    if not isinstance(raw, list):
        raise ValueError(f"must be a list such as [UTF: 127.0.0.1, int: 84], got {raw!r}")
    return tuple(item for entry in raw for item in _parse(entry))


def _parse(entry: Any) -> Iterator[Item]:
    match entry:
        case {"repeat": list(body), "times": int(times), **rest} if not rest:
            yield from parse_items(body) * times
        case dict() if len(entry) == 1:
            ((kind, value),) = entry.items()
            yield from _typed(kind, value)
        case _:
            raise ValueError(f"one thing on the wire is a type and a value, such as int: 84, and not {entry!r}")


def _typed(kind: str, value: Any) -> Iterator[Item]:
    if kind == "hex":
        try:
            bytes.fromhex(str(value))
        except ValueError:
            raise ValueError(f"hex: pairs of hexadecimal digits are needed, got {value!r}") from None
        yield Item(kind, str(value))
    elif kind not in WIRE_TYPES:
        raise ValueError(f"no such type on the wire: {kind!r}; known are hex, {', '.join(WIRE_TYPES)}")
    elif kind == "UTF" and isinstance(value, dict):
        yield from (Item(kind, text) for text in _texts(value))
    elif isinstance(value, str) and value.startswith("= "):
        parse_expression(value[2:])
        yield Item(kind, value)
    else:
        if not (isinstance(value, str) and value.startswith("?")):
            try:
                WIRE_TYPES[kind].encode(value)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(str(error)) from None
        yield Item(kind, value)


def _texts(value: Mapping[str, Any]) -> Iterator[str]:
    match value:
        case {"text": str(text), "times": int(times), **rest} if not rest:
            yield text * times
        case {"points": str(points), "each": int(each), **rest} if not rest and ".." in points:
            first, last = (int(point, 16) for point in points.split(".."))
            size = int(str(each), 16)
            for start in range(first, last + 1, size):
                yield "".join(map(chr, range(start, min(start + size, last + 1))))
        case _:
            raise ValueError(f"UTF: a text, or text and times, or points 0..FFFF and each 1000, and not {value!r}")


def encode_items(items: Sequence[Item], known: Mapping[str, Any]) -> bytes:
    """The bytes of all of them."""
    return b"".join(item.encode(known) for item in items)
