"""Which field or connection on the wire each line of a console tells of, so that the two can stand side by side.

A console's lines are templates, each bound to a field (conformance/spec/consoles/). A line is compared with what its
template says of each such field: it is taken for the first that fits and that no line before it has told of. A line
that fits none, since it tells a wrong value, is taken for the next field in turn. Of several connections a line is
held against its own, where it has an id or stands in a block of lines; of lines of any, the nearest in time is meant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, TypeVar

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.decoder.conversation import Conversation, SeenField
from conformance.judge import Account
from conformance.judge.console_line import ConsoleLine
from conformance.judge.consoles import connection_lines
from conformance.judge.lost_messages import messages
from conformance.model.console import Console, fill, pattern
from conformance.model.protocol import Protocol

__all__ = ["Place", "align"]

_AHEAD = 500  # fields that are looked at for each line
_ID = "{id}"
_Teller = TypeVar("_Teller")


@dataclass(frozen=True)
class Place:
    """A field by where it stands: its direction and its first byte there; without them, a connection as a whole."""

    connection: int
    sender: Side | None = None
    offset: int | None = None


def align(protocol: Protocol, account: Account, conversations: Sequence[Conversation]) -> dict[int, Place]:
    """For each line of the console that tells of a field or of a connection, by the line's number from 0: of which."""
    console = account.program.console
    if console is None:
        return {}
    own = conversations
    if account.member is not None:
        own = [one for one in conversations if account.member in _authors(protocol, one)]
    in_turn = console.order == "one at a time"
    templates = list(_templates(protocol, console, conversations, own))
    lines = [(number, line) for number, line in enumerate(account.lines) if line.stream == "out"]
    if len(own) == 1:
        whose = {number: own[0].connection.number for number, _ in lines}
    elif in_turn:
        whose = _by_block(console, lines, conversations)
    else:
        whose = _by_id(console, lines, conversations)
    found: dict[int, Place] = {}
    for number, line in lines:
        places = (template.take(line, whose.get(number), in_turn) for template in templates)
        place = next((place for place in places if place is not None), None)
        if place is not None:
            found[number] = place
    return {**{number: Place(connection) for number, connection in whose.items()}, **found}


def _by_block(
    console: Console, lines: Sequence[tuple[int, ConsoleLine]], conversations: Sequence[Conversation]
) -> dict[int, int]:
    """The connection of each line, where the lines of one follow those of another, in whichever order."""
    first = next(iter((*console.starting, *console.connected)), None)
    if first is None:
        return {}
    begins, listens = pattern(first), pattern(console.listening or "")
    blocks: dict[int, list[tuple[int, str]]] = {}
    begun: int | None = None
    for number, line in lines:
        if begins.fullmatch(line.text):
            begun = number
        if begun is not None and not listens.fullmatch(line.text):
            blocks.setdefault(begun, []).append((number, line.text))
    wanted = {one.connection.number: connection_lines(console, one, {}) for one in conversations}
    owners = _owners({begun: [text for _, text in block] for begun, block in blocks.items()}, wanted)
    return {number: owners[begun] for begun, block in blocks.items() if begun in owners for number, _ in block}


def _by_id(
    console: Console, lines: Sequence[tuple[int, ConsoleLine]], conversations: Sequence[Conversation]
) -> dict[int, int]:
    """The connection of each line that has an id."""
    after = (line for group in console.after.values() for line in group)
    templates = [line for line in (*console.connected, *after, *console.left) if _ID in line]
    patterns = [(template, pattern(template)) for template in templates]
    ids: dict[int, str] = {}
    told: dict[str, list[str]] = defaultdict(list)
    for number, line in lines:
        for template, form in patterns:
            if match := form.fullmatch(line.text):
                ids[number] = match["id"]
                told[match["id"]].append(_without_id(template, match))
                break
    wanted = {
        conversation.connection.number: [line for line in connection_lines(console, conversation, {}) if _ID in line]
        for conversation in conversations
    }
    owners = _owners(told, wanted)
    return {number: owners[id_] for number, id_ in ids.items() if id_ in owners}


def _owners(told: Mapping[_Teller, Sequence[str]], wanted: Mapping[int, Sequence[str]]) -> dict[_Teller, int]:
    """For each of those who tell lines, one after the other, the connection of those left that it follows furthest."""
    left = dict(wanted)
    owners: dict[_Teller, int] = {}
    for teller, lines in told.items():
        if left:
            owners[teller] = max(left, key=lambda number: _common(lines, left[number]))
            del left[owners[teller]]
    return owners


def _common(some: Sequence[str], others: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


def _without_id(template: str, match: re.Match[str]) -> str:
    return fill(template, {name: value for name, value in match.groupdict().items() if name != "id"})


@dataclass
class _Told:
    """A field, and what a template says of it (`{id}` stays open)."""

    place: Place
    came: float
    text: str


class _Template:
    """A line that a console has for each of some fields; `_left` are those that no line has told of."""

    def __init__(self, line: str, fields: Sequence[_Told]) -> None:
        self._line = line
        self._pattern: re.Pattern[str] = pattern(line)
        self._left = sorted(fields, key=lambda told: told.came)

    def take(self, line: ConsoleLine, connection: int | None, in_turn: bool) -> Place | None:
        """The field that the line tells of, if it is such a line; of this connection, if it is known."""
        match = self._pattern.fullmatch(line.text)
        if match is None:
            return None
        text = _without_id(self._line, match)
        left = (index for index, told in enumerate(self._left) if connection in (None, told.place.connection))
        mine = list(islice(left, _AHEAD))
        if not mine:
            return None
        index = next((index for index in mine if self._left[index].text == text), None)
        if index is None and (in_turn or connection is not None):
            index = mine[0]
        elif index is None:
            index = min(mine, key=lambda index: abs(self._left[index].came - line.at))
        place = self._left[index].place
        # In turn, no line will come back to the fields of its connection before it.
        for passed in reversed([other for other in mine if other <= index] if in_turn else [index]):
            del self._left[passed]
        return place


def _templates(
    protocol: Protocol, console: Console, conversations: Sequence[Conversation], own: Sequence[Conversation]
) -> Iterator[_Template]:
    """`own` are the connections of the console's program."""
    for key, lines in console.after.items():
        for line in lines:
            yield _Template(line, list(_fields(line, key, conversations)))
    # The first line of a room tells which message it is about; those after it do not.
    for line in console.room[:1]:
        yield _Template(line, list(_messages(line, CLIENT, protocol, conversations)))
    for line in console.heard:
        yield _Template(line, list(_messages(line, SERVER, protocol, own)))


def _fields(line: str, key: str, conversations: Sequence[Conversation]) -> Iterator[_Told]:
    for conversation in conversations:
        known: dict[str, Any] = {}
        for seen in conversation.fields:
            known[seen.name] = seen.value
            if seen.key == key:
                yield _told(conversation.connection.number, seen, line, known)


def _messages(line: str, sender: Side, protocol: Protocol, conversations: Sequence[Conversation]) -> Iterator[_Told]:
    """The messages of a chat, each by its last field."""
    names = protocol.broadcast
    for conversation in conversations:
        for number, post, seen in messages(conversation, sender, names):
            yield _told(number, seen, line, dict(zip(names, post, strict=True)))


def _told(connection: int, seen: SeenField, line: str, values: Mapping[str, Any]) -> _Told:
    return _Told(Place(connection, seen.sender, seen.offset), seen.came, fill(line, values))


def _authors(protocol: Protocol, conversation: Conversation) -> set[Any]:
    """By whom the client has posted, as the first field of its messages says."""
    return {post[0] for _, post, _ in messages(conversation, CLIENT, protocol.broadcast)}
