"""Which field or connection on the wire each line of a console tells of, so that the two can stand side by side.

A line is compared with what the wire has its template say, of each field that it is bound to: it is taken for the first
that fits and that no line before it has told of. Of several connections a line is compared with its own, where it has
an id or stands in a block of lines; a line there that fits none, since it tells a wrong value, is taken for the next
field in turn. Of lines that may be of any connection, those that fit none are taken, in turn, for the fields left over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.decoder import Conversation
from conformance.judge.broadcast import posts
from conformance.judge.consoles import Printed, WireLine, connection_lines, owners, read_lines, told_by_id
from conformance.judge.verdict import ProcessResult
from conformance.model.placeholders import fill
from conformance.model.program import Console
from conformance.model.protocol import Protocol

__all__ = ["LinePlace", "correlate"]

_AHEAD = 500  # lines that are looked at beyond the next in turn


class LinePlace(NamedTuple):
    """A field by where it stands: its side and its first byte there; without them, a connection as a whole."""

    connection: int
    side: Side | None = None
    offset: int | None = None


def correlate(protocol: Protocol, result: ProcessResult, conversations: Sequence[Conversation]) -> dict[int, LinePlace]:
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
        for line in lines:
            for conversation in conversations:
                for post in posts(conversation, side):
                    yield WireLine(fill(line, post.message.fields), line, post.connection, post.message.last)


def _in_turn(lines: Sequence[Printed], wanted: Sequence[WireLine]) -> Iterator[tuple[Printed, WireLine]]:
    """Each line with the next of its text, or else with the next: none comes back to those before it."""
    places = _places(wanted)
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
    wanted = sorted(wanted, key=_came)
    places = _places(wanted)
    others = []
    for printed in lines:
        if places.get(printed.text):
            yield printed, wanted[places[printed.text].pop()]
        else:
            others.append(printed)
    left = sorted(index for same in places.values() for index in same)
    yield from zip(others, (wanted[index] for index in left), strict=False)


def _places(wanted: Sequence[WireLine]) -> dict[str, list[int]]:
    """Where each text stands, the last place first."""
    places: dict[str, list[int]] = defaultdict(list)
    for index in range(len(wanted) - 1, -1, -1):
        places[wanted[index].text].append(index)
    return places


def _came(line: WireLine) -> float:
    assert line.field is not None
    return line.field.came


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
