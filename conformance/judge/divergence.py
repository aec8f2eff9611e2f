"""Where the wire and the consoles first differ, as something that a page can mark: the place of the first problem.

The bytes on the wire, and on each console the line about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.agent.events import Side
from conformance.agent.problem import Problem
from conformance.agent.sized_bytes import BYTES
from conformance.decoder import Conversation, Field
from conformance.judge.consoles import common
from conformance.judge.correlation import LinePlace
from conformance.judge.verdict import ProcessResult
from javaio import WIRE_TYPES

__all__ = ["Divergence", "LineMark", "WireMark", "find_divergence"]

_TELL_EXPECTED = ("wrong-value", "never-sent", "ends-inside")


@dataclass(frozen=True)
class WireMark:
    """Bytes on the wire: of a field, or (`field` None) such as are none; `expected` where one value is right.

    `raw` is all of them, and empty where something is missing there. `expected_raw` is None where no one value is
    right, or where the type cannot hold it.
    """

    connection: int
    side: Side
    offset: int
    raw: bytes
    at: float
    field: str | None = None
    type: str | None = None
    value: Any = None
    expected: Any = None
    expected_raw: bytes | None = None

    @property
    def differs(self) -> int:
        """How many bytes are right before the first that is not; 0 where no one value is right."""
        return 0 if self.expected_raw is None else common(self.raw, self.expected_raw)


@dataclass(frozen=True)
class LineMark:
    """Line `line` of all those of the program `program`, both counted from 0; `expected` is what it must be."""

    program: int
    line: int
    expected: str | None = None


@dataclass(frozen=True)
class Divergence:
    """What is marked, and when it showed; of the lines the first is the one that is wrong, if one is."""

    at: float
    wire: WireMark | None
    lines: tuple[LineMark, ...]


def find_divergence(
    problems: Iterable[Problem],
    conversations: Sequence[Conversation],
    results: Sequence[ProcessResult],
    correlated: Sequence[Mapping[int, LinePlace]],
    only: Side | None = None,
) -> Divergence | None:
    """The place of the first of `problems`; None where it has none, as when a program never started.

    `correlated` has for each of `results` the fields that its lines tell of. `only` is the side that is judged, in a
    case, where the other one does wrong on purpose: where its problems have no place, that of its bytes is taken.
    """
    if only is None:
        return next((_place(problem, conversations, results, correlated) for problem in problems), None)
    broken = [problem for conversation in conversations for problem in conversation.problems]
    for problem in (*problems, *sorted(broken, key=lambda problem: problem.at or 0.0)):
        if problem.where.side in (None, only):
            found = _place(problem, conversations, results, correlated)
            if found is not None:
                return found
    return None


def _place(
    problem: Problem,
    conversations: Sequence[Conversation],
    results: Sequence[ProcessResult],
    correlated: Sequence[Mapping[int, LinePlace]],
) -> Divergence | None:
    wire = _wire_mark(problem, conversations)
    line = _line_mark(problem, results)
    told = [] if wire is None or wire.field is None else list(_lines_of(wire, correlated))
    if line is not None:
        at = results[line.program].lines[line.line].at
        others = (mark for mark in told if mark.program != line.program)
        return Divergence(at, wire, (line, *others))
    return None if wire is None else Divergence(wire.at, wire, tuple(told))


def _line_mark(problem: Problem, results: Sequence[ProcessResult]) -> LineMark | None:
    where = problem.where
    if where.line is None:
        return None
    role = problem.values.get("role")
    for number, result in enumerate(results):
        named = result.label == where.program and role in (None, result.program.role)
        if (named or len(results) == 1) and where.line < len(result.lines):
            return LineMark(number, where.line, problem.values.get("near", problem.values.get("expected")))
    return None


def _wire_mark(problem: Problem, conversations: Sequence[Conversation]) -> WireMark | None:
    where = problem.where
    conversation = next((one for one in conversations if one.number == where.connection), None)
    if conversation is None or where.side is None or where.offset is None:
        return None
    direction = conversation.connection.direction(where.side)
    field = _field_at(conversation, where.side, where.offset, where.field)
    if field is None:
        at = direction.last if problem.at is None else problem.at
        told = (where.offset, direction.data[where.offset :], at, where.field, where.type, None)
    else:
        told = (field.offset, field.raw, field.came, field.name, field.type, field.value)
    if problem.code not in _TELL_EXPECTED and field is not None and field.problem is not None:
        problem = field.problem  # in a case, what must come may be told by the protocol, too
    expected = problem.values.get("expected") if problem.code in _TELL_EXPECTED else None
    return WireMark(conversation.number, where.side, *told, expected, _encoded(told[4], expected))


def _field_at(conversation: Conversation, side: Side, offset: int, name: str | None) -> Field | None:
    """The field that begins at that byte, of that name if one has it, or else the one that the byte is in."""
    found = None
    for field in conversation.fields:
        if field.side == side and field.offset == offset and field.name == name:
            return field
        if field.side == side and field.offset <= offset < field.end:
            found = field
    return found


def _encoded(type_: str | None, value: Any) -> bytes | None:
    if value is None or type_ is None:
        return None
    try:
        return bytes(value) if type_ == BYTES else WIRE_TYPES[type_].encode(value)
    except (TypeError, ValueError, OverflowError):  # `equals` may give what the type cannot hold
        return None


def _lines_of(wire: WireMark, correlated: Sequence[Mapping[int, LinePlace]]) -> Iterator[LineMark]:
    """The line of each program that tells of this field; of several the first."""
    place = LinePlace(wire.connection, wire.side, wire.offset)
    for number, places in enumerate(correlated):
        line = next((line for line, told in places.items() if told == place), None)
        if line is not None:
            yield LineMark(number, line)
