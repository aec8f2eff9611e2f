"""What there is to tell of a conversation, one thing at a time; how it is told is `telling.py`'s business.

`at` is in seconds since the tap began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from conformance.agent.events import Side
from conformance.diagnosis import Finding

__all__ = ["Bytes", "Closing", "Elided", "Field", "Mistake", "Opened", "Problem", "Refused", "Seen", "Stall"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A client has connected."""

    at: float
    connection: int
    client: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server could not be reached for it: a problem."""

    at: float
    connection: int
    why: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the protocol has passed, all of it. `problem` says what is wrong with it, if something is."""

    at: float
    connection: int
    sender: Side
    name: str
    type: str
    value: Any
    raw: bytes
    offset: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes that are no field: after something that does not fit the protocol, nothing more can be read."""

    at: float
    connection: int
    sender: Side
    data: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something does not fit the protocol, or never came."""

    at: float
    connection: int
    sender: Side
    sentence: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """The well-known mistake that fits what went wrong, and others that fit less well."""

    at: float
    connection: int
    finding: Finding
    others: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing has come for a while, and something should."""

    at: float
    connection: int
    sender: Side
    sentence: str


@dataclass(frozen=True, slots=True)
class Elided:
    """More came than can be shown; it has passed all the same."""

    at: float
    connection: int
    sender: Side
    sentence: str


@dataclass(frozen=True, slots=True)
class Closing:
    """A side ends its stream, or resets the connection."""

    at: float
    connection: int
    sender: Side
    how: Literal["end", "reset"]
    why: str = ""


Seen = Opened | Refused | Field | Bytes | Problem | Mistake | Stall | Elided | Closing
