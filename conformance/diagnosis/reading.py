"""What the decoder made of one side: where it goes wrong, where its bytes end, and where to look for a mistake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, islice, pairwise
from operator import attrgetter
from typing import Any

from conformance.agent.events import Side
from conformance.agent.sized_bytes import BYTES
from conformance.decoder import Conversation, Expected, Field
from conformance.diagnosis.codecs import ByteStream, Candidate, begun, may_become
from conformance.diagnosis.plausibility import NUMBERS, TEXT, byte_bits, settled_bits, value_bits
from conformance.diagnosis.script import Item, Loop, fields_of, script_of
from conformance.diagnosis.walk import STOPPED_BITS, Questions

__all__ = ["Reading", "Window"]

_UNREADABLE = frozenset({"malformed-text", "bad-size"})
_WRONG = frozenset({"wrong-value", "no-address", "before-question", "too-many-bytes"}) | _UNREADABLE
_WRONG_VALUE_BITS = 60.0
_NO_ADDRESS_BITS = 30.0
_UNREAD_BITS = 60.0
_ROUNDS_BEFORE = 8
_WHOLE_START = 4096  # a mistake found by then is looked for from the first byte on
_WINDOW = 4096
_FIRST_FIELDS = 6
_PLAIN_BITS = 24.0  # of a number
_ODD_BITS = 8.0
_ODD_ZEROS = 3
_FEW_TEXTS = 4
_AT_ONCE = 0.1  # seconds between what is sent together
_TYPED = 0.35  # between what a person types, or a program with pauses sends


@dataclass(frozen=True)
class Window:
    """The bytes in which a mistake is looked for: `items` is the script there, `first` the outermost loop's round."""

    items: tuple[Item, ...]
    start: int
    end: int
    first: int = 1


class Reading:
    """What the decoder made of the bytes of `side`, in a conversation that is over or still goes on.

    wrong_at    the offset of the first field that no right program would have sent so; None where there is none
    unreadable  the bytes are no fields, from some byte on
    unasked     nothing has asked for the bytes, from some byte on
    due         the field that has to come next, or that the bytes end inside of; then it is `stopped_in`, too
    place       the offset at which something is wrong, or else that of the field inside which the bytes end
    """

    def __init__(self, conversation: Conversation, side: Side) -> None:
        decoder = conversation.decoder
        self.side = side
        self.direction = conversation.connection.direction(side)
        self.size = decoder.total(side)
        self._read = decoder.read(side)
        self._conversation = conversation
        self._steps = conversation.protocol.fields
        problems = {problem.code: problem for problem in reversed(conversation.problems) if problem.where.side == side}
        wrong = [where for code in _WRONG & problems.keys() if (where := problems[code].where.offset) is not None]
        self.due = decoder.due(side)
        self.unreadable = not _UNREADABLE.isdisjoint(problems)
        self.unasked = "too-many-bytes" in problems or (self.due is None and decoder.unread(side) != b"")
        begins: Candidate | None = None
        if self.due is not None and self.due.got:
            begins = begun(self.due.got, 0, self.due.type, self.due.needed or 0)
            if begins is None:
                self.unreadable, self.due = True, None
        self._bits_behind = 0.0  # what it costs that the bytes behind the last whole field are right
        if self.unreadable or self.unasked:
            wrong.append(self._read)
            byte = byte_bits(BYTES if "bad-size" in problems else TEXT)
            self._bits_behind = _UNREAD_BITS + byte * (self.size - self._read)
        elif self.due is not None and begins is not None:
            step = self._steps[self.due.ordinal]
            self._bits_behind = STOPPED_BITS + settled_bits(step, begins.bits)  # what an address begins with is settled
            if not may_become(step, self.due.got, begins.value, self.due.value):
                wrong.append(self._read)
                self._bits_behind = STOPPED_BITS + begins.bits + _WRONG_VALUE_BITS
        self.wrong_at = min(wrong, default=None)
        self.stopped_in = None if begins is None else self.due
        self.place = self.stopped_in.offset if self.stopped_in and self.wrong_at is None else self.wrong_at

    @property
    def shows_at(self) -> float:
        """When the byte at that place came; infinite where there is none."""
        return float("inf") if self.place is None else self.direction.came(self.place)

    @cached_property
    def stream(self) -> ByteStream:
        """The bytes as far as the decoder has had them."""
        return ByteStream(self.direction.data[: self.size], self.direction)

    @cached_property
    def window(self) -> Window:
        """Where to look for a mistake: from the first byte on, or from some rounds before the place."""
        items = script_of(self._conversation.protocol.session, self.side)
        place = self.place or 0
        window = Window(items, 0, place)
        if place > _WHOLE_START:
            numbers = [number for number, item in enumerate(items) if isinstance(item, Loop)]
            loops = {step.field: number for number in numbers for step in fields_of(items[number : number + 1])}
            before = (field for field in reversed(self._fields) if field.path and field.offset <= place)
            by_round = groupby(before, lambda field: (loops[field.name], field.path[0]))
            starts = [(key, list(fields)[-1]) for key, fields in islice(by_round, _ROUNDS_BEFORE)]
            if starts:
                (number, first), lead = starts[-1]
                loop = items[number]
                assert isinstance(loop, Loop)
                window = Window((replace(loop, first=first), *items[number + 1 :]), lead.offset, place, first)
        return replace(window, end=min(self.size, max(place, window.start) + _WINDOW))

    @cached_property
    def bits(self) -> float:
        """What it costs that all is right in the window: of what goes on behind its end, the share inside."""
        start, end = self.window.start, self.window.end
        costs = [(field.offset, field.end, self._bits(field)) for field in self._fields if start <= field.offset < end]
        if self._read < end:
            costs.append((self._read, self.size, self._bits_behind))
        return sum(bits * min(1.0, (end - offset) / (stop - offset or 1)) for offset, stop, bits in costs)

    def bits_before(self, offset: int) -> float:
        """What the right fields of the window cost that end by `offset`."""
        fields = (field for field in self._fields if self.window.start <= field.offset and field.end <= offset)
        return sum(map(self._bits, fields))

    def starts(self) -> list[int]:
        """Where something else may begin: at the place, or where a field does that is no right text."""
        first = self._fields[:_FIRST_FIELDS]
        fields = [field for field in first if field.type != TEXT or field.problem is not None or not field.value]
        places = [field.offset for field in fields] + [self._read] * (self._read < self.size)
        places += [self.wrong_at] if self.wrong_at is not None else []
        return sorted(place for place in set(places) if self.wrong_at is None or place <= self.wrong_at)

    def odd(self) -> bool:
        """Whether any of the values would be plainer another way: a quick look, before one that takes time."""
        bits, zeros = 0.0, 0
        for field in self._fields:
            if field.type == TEXT:
                bits += _ODD_BITS * (not field.value.isprintable() or not field.value)
            elif field.type in NUMBERS:
                bits += max(0.0, self._bits(field) - _PLAIN_BITS)
                zeros += field.value == 0
            if bits >= _ODD_BITS or zeros >= _ODD_ZEROS:
                return True
        return False

    def said_once(self) -> Field | None:
        """A text that comes alone where two are due, as if the first of them had been sent in the first round only.

        The first comes together with its neighbour, as a login, and all others come apart, as a person types; and the
        first never comes again.
        """
        texts = [field for field in self._fields if field.path and field.type == TEXT]
        if len(texts) < _FEW_TEXTS or any(field.type != TEXT for field in self._fields if field.path):
            return None
        came = [self.direction.came(field.offset) for field in texts]
        gaps = [later - sooner for sooner, later in pairwise(came)]
        if texts[0].path != texts[1].path or texts[1].path == texts[2].path or min(gaps[1:]) < _TYPED:
            return None
        before = [self.direction.came(field.offset) for field in self._fields if field.offset < texts[0].offset]
        together = gaps[0] < _AT_ONCE or (gaps[0] >= _TYPED and bool(before) and came[0] - before[-1] < _AT_ONCE)
        return texts[2] if together and all(field.value != texts[0].value for field in texts[2:]) else None

    def printable(self) -> bool:
        """Whether every text is one that a person may have typed."""
        return all(field.value.isprintable() for field in self._fields if field.type == TEXT)

    def field_at(self, offset: int) -> Field | Expected | None:
        """The field that begins there, or is due there."""
        found = next((field for field in self._fields if field.offset == offset), None)
        return found or (self.due if self.due is not None and self.due.offset == offset else None)

    def questions(self, asked: Window, *, swapped: bool = False) -> Questions:
        """What this side asks of the other in that one's window, `swapped` as `Questions` says."""
        rounds = range(asked.first, asked.first + asked.end - asked.start + 1)  # each takes one of its bytes at least
        value = _low_byte_first if swapped else attrgetter("value")
        fields = (field for field in self._fields if not field.path or field.path[0] in rounds)
        questions = {(field.name, field.path): (value(field), field.end) for field in fields}
        return Questions(questions, self.stream, swapped)

    @cached_property
    def _fields(self) -> list[Field]:
        return [field for field in self._conversation.fields if field.side == self.side]

    def _bits(self, field: Field) -> float:
        step = self._steps[field.ordinal]
        bits = value_bits(field.type, field.value, len(field.raw))
        if field.problem is not None:
            return bits + (_NO_ADDRESS_BITS if field.problem.code == "no-address" else _WRONG_VALUE_BITS)
        return settled_bits(step, bits)


def _low_byte_first(field: Field) -> Any:
    if field.type not in NUMBERS:
        return field.value
    return int.from_bytes(field.raw, "little", signed=not field.type.startswith("unsigned"))
