"""What stands on the wire in a case: `int: 84`, `UTF: bonjour`, `hex: C0 80`, and lists of these.

`docs/write-an-exercise.md` has all forms of them. A value that has a name, `?name` or `as: name`, is remembered when
it is received or made up, and `= first + second` is computed from what is remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from conformance.agent.addresses import is_address
from conformance.agent.expressions import Expression, parse_expression
from conformance.agent.sized_bytes import BYTES, SizedBytes
from javaio import WIRE_TYPES, WireType

__all__ = ["Item", "encode_items", "parse_items"]

_PATTERN = bytes(range(251))  # a prime: no piece of a usual size begins twice at the same byte of it


class Item(NamedTuple):
    """One thing on the wire: a value of a type, or bytes, with a mapping of their `hex` or their `size`, and `as`."""

    type: str
    value: Any

    @property
    def remembers(self) -> str | None:
        """The name under which any value is taken here."""
        if isinstance(self.value, dict):
            return self.value.get("as")
        return self.value[1:] if isinstance(self.value, str) and self.value.startswith("?") else None

    def fits(self, value: Any) -> bool:
        """Whether any value, which is taken here, may be this one."""
        return not (self.type == "UTF" and isinstance(self.value, dict)) or is_address(value)

    def size(self, known: Mapping[str, Any]) -> Any:
        """How many bytes, of an item that is bytes; it may be computed, and no number of bytes then."""
        return len(bytes.fromhex(self.value["hex"])) if "hex" in self.value else _computed(self.value["size"], known)

    def wire(self, known: Mapping[str, Any]) -> WireType[Any]:
        """How it stands on the wire; raises `SizeError` where what is known gives no size."""
        return SizedBytes(self.size(known)) if self.type == BYTES else WIRE_TYPES[self.type]

    def evaluate(self, known: Mapping[str, Any]) -> Any:
        """Its value, computed where it is an expression."""
        if self.type != BYTES:
            return _computed(self.value, known)
        if "hex" in self.value:
            return bytes.fromhex(self.value["hex"])
        size = self.wire(known).size
        return (_PATTERN * (size // len(_PATTERN) + 1))[:size]


def _computed(value: Any, known: Mapping[str, Any]) -> Any:
    expression = _expression(value)
    return value if expression is None else expression(known)


def _expression(value: Any) -> Expression | None:
    """What a value is computed by; None where it is written as it is."""
    return parse_expression(value[2:]) if isinstance(value, str) and value.startswith("= ") else None


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
    match kind, value:
        case "hex", _:
            yield Item(BYTES, {"hex": _hex(value)})
        case "bytes", {"size": int() | str() as size, **rest} if not rest.keys() - {"as"}:
            if _expression(size) is None and (isinstance(size, str) or size < 0):
                raise ValueError(f"bytes: the size is a number from 0 on, or computed as '= size' is, and not {size!r}")
            yield Item(kind, value)
        case "bytes", {"hex": digits, **rest} if not rest.keys() - {"as"}:
            yield Item(kind, {**value, "hex": _hex(digits)})
        case "bytes", _:
            raise ValueError(f"bytes: size or hex, and perhaps as, are needed, and not {value!r}")
        case "UTF", {"as": _, "form": "IP address", **rest} if not rest:
            yield Item(kind, value)
        case "UTF", {"form": _}:
            raise ValueError(f"UTF: the form is {{as: NAME, form: IP address}}, and not {value!r}")
        case "UTF", {"text": str(text), "times": int(times), **rest} if not rest:
            yield Item(kind, text * times)
        case "UTF", {"points": str(points), "each": int(each), **rest} if not rest and ".." in points:
            first, last = (int(point, 16) for point in points.split(".."))
            size = int(str(each), 16)
            for start in range(first, last + 1, size):
                yield Item(kind, "".join(map(chr, range(start, min(start + size, last + 1)))))
        case "UTF", dict():
            raise ValueError(f"UTF: a text, or text and times, or points 0..FFFF and each 1000, and not {value!r}")
        case _ if kind not in WIRE_TYPES:
            raise ValueError(f"no such type on the wire: {kind!r}; known are hex, {BYTES}, {', '.join(WIRE_TYPES)}")
        case _, str() if value.startswith("?") or _expression(value) is not None:
            yield Item(kind, value)
        case _:
            try:
                WIRE_TYPES[kind].encode(value)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(str(error)) from None
            yield Item(kind, value)


def _hex(digits: Any) -> str:
    try:
        bytes.fromhex(str(digits))
    except ValueError:
        raise ValueError(f"hex: pairs of hexadecimal digits are needed, got {digits!r}") from None
    return str(digits)


def encode_items(items: Sequence[Item], known: dict[str, Any]) -> bytes:
    """The bytes of all of them; what was made up for one that has a name is known by it from then on."""
    made = bytearray()
    for item in items:
        data = item.wire(known).encode(item.evaluate(known))
        if item.type == BYTES and item.remembers is not None:
            known[item.remembers] = data
        made += data
    return bytes(made)
