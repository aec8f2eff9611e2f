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

from conformance.agent.addresses import is_address
from conformance.diagnosis.byte_stream import ByteStream
from conformance.diagnosis.codec import ADDRESS_BITS, Candidate, Codec, Right, may_become, may_become_address
from conformance.diagnosis.questions import Path, Questions
from conformance.diagnosis.script import Again, Enter, Instruction, Item, compile_script
from conformance.model.protocol import FieldStep

__all__ = ["STOPPED_BITS", "Memory", "Read", "Walk", "walk"]

STOPPED_BITS = 12.0
_WAITING_BITS = 3.0
_EARLY_BITS = 6.0
_OWED_BITS = 8.0
_MOST_TRIES = 20000
_RIGHT = Right()


@dataclass(frozen=True)
class Read:
    """One field as it was read. `before` is the one before it."""

    step: FieldStep
    path: Path
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
    path: Path
    offset: int
    last: Read | None
    used: frozenset[str]


@dataclass(frozen=True)
class _Way:
    """How to read: the same for all of one walk."""

    stream: ByteStream
    codecs: Mapping[str, Codec]
    questions: Questions
    early: bool
    memory: Memory


Memory = dict[tuple[Codec, int, FieldStep, Any], tuple[Candidate, ...]]
"""What codecs have read already: hypotheses share most of their readings."""


def walk(
    items: Sequence[Item],
    stream: ByteStream,
    codecs: Mapping[str, Codec],
    questions: Questions,
    *,
    limit: float,
    start: int = 0,
    early: bool = False,
    memory: Memory | None = None,
) -> Walk | None:
    """The most plausible reading of the bytes from `start` on that costs less than `limit` and breaks nothing.

    `codecs` says by a field's name how it is written, where not right. `early`: answers may come before their question.
    """
    script = compile_script(items)
    way = _Way(stream, codecs, questions, early, {} if memory is None else memory)
    stop = len(stream.data)
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
            case Enter(past=past, first=first):
                following = [
                    (0.0, _State(state.at + 1, (*state.path, first), *_rest(state))),
                    (0.0, _State(past, state.path, *_rest(state))),
                ]
            case Again(start=again):
                *outer, number = state.path
                following = [
                    (0.0, _State(again, (*outer, number + 1), *_rest(state))),
                    (0.0, _State(state.at + 1, tuple(outer), *_rest(state))),
                ]
            case FieldStep() as step:
                following = list(_field(state, step, way))
        for more, after in following:
            cost = bits + more
            if after.offset >= stop:
                cost += _left_undone(script, after, way)
            if cost < limit:
                # Among equals, the one that has come further: else a long stream is read breadth first.
                heapq.heappush(waiting, (cost, -after.offset, next(order), after))
    return None


def _rest(state: _State) -> tuple[int, Read | None, frozenset[str]]:
    return state.offset, state.last, state.used


def _left_undone(script: Sequence[Instruction], state: _State, way: _Way) -> float:
    """What it costs that the bytes end here: little inside a round, more where an answer could be given and is not."""
    at, path = state.at, state.path
    if at >= len(script):
        return 0.0
    bits = _WAITING_BITS
    match script[at]:
        case Again(start=at):
            bits, path = 0.0, (*path[:-1], path[-1] + 1)
        case Enter(first=first):
            bits, at, path = 0.0, at + 1, (*path, first)
    step = script[at]
    if isinstance(step, FieldStep) and step.equals is not None:
        answer = way.questions.answer(step, path, lambda name: _own(state.last, name))
        bits = _OWED_BITS if answer.since is not None else bits
    return bits


def _field(state: _State, step: FieldStep, way: _Way) -> Iterator[tuple[float, _State]]:
    """The ways to read this field, each with its cost."""
    stream = way.stream
    expected, had = None, None
    if step.equals is not None:
        answer = way.questions.answer(step, state.path, lambda name: _own(state.last, name))
        expected, had = answer.value, answer.since
    early = step.equals is not None and (had is None or stream.came(state.offset) < had)
    if early and not way.early:
        return
    codec = way.codecs.get(step.field, _RIGHT)
    sized = way.questions.sized(step, state.path, lambda name: _own(state.last, name))
    for candidate in _remembered(codec, way, state.offset, sized, expected):
        bits = _cost(candidate, step, stream.data[state.offset :], expected, early)
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


def _remembered(codec: Codec, way: _Way, offset: int, step: FieldStep, expected: Any) -> tuple[Candidate, ...]:
    place = (codec, offset, step, expected)
    known = way.memory.get(place)
    if known is None:
        known = way.memory[place] = tuple(codec.read(way.stream, offset, step, expected))
    return known


def _cost(candidate: Candidate, step: FieldStep, there: bytes, expected: Any, early: bool) -> float | None:
    if early:
        return candidate.bits + _EARLY_BITS
    if candidate.opaque:
        return candidate.bits
    if not candidate.whole:
        if candidate.right:
            return candidate.bits if may_become(step, there, candidate.value, expected) else None
        begun = candidate.value if isinstance(candidate.value, str) else ""
        return candidate.bits if step.form is None or may_become_address(begun) else None
    if expected is not None:
        return 0.0 if candidate.value == expected else None
    if step.form is not None:
        return ADDRESS_BITS if is_address(candidate.value) else None
    return candidate.bits


def _own(last: Read | None, name: str) -> Any:
    while last is not None:
        if last.step.field == name:
            return last.candidate.value
        last = last.before
    raise KeyError(name)
