"""A console against what passed on the wire: every line it must have, no other, in an order that it may have.

The wire gives a sequence of lines for each connection. Where connections come one at a time, their sequences must stand
whole, one behind the other. Where they interleave, the lines that carry an id must make up one of the sequences, id by
id; lines without an id are counted: there must be as many of each as the wire says, and at no moment may more
connections have printed a line than have printed the line before it.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.decoder.conversation import Conversation
from conformance.model.console import Console, fill, pattern

__all__ = ["check_blocks", "check_exact", "check_interleaved", "connection_lines", "expected_count"]

_ID = "{id}"
_SHOWN_IDS = 5


def connection_lines(console: Console, conversation: Conversation, values: Mapping[str, Any]) -> list[str]:
    """The lines that this connection makes such a program print; `{id}` stays open."""
    known = dict(values)
    lines = [fill(line, known) for line in (*console.starting, *console.connected)]
    for seen in conversation.fields:
        known[seen.name] = seen.value
        lines += [fill(line, known) for line in console.after.get(seen.key, ())]
    return lines + [fill(line, known) for line in console.left]


def expected_count(console: Console, conversations: Iterable[Conversation], room: int = 0) -> int:
    """How many lines a server must have printed once these conversations are over."""
    accepts = 1
    lines = 0
    for conversation in conversations:
        accepts += 1
        lines += len(connection_lines(console, conversation, {}))
    return accepts + lines + room * len(console.room)


def check_exact(actual: Sequence[str], expected: Sequence[str]) -> str | None:
    """What is wrong where there is only one order."""
    for number, (got, wanted) in enumerate(zip(actual, expected, strict=False), 1):
        if got != wanted:
            return f"line {number} must be {wanted!r}, and is {got!r}"
    if len(actual) < len(expected):
        after = f"after {actual[-1]!r}" if actual else "from the beginning"
        return f"{expected[len(actual)]!r} is missing {after}"
    if len(actual) > len(expected):
        return f"there is a line too many, {actual[len(expected)]!r}"
    return None


def check_blocks(actual: Sequence[str], listening: str, blocks: Sequence[Sequence[str]]) -> str | None:
    """What is wrong where a server serves one connection at a time, in whichever order."""
    waiting = [tuple(block) for block in blocks]
    expected: list[str] = []
    while True:
        expected.append(listening)
        start = len(expected)
        if not waiting:
            return check_exact(actual, expected)
        # Of two that fit equally far, the one that ends there: the other would go on.
        fits = {candidate: _common(actual[start:], candidate) for candidate in waiting}
        block = max(waiting, key=lambda candidate: (fits[candidate], fits[candidate] == len(candidate)))
        expected += block
        if _common(actual[start:], block) < len(block):
            return check_exact(actual, expected)
        waiting.remove(block)


def _common(actual: Sequence[str], block: Sequence[str]) -> int:
    count = 0
    for got, wanted in zip(actual, block, strict=False):
        if got != wanted:
            break
        count += 1
    return count


def check_interleaved(
    console: Console,
    actual: Sequence[str],
    listening: str | None,
    sequences: Sequence[Sequence[str]],
    room: Sequence[str] = (),
) -> str | None:
    """What is wrong where the lines of several connections, and of a room, come as they come."""
    templates = [*console.starting, *console.connected, *(line for lines in console.after.values() for line in lines)]
    templates += console.left
    normal: list[str] = []
    ids: dict[str, list[str]] = defaultdict(list)
    room_lines: list[str] = []
    for number, line in enumerate(actual, 1):
        if line == listening:
            normal.append(line)
        elif any(pattern(template).fullmatch(line) for template in console.room):
            room_lines.append(line)
        elif (found := _parse(line, templates)) is not None:
            text, id_ = found
            normal.append(text)
            if id_ is not None:
                ids[id_].append(text)
        else:
            return f"line {number} is none that such a program prints: {line!r}"
    return (
        _same_lines(normal, [*[listening] * (len(sequences) + 1)] if listening else [], sequences)
        or _ids_count_up(ids, len(sequences))
        or _ids_tell_sequences(ids, sequences)
        or _order(normal, [[*([listening] if listening else []), *sequence] for sequence in sequences])
        or check_exact(room_lines, room)
    )


def _parse(line: str, templates: Iterable[str]) -> tuple[str, str | None] | None:
    for template in templates:
        found = pattern(template).fullmatch(line)
        if found:
            values = found.groupdict()
            id_ = values.pop("id", None)
            return fill(template, values), id_
    return None


def _same_lines(actual: Sequence[str], accepts: Sequence[str], sequences: Sequence[Sequence[str]]) -> str | None:
    wanted = Counter([*accepts, *(line for sequence in sequences for line in sequence)])
    got = Counter(actual)
    missing, surplus = list((wanted - got).elements()), list((got - wanted).elements())
    if surplus:
        near = difflib.get_close_matches(surplus[0], missing, 1, cutoff=0.5)
        instead = f", where the wire says {near[0]!r}" if near else ", which nothing on the wire tells of"
        return f"there is {surplus[0]!r}{instead}"
    if missing:
        times = f" ({wanted[missing[0]]} expected, {got[missing[0]]} found)" if wanted[missing[0]] > 1 else ""
        return f"{missing[0]!r} is missing{times}"
    return None


def _ids_count_up(ids: Mapping[str, Sequence[str]], connections: int) -> str | None:
    expected = {str(number) for number in range(1, connections + 1)}
    if ids and set(ids) != expected:
        wrong = sorted(set(ids) ^ expected, key=lambda text: (len(text), text))
        more = f" and {len(wrong) - _SHOWN_IDS} more" if len(wrong) > _SHOWN_IDS else ""
        return f"ids must count from 1 to {connections}, and {', '.join(wrong[:_SHOWN_IDS])}{more} stand out"
    return None


def _ids_tell_sequences(ids: Mapping[str, Sequence[str]], sequences: Sequence[Sequence[str]]) -> str | None:
    told = Counter(tuple(line for line in sequence if _ID in line) for sequence in sequences)
    for id_, lines in ids.items():
        key = tuple(lines)
        if told[key] == 0:
            near = max(told, key=lambda candidate: _common(lines, candidate))
            place = check_exact([line.replace(_ID, id_) for line in lines], [line.replace(_ID, id_) for line in near])
            return f"the lines of client {id_} tell a conversation that was not on the wire: {place or 'it came twice'}"
        told[key] -= 1
    return None


def _order(actual: Sequence[str], sequences: Sequence[Sequence[str]]) -> str | None:
    """Whether at each moment as many connections have reached a line as have passed it."""
    steps: dict[str, set[int]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    for sequence in sequences:
        for index, line in enumerate(sequence):
            steps[line].add(index)
            before[line].update(sequence[index - 1 : index])
    # A line that recurs within a sequence has no one place: its steps are left to the ids.
    unsure = {index for indexes in steps.values() if len(indexes) > 1 for index in indexes}
    seen: Counter[str] = Counter()
    reached: Counter[int] = Counter()
    for number, line in enumerate(actual, 1):
        seen[line] += 1
        reached.update(steps[line])
        if not before[line] or len(steps[line]) > 1 or any(len(steps[text]) > 1 for text in before[line]):
            continue
        [index] = steps[line]
        ahead = not {index, index - 1} & unsure and reached[index] > reached[index - 1]
        if ahead or seen[line] > sum(seen[text] for text in before[line]):
            return f"line {number}, {line!r}, comes before {sorted(before[line])[0]!r}, which it must follow"
    return None
