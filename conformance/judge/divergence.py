"""The first point where the accounts of a conversation part: on the wire, and on each console.

A verdict is sentences. To be pointed at, what it is about must have a place: these bytes of this connection, this line
of that console. The wire is read first, as the judge does; only where it is right are consoles held against it. From
the field that is found follow the lines that each console has for it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.agent.addresses import is_address
from conformance.agent.events import CLIENT, SERVER, Side
from conformance.decoder.conversation import Conversation, SeenField
from conformance.judge import Account
from conformance.judge.consoles import connection_lines
from conformance.judge.correlation import Place
from conformance.judge.lost_messages import lost_message
from conformance.model.console import Console, fill, pattern
from conformance.model.protocol import FieldStep, Protocol

__all__ = ["LineMark", "Parting", "WireMark", "find_parting"]


@dataclass(frozen=True)
class WireMark:
    """Bytes on the wire: of a field, or (`field` None) those that are none; `expected` where one value is right.

    `expected_raw` is None where there is none, or where the type cannot hold it.
    """

    connection: int
    sender: Side
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
        if self.expected_raw is None:
            return 0
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(self.raw, self.expected_raw, strict=False))
        return sum(1 for _ in same)


@dataclass(frozen=True)
class LineMark:
    """Line `line` of the console of account `account`, both counted from 0; `expected` is what the wire has it be."""

    account: int
    line: int
    expected: str | None = None


@dataclass(frozen=True)
class Parting:
    """Where the accounts part, and when."""

    at: float
    wire: WireMark | None
    lines: tuple[LineMark, ...]


def find_parting(
    protocol: Protocol,
    conversations: Sequence[Conversation],
    accounts: Sequence[Account],
    aligned: Sequence[Mapping[int, Place]],
    only: Side | None = None,
) -> Parting | None:
    """The first point where they part; None where none is found, as when a program never started.

    `aligned` has for each account the fields that its lines tell of. `only` is the side that can be wrong: in a case
    the other one does what it does on purpose.
    """
    marks = [*_wrong_bytes(protocol, conversations), *_unread(conversations)]
    wire = min((mark for mark in marks if only in (None, mark.sender)), key=lambda mark: mark.at, default=None)
    if wire is None and protocol.broadcast:
        seen = lost_message(conversations, protocol.broadcast)
        wire = None if seen is None else _mark(*seen)
    if wire is not None:
        return Parting(wire.at, wire, tuple(_lines_of(wire, aligned)))
    crash = _crash(accounts)
    if not conversations and crash is None:
        return None  # there is nothing that a console could be held against
    if crash is not None:
        line = accounts[crash.account].lines[crash.line]
        return Parting(line.at, None, (crash,))
    return _wrong_line(conversations, accounts, aligned)


def _mark(number: int, seen: SeenField, expected: Any = None, expected_raw: bytes | None = None) -> WireMark:
    return WireMark(
        number, seen.sender, seen.offset, seen.raw, seen.came, seen.name, seen.type, seen.value, expected, expected_raw
    )


def _encoded(step: FieldStep, values: Mapping[str, Any], value: Any) -> bytes | None:
    try:
        return step.wire(values).encode(value)
    except (TypeError, ValueError, OverflowError):  # `equals` may give what the type cannot hold
        return None


def _wrong_bytes(protocol: Protocol, conversations: Sequence[Conversation]) -> Iterator[WireMark]:
    steps = {step.key: step for step in protocol.fields}
    for conversation in conversations:
        if not conversation.problems:
            continue
        values: dict[str, Any] = {}
        before: SeenField | None = None
        for seen in conversation.fields:
            step = steps[seen.key]
            values_before = dict(values)
            values[seen.name] = seen.value
            if step.form == "IP address" and not is_address(seen.value):
                yield _mark(conversation.connection.number, seen)
                break
            if step.expected is not None:
                expected = step.expected(values_before)
                early = before is not None and before.sender != seen.sender and not _answers(conversation, before, seen)
                if seen.value != expected or early:
                    raw = _encoded(step, values_before, expected)
                    yield _mark(conversation.connection.number, seen, expected, raw)
                    break
            before = seen


def _answers(conversation: Conversation, asked: SeenField, seen: SeenField) -> bool:
    direction = conversation.connection.direction(asked.sender)
    if not direction.sent:
        return True  # a recording that only tells what came
    went = direction.went(asked.offset + len(asked.raw) - 1)
    return went is not None and went <= seen.began


def _unread(conversations: Sequence[Conversation]) -> Iterator[WireMark]:
    """Bytes that no step of the protocol has a place for."""
    for conversation in conversations:
        for sender in (CLIENT, SERVER):
            direction = conversation.connection.direction(sender)
            read = sum(len(seen.raw) for seen in conversation.fields if seen.sender == sender)
            left = direction.data[read:]
            if left:
                yield WireMark(conversation.connection.number, sender, read, left, direction.came(read))


def _lines_of(wire: WireMark, aligned: Sequence[Mapping[int, Place]]) -> Iterator[LineMark]:
    """The line of each console that tells of this field; of several the first."""
    place = Place(wire.connection, wire.sender, wire.offset)
    for number, places in enumerate(aligned):
        line = next((line for line, told in places.items() if told == place), None)
        if line is not None and wire.field is not None:
            yield LineMark(number, line)


def _crash(accounts: Sequence[Account]) -> LineMark | None:
    """The line in which a program says that it could not go on."""
    for number, account in enumerate(accounts):
        errors = [place for place, line in enumerate(account.lines) if line.stream == "err" and line.text.strip()]
        if errors and account.program.console is not None:
            told = account.lines[errors[0]].text.startswith("Traceback")
            return LineMark(number, errors[-1] if told else errors[0])
    return None


# The consoles --------------------------------------------------------------------------------------------------------


def _wrong_line(
    conversations: Sequence[Conversation], accounts: Sequence[Account], aligned: Sequence[Mapping[int, Place]]
) -> Parting | None:
    found = [mark for number, account in enumerate(accounts) for mark in _departure(number, account, conversations)]
    if not found:
        return None
    mark = found[0]
    line = accounts[mark.account].lines[mark.line]
    key = _key_of(accounts[mark.account].program.console, mark.expected or line.text)
    fields = [
        (conversation.connection.number, seen)
        for conversation in conversations
        for seen in conversation.fields
        if seen.key == key
    ]
    near = min(fields, key=lambda pair: abs(pair[1].came - line.at), default=None)
    if near is None:
        return Parting(line.at, None, (mark,))
    wire = _mark(*near)
    others = [other for other in _lines_of(wire, aligned) if other.account != mark.account]
    return Parting(line.at, wire, (mark, *others))


def _departure(number: int, account: Account, conversations: Sequence[Conversation]) -> Iterator[LineMark]:
    console = account.program.console
    out = [(place, line.text) for place, line in enumerate(account.lines) if line.stream == "out"]
    if console is None or not out or account.member is not None:
        return
    listening = fill(console.listening or "", {"port": account.port})
    values = {"host": "127.0.0.1", "port": account.port} if account.program.role == "client" else {}
    sequences = [connection_lines(console, conversation, values) for conversation in conversations]
    if console.order == "one at a time":
        start = [listening] if console.listening else []
        wanted = [*start, *(line for sequence in sequences for line in (*sequence, *start))]
        for (place, text), right in zip(out, wanted, strict=False):
            if text != right:
                yield LineMark(number, place, right)
                return
        if len(out) > len(wanted):
            yield LineMark(number, out[len(wanted)][0])
        elif len(out) < len(wanted):
            yield LineMark(number, out[-1][0], wanted[len(out)])
        return
    left = Counter(line for sequence in sequences for line in sequence)
    left[listening] += len(sequences) + 1
    for place, text in out:
        plain = _without_id(console, text)
        if not left[plain]:
            yield LineMark(number, place)
            return
        left[plain] -= 1


def _without_id(console: Console, text: str) -> str:
    for template in _templates(console):
        found = pattern(template).fullmatch(text)
        if found:
            return fill(template, {name: value for name, value in found.groupdict().items() if name != "id"})
    return text


def _templates(console: Console) -> list[str]:
    after = [line for lines in console.after.values() for line in lines]
    return [*console.starting, *console.connected, *after, *console.left]


def _key_of(console: Console | None, text: str) -> str | None:
    """The field that the line tells of."""
    for key, templates in (console.after if console else {}).items():
        if any(pattern(template).fullmatch(text) for template in templates):
            return key
    return None
