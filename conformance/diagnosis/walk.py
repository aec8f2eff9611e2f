"""Reads one direction of a connection by a script and a choice of codecs, and adds up how plausible that is.

The search is best first: the reading that has cost least so far goes on, until one has come to the end. A mistake that
cannot explain a byte is out at once; so is one that has cost more than the limit.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from typing import Any, NamedTuple

from conformance.agent.addresses import is_address
from conformance.agent.expressions import parse_expression
from conformance.diagnosis.codecs import ByteStream, Candidate, Codec, may_become, may_become_address
from conformance.diagnosis.hypotheses import Hypothesis
from conformance.diagnosis.plausibility import settled_bits
from conformance.diagnosis.script import EXTRA, Instruction, Round, compile_script
from conformance.model.protocol import FieldStep

__all__ = ["STOPPED_BITS", "Path", "Questions", "Read", "Walker"]

STOPPED_BITS = 12.0
_WAITING_BITS = 3.0
_EARLY_BITS = 6.0
_OWED_BITS = 8.0
_AGAIN_BITS = 5.0
_MOST_TRIES = 20000
_RIGHT = Codec()

Path = tuple[int, ...]
"""The round of each loop around a field, from 1."""


@dataclass(frozen=True)
class Questions:
    """What a side has been asked: the other's fields by name and path, each its value and the offset behind it.

    The same answer may be right for one reading of the question and wrong for another, so there are several of these
    for one side: the other's bytes as they are, as their sender meant them, and `swapped`, as a reader has them that
    takes the low byte of each number first.
    """

    asked: Mapping[tuple[str, Path], tuple[Any, int]]
    stream: ByteStream
    swapped: bool = False

    @cached_property
    def names(self) -> frozenset[str]:
        """Those of the fields."""
        return frozenset(name for name, _ in self.asked)


class Read(NamedTuple):
    """One field as it was read. `before` is the one before it."""

    step: FieldStep
    path: Path
    start: int
    candidate: Candidate
    codec: Codec
    early: bool
    before: Read | None

    def all(self) -> list[Read]:
        """The fields up to this one, in their order."""
        found = [self]
        while (before := found[-1].before) is not None:
            found.append(before)
        return found[::-1]


class _State(NamedTuple):
    at: int
    path: Path
    offset: int
    last: Read | None
    used: frozenset[str]


class _Values(dict[str, Any]):
    """What an expression is computed from; `since` is when the last of the other side's values were had."""

    def __init__(self, questions: Questions, path: Path, last: Read | None) -> None:
        super().__init__()
        self._questions, self._path, self._last = questions, path, last
        self.since = float("-inf")

    def __missing__(self, name: str) -> Any:
        asked, path, read = self._questions.asked, self._path, self._last
        for size in range(len(path), -1, -1):  # in this round, or around it
            question = asked.get((name, path[:size]))
            if question is not None:
                value, end = question
                had = self._questions.stream.had(end - 1)
                if had is None or value is None:
                    raise KeyError(name)
                self.since = max(self.since, had)
                return value
        while read is not None and name not in self._questions.names:  # what the same side said before
            if read.step.field == name:
                return read.candidate.value
            read = read.before
        raise KeyError(name)

    def of(self, expression: str | None) -> Any:
        """Its value; None where there is none, or it was not asked in a way that can be read."""
        try:
            return None if expression is None else _parsed(expression)(self)
        except (KeyError, TypeError):
            return None


_parsed = lru_cache(parse_expression)


class Walker:
    """Reads the bytes of `stream` from `start` on, by one hypothesis after the other.

    It remembers what codecs have read: hypotheses share most of their readings.
    """

    def __init__(self, stream: ByteStream, start: int) -> None:
        self.stream = stream
        self.start = start
        self._known: dict[tuple[Any, ...], list[tuple[float, Candidate]]] = {}

    def walk(self, hypothesis: Hypothesis, questions: Questions, limit: float) -> tuple[float, list[Read]] | None:
        """The most plausible reading of the bytes that breaks nothing: its cost, which is below `limit`, and fields."""
        script = compile_script(hypothesis.items)
        stop, order = len(self.stream.data), count()
        state = _State(0, (), self.start, None, frozenset())
        waiting: list[tuple[float, int, int, _State]] = [(0.0, 0, next(order), state)]
        for _ in range(_MOST_TRIES):
            if not waiting:
                return None
            bits, _, _, state = heapq.heappop(waiting)
            at, path, offset, last, used = state
            if offset >= stop:
                return bits, [] if last is None else last.all()
            if at >= len(script):
                continue
            step = script[at]
            if isinstance(step, FieldStep):
                ways = self._field(state, step, hypothesis, questions)
            else:
                behind = path[:-1] if step.first is None else path
                jumps = [(at + step.more, step.inside(path)), (at + step.past, behind)]
                ways = iter([(0.0, _State(to, inside, offset, last, used)) for to, inside in jumps])
            for cost, after in ways:
                cost += bits
                if after.offset >= stop:
                    cost += _left_undone(script, after, questions)
                if cost < limit:
                    # Among equals, the one that has come further: else a long stream is read breadth first.
                    heapq.heappush(waiting, (cost, -after.offset, next(order), after))
        return None

    def _field(
        self, state: _State, step: FieldStep, hypothesis: Hypothesis, questions: Questions
    ) -> Iterator[tuple[float, _State]]:
        """The ways to read this field, each with its cost."""
        at, path, offset, last, used = state
        codec = hypothesis.codecs.get(step.field, _RIGHT)
        expected, size, early = None, None, False
        if step.equals is not None:
            values = _Values(questions, path, last)
            expected = values.of(step.equals)
            early = expected is None or self.stream.direction.came(offset) < values.since
            if early and not hypothesis.early:
                return
        if step.size is not None:
            size = _Values(questions, path, last).of(step.size)
        for bits, candidate in self.candidates(codec, offset, step, size, expected, early):
            now_used = used
            if codec.key is not None and not candidate.right and codec.key not in used:
                now_used = used | {codec.key}
                bits += codec.prior
            if step.field == EXTRA and last is not None and candidate.value == last.candidate.value:
                bits = min(bits, _AGAIN_BITS)
            read = Read(step, path, offset, candidate, codec, early, last)
            yield bits, _State(at + 1, path, candidate.end, read, now_used)

    def candidates(
        self, codec: Codec, offset: int, step: FieldStep, size: Any = None, expected: Any = None, early: bool = False
    ) -> list[tuple[float, Candidate]]:
        """What stands at `offset` as that codec may read it, where that can be the field; each with its cost."""
        place = (codec, offset, step.field, step.type, size, expected, early)
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = []
            for candidate in codec.read(self.stream, offset, step, size, expected):
                bits = candidate.bits + STOPPED_BITS * (not candidate.whole)
                odd = candidate.odd
                if early:
                    guessed = expected is not None and candidate.value == expected
                    known.append((_EARLY_BITS + (0.0 if guessed else bits), candidate))
                elif candidate.opaque:
                    known.append((bits, candidate))
                elif self._can_be(candidate, offset, step, expected):
                    known.append((odd + (settled_bits(step, bits) if candidate.whole else bits), candidate))
        return known

    def _can_be(self, candidate: Candidate, offset: int, step: FieldStep, expected: Any) -> bool:
        value = candidate.value
        if not candidate.whole:
            if candidate.right:
                return may_become(step, self.stream.data[offset:], value, expected)
            return step.form is None or may_become_address(value if isinstance(value, str) else "")
        if expected is not None:
            return bool(value == expected)
        return step.form is None or is_address(value)


def _left_undone(script: Sequence[Instruction], state: _State, questions: Questions) -> float:
    """What it costs that the bytes end here: little inside a round, more where an answer could be given and is not."""
    if state.at >= len(script):
        return 0.0
    step, path, bits = script[state.at], state.path, _WAITING_BITS
    if isinstance(step, Round):
        path, step, bits = step.inside(path), script[state.at + step.more], 0.0
    if isinstance(step, FieldStep) and _Values(questions, path, state.last).of(step.equals) is not None:
        return _OWED_BITS
    return bits
