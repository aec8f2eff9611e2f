"""Recorded bytes, read as the protocol has them: which field, which value, which bytes, when.

The two directions are read together, step by step as the protocol says, so that a field can be checked against those
before it, and so that the one that breaks the protocol is named with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.agent.addresses import is_address
from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.hexdump import show
from conformance.agent.recording import Connection, Direction
from conformance.agent.sized_bytes import SizeError
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step
from javaio import IncompleteValueError, UTFDataFormatError

__all__ = ["Conversation", "Message", "SeenField", "read_conversation", "show"]


@dataclass(frozen=True)
class SeenField:
    """A field that passed: where it stood in its direction, and when its first and its last byte came."""

    sender: Side
    name: str
    type: str
    value: Any
    raw: bytes
    offset: int
    began: float
    came: float

    @property
    def key(self) -> str:
        """The name by which consoles speak of it."""
        return f"{self.sender}.{self.name}"


@dataclass(frozen=True)
class Message:
    """One round of a loop in a `both ways` step: what its sender said at once."""

    sender: Side
    fields: Mapping[str, Any]
    came: float


@dataclass
class Conversation:
    """One connection as the protocol reads it.

    `problems` says, each in a sentence, where bytes broke the protocol; `missing`, what never came.
    """

    connection: Connection
    fields: list[SeenField] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    rounds: int = 0
    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def read_conversation(protocol: Protocol, connection: Connection) -> Conversation:
    """Reads what was recorded of `connection`."""
    conversation = Conversation(connection)
    reader = _Reader(conversation)
    try:
        reader.walk(protocol.session)
        reader.nothing_left()
    except _BrokenError as broken:
        conversation.problems.append(str(broken))
    except _EndedError as ended:
        conversation.missing.append(str(ended))
    return conversation


class _BrokenError(Exception):
    """The bytes do not fit the protocol; nothing after them can be read."""


class _EndedError(Exception):
    """The bytes end before the protocol does."""


class _Reader:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._connection = conversation.connection
        self._data = {CLIENT: self._connection.client.data, SERVER: self._connection.server.data}
        self._offset: dict[Side, int] = {CLIENT: 0, SERVER: 0}
        self._values: dict[str, Any] = {}

    def walk(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            match step:
                case FieldStep():
                    self._read(step)
                case Repeat(repeat=body):
                    self._loop(body)
                case BothWays(sides=sides):
                    self._one_side(CLIENT, sides.client)
                    self._one_side(SERVER, sides.server)

    def _loop(self, body: tuple[Step, ...]) -> None:
        while self._more(body):
            self._conversation.rounds += 1
            self.walk(body)

    def _one_side(self, sender: Side, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if not isinstance(step, Repeat):
                self.walk((step,))
                continue
            while self._more(step.repeat):
                start = len(self._conversation.fields)
                self.walk(step.repeat)
                said = self._conversation.fields[start:]
                message = Message(sender, {seen.name: seen.value for seen in said}, said[-1].came)
                self._conversation.messages.append(message)

    def _more(self, body: tuple[Step, ...]) -> bool:
        first = next(step for step in body if isinstance(step, FieldStep))
        return self._offset[first.sender] < len(self._data[first.sender])

    def _read(self, step: FieldStep) -> None:
        sender, offset = step.sender, self._offset[step.sender]
        data = self._data[sender]
        try:
            wire = step.wire(self._values)
        except SizeError as error:
            raise _BrokenError(f"the {sender} can send no bytes `{step.field}`{self._round()}: {error}") from None
        if offset >= len(data) and wire.size:
            expected = "" if step.expected is None else f", which must be {step.equals} = {step.expected(self._values)}"
            raise _EndedError(f"the {sender} never sent {step.type} `{step.field}`{self._round()}{expected}")
        try:
            value, size = wire.decode(data, offset)
        except IncompleteValueError as error:
            here = len(data) - offset
            raise _EndedError(
                f"the {sender}'s bytes end inside {step.type} `{step.field}`, at byte {len(data)}: "
                f"expected {error.expected} bytes from byte {offset} on, got {here} ({show(data[offset:])})"
            ) from None
        except UTFDataFormatError as error:
            raise _BrokenError(
                f"the {sender} sent a `{step.field}`, at byte {offset}, that is no modified UTF-8: {error}"
            ) from None
        seen = SeenField(
            sender,
            step.field,
            step.type,
            value,
            data[offset : offset + size],
            offset,
            self._came(sender, offset if size else offset - 1),
            self._came(sender, offset + size - 1),
        )
        self._check(step, seen)
        self._offset[sender] = offset + size
        self._values[step.field] = value
        self._conversation.fields.append(seen)

    def _came(self, sender: Side, offset: int) -> float:
        return self._connection.opened if offset < 0 else self._connection.direction(sender).came(offset)

    def _check(self, step: FieldStep, seen: SeenField) -> None:
        if step.form == "IP address" and not is_address(seen.value):
            following = self._data[step.sender][seen.offset + len(seen.raw) :]
            self._conversation.problems.append(
                f"the {step.sender} must send its address as UTF `{step.field}`, and sent {seen.value!r} "
                f"({show(seen.raw)}), followed by {show(following) or 'nothing'}"
            )
        if step.expected is None:
            return
        expected = step.expected(self._values)
        if seen.value != expected:
            self._conversation.problems.append(
                f"the {step.sender}'s `{step.field}`{self._round()} must be {step.equals} = {expected}, "
                f"and it sent {seen.value} ({show(seen.raw)}, byte {seen.offset})"
            )
        asked = next(reversed(self._conversation.fields), seen)
        if asked.sender != step.sender and not _had(self._connection.direction(asked.sender), asked, seen.began):
            self._conversation.problems.append(
                f"the {step.sender} sent `{step.field}`{self._round()} before it had all of `{asked.name}`, "
                "which it answers"
            )

    def _round(self) -> str:
        return f" of round {self._conversation.rounds}" if self._conversation.rounds else ""

    def nothing_left(self) -> None:
        for sender in (CLIENT, SERVER):
            left = self._data[sender][self._offset[sender] :]
            if left:
                many = f"{len(left)} bytes" if len(left) > 1 else "1 byte"
                raise _BrokenError(
                    f"the {sender} sent {many} too many, at byte {self._offset[sender]}, where the protocol has "
                    f"nothing more from it: {show(left)}"
                )


def _had(direction: Direction, asked: SeenField, when: float) -> bool:
    went = direction.went(asked.offset + len(asked.raw) - 1)
    return went is not None and went <= when
