"""Which field or connection on the wire each line of a console tells of, so that the two can stand side by side.

A line is compared with what the wire has its template say, of each field that it is bound to: it is taken for the first
that fits and that no line before it has told of. A line that fits none, since it tells a wrong value, is taken for the
next field in turn. Of several connections a line is compared with its own, where it has an id or stands in a block of
lines; of lines that may be of any, the nearest in time is meant.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.decoder import Conversation
from conformance.judge.broadcast import posts
from conformance.judge.consoles import ID, Printed, Templates, WireLine, connection_lines, owners
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
    templates = Templates(console)
    listening = None if console.listening is None else fill(console.listening, values)
    lines = [
        printed
        for number, line in enumerate(result.lines)
        if line.stream == "out" and line.text != listening and (printed := templates.read(number, line.text))
    ]
    if len(conversations) == 1:
        printed_at = (number for number, line in enumerate(result.lines) if line.stream == "out")
        whose = dict.fromkeys(printed_at, conversations[0].number)
    elif console.order == "one at a time":
        whose = _by_block(result, console, listening, lines, conversations, sequences)
    else:
        whose = _by_id(lines, conversations, sequences)
    found: dict[int, LinePlace] = {}
    whole = {conversation.number: LinePlace(conversation.number) for conversation in conversations}
    for number, own in whose.items():
        found[number] = whole[own]
    demanded: dict[str, dict[int, list[WireLine]]] = defaultdict(lambda: defaultdict(list))
    for wanted in _all_lines(console, conversations, sequences):
        demanded[wanted.template][wanted.connection or 0].append(wanted)
    turns = {template: {number: _InTurn(mine) for number, mine in each.items()} for template, each in demanded.items()}
    pools: dict[str, _Pool] = {}
    for printed in lines:
        template = printed.template
        if template not in turns:
            continue
        connection = whose.get(printed.place)
        if connection is not None:
            turn = turns[template].get(connection)
            told = turn.take(printed.text) if turn else None
        else:
            if template not in pools:
                pools[template] = _Pool(line for mine in demanded[template].values() for line in mine)
            told = pools[template].take(printed.text, result.lines[printed.place].at)
        if told is not None and told.field is not None and told.connection is not None:
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


class _InTurn:
    """The lines of one template that one connection demands, which are told one after the other."""

    def __init__(self, lines: Sequence[WireLine]) -> None:
        self._lines = lines
        self._next = 0

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        """Where each text stands, the last first."""
        places: dict[str, list[int]] = defaultdict(list)
        for index in range(len(self._lines) - 1, -1, -1):
            places[self._lines[index].text].append(index)
        return places

    def take(self, text: str) -> WireLine | None:
        """The next line of that text, or else the next: none comes back to those before it."""
        index = self._next
        if index < len(self._lines) and self._lines[index].text != text:
            places = self._places.get(text, [])
            while places and places[-1] < index:
                places.pop()
            if places and places[-1] - index < _AHEAD:
                index = places[-1]
        self._next = index + 1
        return self._lines[index] if index < len(self._lines) else None


class _Pool:
    """The lines of one template, of connections of which nobody knows whose line is whose."""

    def __init__(self, lines: Iterable[WireLine]) -> None:
        self._lines = sorted(lines, key=_came)
        self._times = [_came(line) for line in self._lines]
        self._left = [True] * len(self._lines)
        self._places: dict[str, list[int]] = defaultdict(list)
        for index in range(len(self._lines) - 1, -1, -1):
            self._places[self._lines[index].text].append(index)

    def take(self, text: str, at: float) -> WireLine | None:
        """The first line of that text that was not taken, or else the one that is nearest in time."""
        places = self._places.get(text, [])
        while places and not self._left[places[-1]]:
            places.pop()
        index = places.pop() if places else self._nearest(at)
        if index is None:
            return None
        self._left[index] = False
        return self._lines[index]

    def _nearest(self, at: float) -> int | None:
        middle = bisect_left(self._times, at)
        near = range(max(0, middle - _AHEAD), min(len(self._times), middle + _AHEAD))
        return min((index for index in near if self._left[index]), key=lambda i: abs(self._times[i] - at), default=None)


def _came(line: WireLine) -> float:
    assert line.field is not None
    return line.field.came


def _by_block(
    result: ProcessResult,
    console: Console,
    listening: str | None,
    lines: Sequence[Printed],
    conversations: Sequence[Conversation],
    sequences: Sequence[Sequence[WireLine]],
) -> dict[int, int]:
    """The connection of each line, where the lines of one follow those of another, in whichever order."""
    first = next(iter((*console.starting, *console.connected)), None)
    begins = {printed.place for printed in lines if printed.template == first}
    blocks: list[list[int]] = []
    for number, line in enumerate(result.lines):
        if line.stream == "out" and line.text != listening:
            if number in begins:
                blocks.append([])
            if blocks:
                blocks[-1].append(number)
    told = {index: [result.lines[number].text for number in block] for index, block in enumerate(blocks)}
    found = owners(told, [[line.text for line in sequence] for sequence in sequences])
    return {number: conversations[own].number for index, own in found.items() for number in blocks[index]}


def _by_id(
    lines: Sequence[Printed], conversations: Sequence[Conversation], sequences: Sequence[Sequence[WireLine]]
) -> dict[int, int]:
    """The connection of each line that has an id."""
    ids: dict[str, list[Printed]] = defaultdict(list)
    for printed in lines:
        if printed.id is not None:
            ids[printed.id].append(printed)
    wanted = [[line.text for line in sequence if ID in line.template] for sequence in sequences]
    found = owners({id_: [printed.text for printed in mine] for id_, mine in ids.items()}, wanted)
    return {printed.place: conversations[own].number for id_, own in found.items() for printed in ids[id_]}
