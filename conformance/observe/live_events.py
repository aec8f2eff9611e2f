"""What shows of a connection while it goes on, one event at a time. How it is written is for whoever takes them.

`at` is in seconds since the tap began; `connection` is the connection's number, from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.agent.events import Side
from conformance.agent.problem import Problem
from conformance.decoder import Field
from conformance.diagnosis import Finding
from conformance.diagnosis.guesses import Guess

__all__ = ["Bytes", "Closed", "Diagnosed", "Elided", "FieldRead", "LiveEvent", "Opened", "ProblemFound", "Stalled"]


@dataclass(frozen=True, slots=True)
class _Live:
    at: float
    connection: int


@dataclass(frozen=True, slots=True)
class Opened(_Live):
    """A client has connected; `client` is its address and port."""

    client: str


@dataclass(frozen=True, slots=True)
class FieldRead(_Live):
    """A field has passed, whole; `field.problem` says what is wrong with it."""

    field: Field


@dataclass(frozen=True, slots=True)
class Bytes(_Live):
    """Bytes that are no field, since nothing more of that side can be read; `offset` is that of the first.

    `guesses` are what they could be, where no protocol says what they are; None where one does.
    """

    side: Side
    data: bytes
    offset: int
    guesses: tuple[Guess, ...] | None = None


@dataclass(frozen=True, slots=True)
class ProblemFound(_Live):
    """Something does not fit the protocol, or never came, or the server refused the connection."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Diagnosed(_Live):
    """The mistake that explains what went wrong, and others that explain it less well."""

    finding: Finding
    others: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Stalled(_Live):
    """Nothing has come for a while, and something is due: no problem yet, for it may still come."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Elided(_Live):
    """From here on the bytes of the problem's side are passed on and no longer read."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Closed(_Live):
    """A side has ended its stream, or the connection was reset; `reason` is the system's, of a reset."""

    side: Side
    how: Literal["end", "reset"]
    reason: str = ""


LiveEvent = Opened | FieldRead | Bytes | ProblemFound | Diagnosed | Stalled | Elided | Closed
