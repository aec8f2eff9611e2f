"""A console against what passed on the wire: every line that it must have, no other, in an order that it may have.

The wire gives a sequence of lines for each connection. Where connections come one at a time, the sequences must stand
whole, one behind the other. Where they interleave, the lines that carry an id must make up one of the sequences, id by
id; lines without an id are counted: there must be as many of each as the wire says, and at no moment may more
connections have printed a line than have printed the line before it.

A problem here has the field that the line tells of as its place on the wire, and as its `line` the place among the
lines that were given.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any, NamedTuple, TypeVar

from conformance.agent.problem import Problem, Where
from conformance.decoder import Conversation, Field
from conformance.model.placeholders import fill, pattern
from conformance.model.program import Console

__all__ = [
    "ID",
    "Printed",
    "WireLine",
    "check_blocks",
    "check_exact",
    "check_interleaved",
    "common",
    "connection_lines",
    "expected_count",
    "owners",
    "places_of",
    "read_lines",
    "told_by_id",
    "wire_lines",
]

ID = "{id}"
_SHOWN_IDS = 5
_SIMILAR = 100  # lines that a wrong one is compared with
_Teller = TypeVar("_Teller", bound=Hashable)
_Item = TypeVar("_Item", bound=Hashable)


class WireLine(NamedTuple):
    """A line that the wire demands (`{id}` stays open), and what it tells of: a field, a connection, or neither."""

    text: str
    template: str
    connection: int | None = None
    field: Field | None = None

    def where(self, line: int | None) -> Where:
        """The place of what it tells of, and of the line on the console."""
        return Where(self.connection, line=line) if self.field is None else self.field.where(self.connection, line)


class Printed(NamedTuple):
    """A line that was printed, and its template, empty if it has none: `text` is `line` with its id left open."""

    place: int
    line: str
    text: str
    template: str
    id: str | None


def read_lines(console: Console, listening: str | None, lines: Iterable[tuple[int, str]]) -> list[Printed]:
    """The lines, given with their places, by the templates of the console; of two that fit, the first is taken."""
    after = (line for lines in console.after.values() for line in lines)
    templates = (*console.room, *console.starting, *console.connected, *after, *console.left, *console.heard)
    patterns = [(template, pattern(template)) for template in dict.fromkeys(templates)]

    def read(place: int, line: str) -> Printed:
        if line == listening:
            return Printed(place, line, line, line, None)
        for template, form in patterns:
            found = form.fullmatch(line)
            if found is not None:
                values = found.groupdict()
                text = fill(template, {**values, "id": ID}) if "id" in values else line
                return Printed(place, line, text, template, values.get("id"))
        return Printed(place, line, line, "", None)

    return [read(place, line) for place, line in lines]


def wire_lines(
    templates: Iterable[str], values: Mapping[str, Any], connection: int | None = None, field: Field | None = None
) -> list[WireLine]:
    """The lines of these templates, which tell of that connection or field."""
    return [WireLine(fill(template, values), template, connection, field) for template in templates]


def connection_lines(console: Console, conversation: Conversation, values: Mapping[str, Any]) -> list[WireLine]:
    """The lines that this connection makes such a program print."""
    known = dict(values)
    number = conversation.number
    after = [console.after.get(step.key, ()) for step in conversation.protocol.fields]
    lines = wire_lines((*console.starting, *console.connected), known, number)
    for field in conversation.in_order():
        known[field.name] = field.value
        if after[field.ordinal]:
            lines += wire_lines(after[field.ordinal], known, number, field)
    return lines + wire_lines(console.left, known, number)


def expected_count(console: Console, conversations: Iterable[Conversation], messages: int = 0) -> int:
    """How many lines a server must have printed once these conversations are over, and so many broadcast messages."""
    lines = 1 + messages * len(console.room)
    return lines + sum(1 + len(connection_lines(console, conversation, {})) for conversation in conversations)


def common(some: Sequence[object], others: Sequence[object]) -> int:
    """How many are the same before the first that is not."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((count for count, (one, other) in pairs if one != other), min(len(some), len(others)))


def places_of(items: Sequence[_Item]) -> dict[_Item, list[int]]:
    """Where each of them stands, its last place first."""
    places: dict[_Item, list[int]] = defaultdict(list)
    for place in reversed(range(len(items))):
        places[items[place]].append(place)
    return places


def owners(told: Mapping[_Teller, Sequence[str]], wanted: Sequence[Sequence[str]]) -> dict[_Teller, int]:
    """For each of those who tell lines, which of the sequences `wanted` it tells, each sequence once.

    Whoever tells one to the letter has it; the others have, in turn, the one of those left that they follow furthest.
    """
    exact = places_of([tuple(lines) for lines in wanted])
    found: dict[_Teller, int] = {}
    for teller, lines in told.items():
        indexes = exact.get(tuple(lines))
        if indexes:
            found[teller] = indexes.pop()
    left = dict.fromkeys(sorted(index for indexes in exact.values() for index in indexes))
    for teller, lines in told.items():
        if teller not in found and left:
            found[teller] = max(left, key=lambda index: common(lines, wanted[index]))
            del left[found[teller]]
    return found


def check_exact(
    actual: Sequence[str], expected: Sequence[WireLine], places: Sequence[int] | None = None
) -> Problem | None:
    """What is wrong where there is only one order; `places` are those of the lines, where they do not count from 0."""
    same = common(actual, [line.text for line in expected])
    at = range(len(actual)) if places is None else places
    if same < len(expected):
        wanted, values = expected[same], {"expected": expected[same].text}
        if same < len(actual):
            return Problem("line-differs", wanted.where(at[same]), {**values, "got": actual[same]})
        if same == 0:
            return Problem("line-missing", wanted.where(None), values)
        return Problem("line-missing", wanted.where(at[same - 1]), {**values, "after": actual[-1]})
    return Problem("extra-line", Where(line=at[same]), {"got": actual[same]}) if same < len(actual) else None


def check_blocks(actual: Sequence[str], listening: str, blocks: Sequence[Sequence[WireLine]]) -> Problem | None:
    """What is wrong where a server serves one connection at a time, in whichever order."""
    listens = WireLine(listening, listening)
    starts = [place for place, line in enumerate(actual) if line == listening]
    if starts[:1] != [0]:
        return check_exact(actual, [listens])
    told = {start: actual[start + 1 : end] for start, end in pairwise([*starts, len(actual)])}
    found = owners(told, [[line.text for line in block] for block in blocks])
    for start in starts:
        wanted, end = [listens], len(actual)
        if start in found:
            wanted = [listens, *blocks[found[start]], listens]
            end = start + len(wanted)
        if problem := check_exact(actual[start:end], wanted, range(start, len(actual))):
            return problem
    return None


def check_interleaved(
    console: Console,
    actual: Sequence[str],
    listening: str | None,
    sequences: Sequence[Sequence[WireLine]],
    room: Iterable[WireLine] = (),
) -> Problem | None:
    """What is wrong where the lines of several connections, and of a room, come as they come."""
    lines: list[Printed] = []
    in_room: list[int] = []
    for printed in read_lines(console, listening, enumerate(actual)):
        if not printed.template or printed.template in console.heard:
            return Problem("unknown-line", Where(line=printed.place), {"got": printed.line})
        if printed.template in console.room:
            in_room.append(printed.place)
        else:
            lines.append(printed)
    accepts = [WireLine(listening, listening)] if listening else []
    ids = {printed.id for printed in lines if printed.id is not None}
    right_ids = ids == {str(number) for number in range(1, len(sequences) + 1)}
    return (
        (_each_id(lines, sequences) if right_ids else None)
        or _same_lines(lines, [*accepts * (len(sequences) + 1), *(line for each in sequences for line in each)])
        or (_wrong_ids(console, lines, len(sequences)) if ids and not right_ids else None)
        or _order(lines, [[*accepts, *sequence] for sequence in sequences])
        or check_exact([actual[place] for place in in_room], [*room], in_room)
    )


def told_by_id(
    lines: Iterable[Printed], sequences: Sequence[Sequence[WireLine]]
) -> Iterator[tuple[str, list[Printed], int]]:
    """Each id, its lines, and which of the sequences they tell, of which also only lines with an id count."""
    ids: dict[str, list[Printed]] = defaultdict(list)
    for printed in lines:
        if printed.id is not None:
            ids[printed.id].append(printed)
    told = {id_: [printed.text for printed in mine] for id_, mine in ids.items()}
    wanted = [[line.text for line in sequence if ID in line.template] for sequence in sequences]
    for id_, index in owners(told, wanted).items():
        yield id_, ids[id_], index


def _each_id(lines: Sequence[Printed], sequences: Sequence[Sequence[WireLine]]) -> Problem | None:
    """Whether the lines of each id tell one of the conversations."""
    for id_, mine, index in told_by_id(lines, sequences):
        wanted = [line for line in sequences[index] if ID in line.template]
        problem = check_exact([printed.text for printed in mine], wanted, [printed.place for printed in mine])
        if problem is not None:
            values = {name: text.replace(ID, id_) for name, text in problem.values.items()}
            if problem.code != "extra-line":
                values["id"] = id_
            connection = next((line.connection for line in sequences[index]), None)
            return replace(problem.on(connection=connection), values=values)
    return None


def _same_lines(lines: Sequence[Printed], demanded: Sequence[WireLine]) -> Problem | None:
    """Whether there are as many of each line as the wire demands."""
    wanted = Counter(line.text for line in demanded)
    left = Counter(wanted)
    surplus: Printed | None = None
    for printed in lines:
        if left[printed.text]:
            left[printed.text] -= 1
        elif surplus is None:
            surplus = printed
    missing = (line for line in demanded if left[line.text])
    if surplus is not None:
        similar = {line.text: line for line in missing if line.template == surplus.template}
        near = difflib.get_close_matches(surplus.text, list(islice(similar, _SIMILAR)), 1, cutoff=0.5)
        if near:
            shown = near[0].replace(ID, surplus.id or ID)
            values = {"got": surplus.line, "near": shown}
            return Problem("line-not-on-wire", similar[near[0]].where(surplus.place), values)
        code = "extra-line" if wanted[surplus.text] else "line-not-on-wire"
        return Problem(code, Where(line=surplus.place), {"got": surplus.line})
    first = next(missing, None)
    if first is None:
        return None
    if wanted[first.text] == 1:
        return Problem("line-missing", first.where(None), {"expected": first.text})
    counts = {"wanted": wanted[first.text], "found": wanted[first.text] - left[first.text]}
    return Problem("line-missing", Where(), {"expected": first.text, **counts})


def _wrong_ids(console: Console, lines: Iterable[Printed], connections: int) -> Problem:
    """The ids do not count from 1: the first line shows it that has a strange one, or greets one a second time."""
    expected = {str(number) for number in range(1, connections + 1)}
    found: set[str] = set()
    place: int | None = None
    for printed in lines:
        if printed.id is not None:
            again = printed.id in found and printed.template in console.connected
            if place is None and (again or printed.id not in expected):
                place = printed.place
            found.add(printed.id)
    wrong = sorted(found ^ expected, key=lambda text: (len(text), text))
    shown = [*wrong[:_SHOWN_IDS], *(["..."] if len(wrong) > _SHOWN_IDS else [])]
    return Problem("wrong-ids", Where(line=place), {"connections": connections, "wrong": ", ".join(shown)})


def _order(lines: Sequence[Printed], sequences: Sequence[Sequence[WireLine]]) -> Problem | None:
    """Whether at each moment as many connections have reached a line as have passed it.

    Of two lines that both have an id, that is known already.
    """
    steps: dict[str, int] = {}  # where in its sequence a line stands; -1 where it has no one place
    leader: dict[str, str] = {}  # the line before a line, or the first that was found there
    leaders: dict[str, set[str]] = {}  # all of them, where there are several
    left_out: set[str] = set()
    unsure: set[int] = set()
    for sequence in sequences:
        for index, line in enumerate(sequence):
            text, before = line.text, sequence[index - 1]
            step = steps.setdefault(text, index)
            if step != index:
                unsure |= {index, step}
                steps[text] = -1
            if not index or (ID in line.template and ID in before.template):
                left_out.add(text)
            elif leader.setdefault(text, before.text) != before.text:
                leaders.setdefault(text, {leader[text]}).add(before.text)
    left_out |= {text for text, several in leaders.items() if any(steps[before] < 0 for before in several)}
    followers: dict[str, list[str]] = defaultdict(list)  # of each line, those that follow it or another one
    for text in leaders.keys() - left_out:
        for leading in leaders[text]:
            followers[leading].append(text)
    seen: Counter[str] = Counter()
    led: Counter[str] = Counter()  # how many of those that they follow have come
    reached: Counter[int] = Counter()
    for printed in lines:
        text = printed.text
        if text not in steps:
            continue
        seen[text] += 1
        index = steps[text]
        if index >= 0:
            reached[index] += 1
        for later in followers.get(text, ()):
            led[later] += 1
        if index < 0 or text in left_out or steps[leader[text]] < 0:
            continue
        possible = led[text] if text in leaders else seen[leader[text]]
        ahead = index not in unsure and index - 1 not in unsure and reached[index] > reached[index - 1]
        if ahead or seen[text] > possible:
            expected = min(leaders.get(text, {leader[text]})).replace(ID, printed.id or ID)
            return Problem("line-out-of-order", Where(line=printed.place), {"got": printed.line, "expected": expected})
    return None
