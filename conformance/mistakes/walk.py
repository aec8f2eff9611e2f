"""Reads one direction of a connection by a script and a choice of codecs, and adds up how plausible that is.

The search is best first: the reading that has cost least so far goes on, until one has come to the end. A mistake that
cannot explain a byte is out at once; so is one that has cost more than the limit.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from conformance.mistakes.codec import Candidate, Codec
from conformance.mistakes.lane import Lane
from conformance.mistakes.plausible import ADDRESS_BITS, int_bits, is_address
from conformance.mistakes.questions import Questions
from conformance.mistakes.right import NUMBERS, Right
from conformance.mistakes.script import Again, Enter, Item, compile_script
from conformance.model.protocol import FieldStep

__all__ = ["STOPPED_BITS", "Read", "Walk", "walk"]

STOPPED_BITS = 15.0
_WAITING_BITS = 3.0
_EARLY_BITS = 10.0
_MOST_TRIES = 20000
_RIGHT = Right()


@dataclass(frozen=True)
class Read:
    """One field as it was read. `before` is the one before it."""

    step: FieldStep
    path: tuple[int, ...]
    start: int
    candidate: Candidate
    codec: Codec
    early: bool
    before: Read | None


@dataclass(frozen=True)
class Walk:
    """A reading of all the bytes, and its cost."""

    last: Read | None
    bits: float

    @property
    def reads(self) -> list[Read]:
        """The fields in their order."""
        found = []
        read = self.last
        while read is not None:
            found.append(read)
            read = read.before
        return found[::-1]


@dataclass(frozen=True)
class _State:
    at: int
    path: tuple[int, ...]
    offset: int
    last: Read | None
    used: frozenset[str]


@dataclass(frozen=True)
class _Way:
    """How to read: the same for all of one walk."""

    lane: Lane
    codecs: Mapping[str, Codec]
    questions: Questions
    early: bool


def walk(
    items: Sequence[Item],
    lane: Lane,
    codecs: Mapping[str, Codec],
    questions: Questions,
    *,
    limit: float,
    start: int = 0,
    end: int | None = None,
    first_round: int = 0,
    early: bool = False,
) -> Walk | None:
    """The most plausible reading of the bytes from `start` to `end` that costs less than `limit` and breaks nothing.

    `codecs` says by a field's name how it is written, where not right. `early`: answers may come before their question.
    """
    script = compile_script(items)
    way = _Way(lane, codecs, questions, early)
    stop = len(lane.data) if end is None else end
    order = count()
    waiting: list[tuple[float, int, int, _State]] = [(0.0, 0, next(order), _State(0, (), start, None, frozenset()))]
    for _ in range(_MOST_TRIES):
        if not waiting:
            return None
        bits, _, _, state = heapq.heappop(waiting)
        if state.offset >= stop:
            return Walk(state.last, bits)
        if state.at >= len(script):
            continue
        match script[state.at]:
            case Enter():
                following = [(0.0, _State(state.at + 1, (*state.path, first_round), *_rest(state)))]
            case Again(start=again):
                path = (*state.path[:-1], state.path[-1] + 1)
                following = [(0.0, _State(again, path, *_rest(state)))]
            case FieldStep() as step:
                following = list(_field(state, step, way))
        for more, after in following:
            cost = bits + more
            if after.offset >= stop and not _between_rounds(script, after.at):
                cost += _WAITING_BITS
            if cost < limit:
                # Among equals, the one that has come further: else a long stream is read breadth first.
                heapq.heappush(waiting, (cost, -after.offset, next(order), after))
    return None


def _rest(state: _State) -> tuple[int, Read | None, frozenset[str]]:
    return state.offset, state.last, state.used


def _between_rounds(script: Sequence[object], at: int) -> bool:
    return at >= len(script) or isinstance(script[at], Enter | Again)


def _field(state: _State, step: FieldStep, way: _Way) -> Iterator[tuple[float, _State]]:
    """The ways to read this field, each with its cost."""
    lane = way.lane
    expected, had = None, None
    if step.expected is not None:
        answer = way.questions.answer(step, state.path, lambda name: _own(state.last, name))
        expected, had = answer.value, answer.since
    early = step.expected is not None and (had is None or lane.came(state.offset) < had)
    if early and not way.early:
        return
    codec = way.codecs.get(step.field, _RIGHT)
    for candidate in codec.read(lane.source, state.offset, step, expected):
        bits = _cost(candidate, step, expected, early)
        if bits is None:
            continue
        used = state.used
        if codec.key is not None and not candidate.right and codec.key not in used:
            used = used | {codec.key}
            bits += codec.prior
        if not candidate.whole:
            bits += STOPPED_BITS
        read = Read(step, state.path, state.offset, candidate, codec, early, state.last)
        yield bits, _State(state.at + 1, state.path, candidate.end, read, used)


def _cost(candidate: Candidate, step: FieldStep, expected: Any, early: bool) -> float | None:
    if early:
        return candidate.bits + _EARLY_BITS
    if not candidate.whole:
        # What is there of an answer must be what a right answer written so begins with; of that only texts tell.
        return candidate.bits
    if candidate.value is None:
        return candidate.bits
    if step.expected is not None and not _serialized(candidate, step):
        return 0.0 if candidate.value == expected else None
    if step.form is not None and not _serialized(candidate, step):
        return ADDRESS_BITS if is_address(candidate.value) else None
    return candidate.bits


def _serialized(candidate: Candidate, step: FieldStep) -> bool:
    return step.type in NUMBERS and isinstance(candidate.value, str)


def _own(last: Read | None, name: str) -> Any:
    while last is not None:
        if last.step.field == name:
            return last.candidate.value
        last = last.before
    raise KeyError(name)
