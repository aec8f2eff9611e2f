"""What is wrong, as a value: a code that never changes, the place, and the facts. A sentence is made of it at the edge.

`codes.json` has every code with its meaning, by area; `conformance/spec/messages/` has its sentence in each language.
A code never changes its meaning: teachers' tools and records of old runs rely on it.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from conformance.agent.events import Side

__all__ = ["CODES", "HARNESS", "HarnessError", "Problem", "ProblemError", "Where"]

_AREAS: Mapping[str, Mapping[str, str]] = json.loads((Path(__file__).parent / "codes.json").read_text("utf-8"))
CODES: Mapping[str, str] = {code: meaning for area in _AREAS.values() for code, meaning in area.items()}
"""Every code with its meaning, in a sentence."""
HARNESS = frozenset(_AREAS["harness"])
"""The codes of the harness's own trouble, which says nothing about a program."""

_SCARCE: Mapping[str, tuple[str, ...]] = {
    "harness-disk": ("ENOSPC", "EDQUOT"),
    "harness-files": ("EMFILE", "ENFILE"),
    "harness-memory": ("ENOMEM", "EAGAIN"),
    "harness-port": ("EADDRINUSE",),
}


@dataclass(frozen=True, slots=True)
class Where:
    """A place on the wire, or on a console; what does not apply is None.

    connection  its number, from 1
    side        whose bytes they are
    offset      the first byte concerned, counted from 0 among all that the side sent on that connection
    field       the field's name in the protocol, with `type`; `round` of its loop, from 1
    program     the label of the program whose console it is, `line` its line there, from 0
    """

    connection: int | None = None
    side: Side | None = None
    offset: int | None = None
    field: str | None = None
    type: str | None = None
    round: int | None = None
    program: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `values` are the facts by the names that the sentences use; `at` is when it showed, in seconds."""

    code: str
    where: Where = field(default_factory=Where)
    values: Mapping[str, Any] = field(default_factory=dict)
    at: float | None = None

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"no such code of a problem: {self.code!r}")

    def on(self, **places: Any) -> Problem:
        """The same problem with more of its place known."""
        return replace(self, where=replace(self.where, **places))

    def shows(self, code: str, **values: Any) -> Problem:
        """The problem of that code which this one shows: at its place, with its facts, and its code as `cause`."""
        return replace(self, code=code, values={**values, **self.values, "cause": self.code})

    def to_json(self) -> dict[str, Any]:
        """JSON's own types: bytes as `{"hex": ...}`, what is None left out."""
        place = {name: value for name in Where.__slots__ if (value := getattr(self.where, name)) is not None}
        plain = {
            name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in self.values.items()
        }
        return {"code": self.code, "where": place, "values": plain} | ({} if self.at is None else {"at": self.at})

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Problem:
        """The problem that `to_json` wrote."""
        values = {
            name: bytes.fromhex(value["hex"]) if isinstance(value, dict) and value.keys() == {"hex"} else value
            for name, value in entry["values"].items()
        }
        return cls(entry["code"], Where(**entry["where"]), values, entry.get("at"))


class ProblemError(Exception):
    """A problem that ends what was under way; whoever catches it at the edge makes a sentence of it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code, dict(problem.values))
        self.problem = problem


class HarnessError(ProblemError):
    """The harness's own trouble: a code of `HARNESS`, and the system's `reason`."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(Problem(code, values=values))

    @classmethod
    def of(cls, error: BaseException, otherwise: str = "harness-failed") -> HarnessError:
        """What an error of the system means for the harness; of the code `otherwise` where it is no usual shortage."""
        number = getattr(error, "errno", None)
        code = "harness-memory" if isinstance(error, MemoryError) else otherwise
        for scarce, names in _SCARCE.items():
            if number is not None and number in {getattr(errno, name, None) for name in names}:
                code = scarce
        return cls(code, reason=getattr(error, "strerror", None) or str(error) or type(error).__name__)
