"""Which field or connection on the wire each line of a console tells of, and where the two first differ.

A line is compared with what the wire has its template say, of each field that it is bound to: it is taken for the first
that fits and that no line before it has told of. Of several connections a line is compared with its own, where it has
an id or stands in a block of lines; a line there that fits none, since it tells a wrong value, is taken for the next
field in turn. Of lines that may be of any connection, those that fit none are taken, in turn, for the fields left over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.problem import Problem
from conformance.decoder import Conversation, Field, encoded
from conformance.judge.broadcast import posts
from conformance.judge.consoles import (
    Printed,
    WireLine,
    common,
    connection_lines,
    owners,
    places_of,
    read_lines,
    told_by_id,
    wire_lines,
)
from conformance.judge.verdict import ProcessResult
from conformance.model.placeholders import fill
from conformance.model.program import Console

__all__ = ["Divergence", "LineMark", "LinePlace", "WireMark", "correlate", "find_divergence"]

_AHEAD = 500  # lines that are looked at beyond the next in turn
_TELL_EXPECTED = ("wrong-value", "never-sent", "ends-inside")


class LinePlace(NamedTuple):
    """A field by where it stands: its side and its first byte there; without them, a connection as a whole."""

    connection: int
    side: Side | None = None
    offset: int | None = None


def correlate(result: ProcessResult, conversations: Sequence[Conversation]) -> dict[int, LinePlace]:
    """For each line of the program that tells of a field or a connection, by its place among all lines: of which."""
    console = result.program.console
    if console is None:
        return {}
    if result.member is not None:
        conversations = [
            one for one in conversations if any(post.author == result.member for post in posts(one, CLIENT))
        ]
    values = {"host": "127.0.0.1", "port": result.port}
    sequences = [connection_lines(console, conversation, values) for conversation in conversations]
    listening = None if console.listening is None else fill(console.listening, values)
    out = [(number, line.text) for number, line in enumerate(result.lines) if line.stream == "out"]
    lines = read_lines(console, listening, out)
    if len(conversations) == 1:
        whose = {printed.place: 0 for printed in lines}
    elif console.order == "one at a time":
        whose = _by_block(console, listening, lines, sequences)
    else:
        whose = {printed.place: index for _, mine, index in told_by_id(lines, sequences) for printed in mine}
    numbers = {place: conversations[index].number for place, index in whose.items()}
    found = {place: LinePlace(number) for place, number in numbers.items()}
    wanted: dict[tuple[str, int | None], list[WireLine]] = defaultdict(list)
    for line in _all_lines(console, conversations, sequences):
        wanted[line.template, line.connection].append(line)
        wanted[line.template, None].append(line)
    groups: dict[tuple[str, int | None], list[Printed]] = defaultdict(list)
    for printed in lines:
        groups[printed.template, numbers.get(printed.place)].append(printed)
    for key, mine in groups.items():
        for printed, told in (_fitting if key[1] is None else _in_turn)(mine, wanted.get(key, ())):
            if told.connection is not None and told.field is not None:
                found[printed.place] = LinePlace(told.connection, told.field.side, told.field.offset)
    return found


def _all_lines(
    console: Console, conversations: Sequence[Conversation], sequences: Iterable[Sequence[WireLine]]
) -> Iterator[WireLine]:
    """Every line that tells of a field. Of a room's lines the first tells which message it is about."""
    yield from (line for sequence in sequences for line in sequence if line.field is not None)
    for lines, side in ((console.room[:1], CLIENT), (console.heard, SERVER)):
        for post in (post for conversation in conversations for post in posts(conversation, side)):
            yield from wire_lines(lines, post.message.fields, post.connection, post.message.last)


def _in_turn(lines: Sequence[Printed], wanted: Sequence[WireLine]) -> Iterator[tuple[Printed, WireLine]]:
    """Each line with the next of its text, or else with the next: none comes back to those before it."""
    places = places_of([line.text for line in wanted])
    index = 0
    for printed in lines:
        same = places.get(printed.text, [])
        while same and same[-1] < index:
            same.pop()
        if same and same[-1] < index + _AHEAD:
            index = same[-1]
        if index < len(wanted):
            yield printed, wanted[index]
        index += 1


def _fitting(lines: Sequence[Printed], wanted: Sequence[WireLine]) -> Iterator[tuple[Printed, WireLine]]:
    """Each line with the first of its text in time; and then those of no such text with what is left."""
    wanted = sorted(wanted, key=lambda line: line.field.came if line.field else 0.0)
    places = places_of([line.text for line in wanted])
    others = []
    for printed in lines:
        if places.get(printed.text):
            yield printed, wanted[places[printed.text].pop()]
        else:
            others.append(printed)
    left = sorted(index for same in places.values() for index in same)
    yield from zip(others, (wanted[index] for index in left), strict=False)


def _by_block(
    console: Console, listening: str | None, lines: Iterable[Printed], sequences: Sequence[Sequence[WireLine]]
) -> dict[int, int]:
    """The sequence of each line, where the lines of one connection follow those of another, in whichever order."""
    first = next(iter((*console.starting, *console.connected)), None)
    blocks: list[list[Printed]] = []
    for printed in lines:
        if printed.template == first:
            blocks.append([])
        if blocks and printed.line != listening:
            blocks[-1].append(printed)
    found = owners(
        {index: [printed.line for printed in block] for index, block in enumerate(blocks)},
        [[line.text for line in sequence] for sequence in sequences],
    )
    return {printed.place: own for index, own in found.items() for printed in blocks[index]}


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
    problems: Sequence[Problem],
    conversations: Sequence[Conversation],
    results: Sequence[ProcessResult],
    correlated: Sequence[Mapping[int, LinePlace]],
    only: Side | None = None,
) -> Divergence | None:
    """The place of the first of `problems`; None where it has none, as when a program never started.

    `correlated` has for each of `results` the fields that its lines tell of. `only` is the side that is judged, in a
    case, where the other one does wrong on purpose: where its problems have no place, that of its bytes is taken.
    """
    candidates = problems[:1]
    if only is not None:
        broken = [problem for conversation in conversations for problem in conversation.problems]
        every = (*problems, *sorted(broken, key=lambda problem: problem.at or 0.0))
        candidates = [problem for problem in every if problem.where.side in (None, only)]
    for problem in candidates:
        wire, line = _wire_mark(problem, conversations), _line_mark(problem, results)
        place = LinePlace(wire.connection, wire.side, wire.offset) if wire and wire.field is not None else None
        tell = (next((line for line, of in places.items() if of == place), None) for places in correlated)
        told = [LineMark(number, line) for number, line in enumerate(tell) if line is not None]
        if line is not None:
            at = results[line.program].lines[line.line].at
            return Divergence(at, wire, (line, *(mark for mark in told if mark.program != line.program)))
        if wire is not None:
            return Divergence(wire.at, wire, tuple(told))
    return None


def _line_mark(problem: Problem, results: Sequence[ProcessResult]) -> LineMark | None:
    where, values = problem.where, problem.values
    for number, result in enumerate(results):
        named = result.label == where.program and values.get("role") in (None, result.program.role)
        if where.line is not None and where.line < len(result.lines) and (named or len(results) == 1):
            return LineMark(number, where.line, values.get("near", values.get("expected")))
    return None


def _wire_mark(problem: Problem, conversations: Sequence[Conversation]) -> WireMark | None:
    where = problem.where
    conversation = next((one for one in conversations if one.number == where.connection), None)
    if conversation is None or where.side is None or where.offset is None:
        return None
    field = _field_at(conversation, where.side, where.offset, where.field)
    if field is None:
        direction = conversation.connection.direction(where.side)
        at = direction.last if problem.at is None else problem.at
        raw = direction.data[where.offset :]
        mark = WireMark(conversation.number, where.side, where.offset, raw, at, where.field, where.type)
    else:
        place = (conversation.number, field.side, field.offset)
        mark = WireMark(*place, field.raw, field.came, field.name, field.type, field.value)
        if field.problem is not None and problem.code not in _TELL_EXPECTED:
            problem = field.problem  # in a case, what must come may be told by the protocol, too
    if problem.code not in _TELL_EXPECTED:
        return mark
    expected = problem.values.get("expected")
    return replace(mark, expected=expected, expected_raw=encoded(mark.type, expected))


def _field_at(conversation: Conversation, side: Side, offset: int, name: str | None) -> Field | None:
    """The field that begins at that byte, of that name if one has it, or else the one that the byte is in."""
    mine = [field for field in conversation.fields if field.side == side]
    named = (field for field in mine if (field.offset, field.name) == (offset, name))
    around = (field for field in reversed(mine) if field.offset <= offset < field.end)
    return next(chain(named, around), None)
