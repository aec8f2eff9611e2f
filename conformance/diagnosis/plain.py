"""Reads one direction as the protocol has it, and says where it goes wrong, if it does.

This is the gate before every guess: where all that a side sent is right so far, no mistake is looked for. It reads on
after a wrong value, as the other program does, so that the answers to it can still be judged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.agent.addresses import is_address
from conformance.agent.sized_bytes import BYTES
from conformance.diagnosis.byte_stream import Lane
from conformance.diagnosis.codec import Candidate
from conformance.diagnosis.plausible import ADDRESS_BITS
from conformance.diagnosis.questions import Question, Questions
from conformance.diagnosis.right import CONTENT_BITS, right_candidate
from conformance.diagnosis.script import Again, Enter, Item, Loop, compile_script
from conformance.diagnosis.walk import STOPPED_BITS, may_begin
from conformance.model.protocol import FieldStep

__all__ = ["Plain", "Resume", "read_plainly"]

_WRONG_VALUE_BITS = 60.0
_NO_ADDRESS_BITS = 30.0
_UNREAD_BITS = 60.0
_BYTE_BITS = 8.0
_ROUNDS_BEFORE = 8
_WHOLE_START = 4096  # a mistake found by then is looked for from the first byte on
_WINDOW = 4096


@dataclass(frozen=True)
class Resume:
    """A place to start from: the rest of the script there, which round it is, at which byte."""

    items: tuple[Item, ...]
    first_round: int
    offset: int


@dataclass
class Plain:
    """What came of it. `wrong_at` is the first byte of the first field that no right program would have sent so;
    `stopped_in` the field inside which the bytes end; `due` the one that would have to come next, if one has to; where
    that is `bytes`, `due_bytes` is how many they are."""

    lane: Lane
    questions: Questions = field(default_factory=Questions)
    wrong_at: int | None = None
    unreadable: bool = False
    unasked: bool = False
    stopped_in: FieldStep | None = None
    stopped_at: int = 0
    due: FieldStep | None = None
    due_round: int | None = None
    due_bytes: int | None = None
    bits: float = 0.0
    resume: Resume = field(default_factory=lambda: Resume((), 0, 0))
    end: int = 0

    def cost(self, start: int, end: int) -> float:
        """What the reading costs between two bytes: of what goes on behind the last, its share."""
        return sum(
            bits * min(1.0, (end - offset) / (stop - offset or 1))
            for offset, stop, bits in self._paid
            if start <= offset < end
        )

    _paid: list[tuple[int, int, float]] = field(default_factory=list)

    def pay(self, offset: int, stop: int, bits: float) -> None:
        """What is between `offset` and `stop` costs so much."""
        self._paid.append((offset, stop, bits))


class _Reader:
    def __init__(self, items: tuple[Item, ...], lane: Lane, questions: Questions) -> None:
        self._items = items
        self._lane = lane
        self._questions = questions
        self._own: dict[str, Any] = {}
        self._rounds: deque[Resume] = deque(maxlen=_ROUNDS_BEFORE)
        self.found = Plain(lane, resume=Resume(items, 0, 0))

    def read(self) -> Plain:
        script = compile_script(self._items)
        at, offset = 0, 0
        path: tuple[int, ...] = ()
        found = self.found
        data = self._lane.data
        while at < len(script):
            match script[at]:
                case Enter(past=past, lead=lead):
                    inside = self._more(lead, (*path, 0), offset)
                    at, path = (at + 1, (*path, 0)) if inside else (past, path)
                    if inside:
                        self._round_begins(lead, path, offset)
                case Again(start=start, lead=lead):
                    path = (*path[:-1], path[-1] + 1)
                    if self._more(lead, path, offset):
                        at = start
                        self._round_begins(lead, path, offset)
                    else:
                        at, path = at + 1, path[:-1]
                case FieldStep() as step:
                    sized = self._questions.sized(step, path, self._own.__getitem__)
                    if offset >= len(data) and sized.size != "0":
                        found.due, found.due_round = step, path[-1] if path else None
                        found.due_bytes = _number(sized.size)
                        break
                    after = self._field(step, sized, path, offset)
                    if after is None:
                        offset = len(data)
                        break
                    at, offset = at + 1, after
        if offset < len(data):
            self._wrong(offset)
            found.unasked = True
            found.pay(offset, len(data), _UNREAD_BITS + _BYTE_BITS * (len(data) - offset))
        self._where_to_start()
        return found

    def _more(self, lead: FieldStep, path: tuple[int, ...], offset: int) -> bool:
        if lead.sender == self._lane.side:
            return offset < len(self._lane.data)
        return (lead.field, path) in self._questions.asked

    def _round_begins(self, lead: FieldStep, path: tuple[int, ...], offset: int) -> None:
        if len(path) == 1 and self.found.wrong_at is None:
            index = next(i for i, item in enumerate(self._items) if isinstance(item, Loop) and item.lead == lead)
            self._rounds.append(Resume(self._items[index:], path[0], offset))

    def _field(self, step: FieldStep, sized: FieldStep, path: tuple[int, ...], offset: int) -> int | None:
        found, lane = self.found, self._lane
        candidate = right_candidate(lane.data, offset, sized)
        if candidate is None:
            self._wrong(offset)
            found.unreadable = True
            byte = CONTENT_BITS if step.type == BYTES else _BYTE_BITS
            found.pay(offset, len(lane.data), _UNREAD_BITS + byte * (len(lane.data) - offset))
            return None
        bits = candidate.bits
        if step.equals is not None:
            bits = self._answer(step, path, offset, candidate)
        elif not candidate.whole:
            if not may_begin(step, candidate, lane.data[offset:], None):
                self._wrong(offset)
                bits += _WRONG_VALUE_BITS
        elif step.form is not None:
            if is_address(candidate.value):
                bits = ADDRESS_BITS
            else:
                self._wrong(offset)
                bits += _NO_ADDRESS_BITS
        if not candidate.whole:
            found.stopped_in, found.stopped_at = step, offset
            found.due_round = path[-1] if path else None
            found.due_bytes = _number(sized.size)
            found.pay(offset, len(lane.data), bits + STOPPED_BITS)
            return None
        found.pay(offset, candidate.end, bits)
        self._own[step.field] = candidate.value
        found.questions.asked[step.field, path] = Question(candidate.value, lane.had(candidate.end - 1))
        return candidate.end

    def _answer(self, step: FieldStep, path: tuple[int, ...], offset: int, candidate: Candidate) -> float:
        answer = self._questions.answer(step, path, self._own.__getitem__)
        if answer.since is None or self._lane.came(offset) < answer.since:
            self._wrong(offset)
            self.found.unasked = self.found.unasked or answer.since is None
            return candidate.bits + _WRONG_VALUE_BITS
        if candidate.whole and candidate.value == answer.value:
            return 0.0
        if not candidate.whole and may_begin(step, candidate, self._lane.data[offset:], answer.value):
            return 0.0
        self._wrong(offset)
        return candidate.bits + _WRONG_VALUE_BITS

    def _wrong(self, offset: int) -> None:
        if self.found.wrong_at is None:
            self.found.wrong_at = offset

    def _where_to_start(self) -> None:
        found = self.found
        place = found.wrong_at if found.wrong_at is not None else found.stopped_at if found.stopped_in else 0
        if place > _WHOLE_START and self._rounds:
            found.resume = self._rounds[0]
        found.end = min(len(self._lane.data), max(place, found.resume.offset) + _WINDOW)


def _number(size: str | None) -> int | None:
    return int(size) if size is not None and size.isdigit() else None


def read_plainly(items: Sequence[Item], lane: Lane, questions: Questions) -> Plain:
    """Reads all that a side sent; `questions` is what it was asked."""
    return _Reader(tuple(items), lane, questions).read()
