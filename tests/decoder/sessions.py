"""Right sessions of any protocol, drawn at random: the values, and the bytes of both sides, made by javaio's encoders.

It is written apart from the decoder on purpose: it goes through the protocol from the side of those who speak.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping, Sequence
from typing import Any

from hypothesis import strategies as st

from conformance.agent.events import CLIENT, Side
from conformance.agent.expressions import names_in, parse_expression
from conformance.agent.sized_bytes import BYTES
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step

__all__ = ["Spoken", "sessions"]

Spoken = tuple[Side, str, Any, bytes]
"""Who says it, the field's name, its value, its bytes."""

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "byte": st.integers(-128, 127),
    "unsignedByte": st.integers(0, 255),
    "short": st.integers(-(2**15), 2**15 - 1),
    "unsignedShort": st.integers(0, 2**16 - 1),
    "char": st.characters(max_codepoint=0xFFFF),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "UTF": st.text(max_size=12),
}


@st.composite
def sessions(draw: st.DrawFn, protocol: Protocol) -> list[Spoken]:
    """A whole session, in the order of the protocol."""
    sizes = {name for step in protocol.fields if step.size is not None for name in names_in(step.size)}
    return _steps(draw, protocol.session, ChainMap(), sizes)


def _steps(draw: st.DrawFn, steps: Sequence[Step], known: MutableMapping[str, Any], sizes: set[str]) -> list[Spoken]:
    spoken: list[Spoken] = []
    for step in steps:
        match step:
            case FieldStep():
                value = _value(draw, step, known, sizes)
                known[step.field] = value
                spoken.append((step.sender, step.field, value, step.wire(known).encode(value)))
            case Repeat(repeat=body):
                for _ in range(draw(st.integers(0, 3))):
                    spoken += _steps(draw, body, known, sizes)
            case BothWays(sides=sides):
                spoken += _steps(draw, sides.client, known, sizes) + _steps(draw, sides.server, known, sizes)
    return spoken


def _value(draw: st.DrawFn, step: FieldStep, known: MutableMapping[str, Any], sizes: set[str]) -> Any:
    if step.equals is not None:
        return parse_expression(step.equals)(known)
    if step.form is not None:
        return draw(st.ip_addresses().map(str))
    if step.type == BYTES:
        size = step.wire(known).size
        return draw(st.binary(min_size=size, max_size=size))
    return draw(st.integers(0, 40) if step.field in sizes else _VALUES[step.type])


def stream(spoken: Sequence[Spoken], side: Side) -> bytes:
    """All that one side sends in it."""
    return b"".join(data for sender, _, _, data in spoken if sender == side)


def sides_of(spoken: Sequence[Spoken]) -> dict[Side, list[tuple[str, Any]]]:
    """The values of each side, in the order in which it sends them."""
    said: dict[Side, list[tuple[str, Any]]] = {CLIENT: [], "server": []}
    for sender, name, value, _ in spoken:
        said[sender].append((name, value))
    return said
