"""What a side has been asked: the values from which its answers are computed, and when it had them.

The same answer may be right for one reading of the question and wrong for another, so there are several of these for
one side: its bytes as they are, as a reader has them that takes the low byte first, and as their sender meant them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from conformance.agent.expressions import parse_expression
from conformance.model.protocol import FieldStep

__all__ = ["Answer", "Path", "Question", "Questions"]

Path = tuple[int, ...]
"""The round of each loop around a field, from 1."""


@dataclass(frozen=True)
class Question:
    """A field of the other side: its value, and when its last byte had gone on to the one who answers."""

    value: Any
    had: float | None


@dataclass(frozen=True)
class Answer:
    """What a field must be, and when that could be known; both None where its question was not asked."""

    value: Any
    since: float | None


@dataclass(frozen=True)
class Questions:
    """The fields of the other side, by name and path; `swapped` where numbers are read with the low byte first."""

    asked: Mapping[tuple[str, Path], Question] = field(default_factory=dict)
    swapped: bool = False

    def answer(self, step: FieldStep, path: Path, own: Callable[[str], Any]) -> Answer:
        """What `step` must be in that round; `own` knows what the same side said before."""
        assert step.equals is not None
        lookup = _Lookup(self, path, own)
        try:
            value = _parsed(step.equals)(lookup)
        except (KeyError, TypeError):  # never asked, or asked in a way that cannot be read
            return Answer(None, None)
        return Answer(value, max(lookup.times, default=float("-inf")))

    def sized(self, step: FieldStep, path: Path, own: Callable[[str], Any]) -> FieldStep:
        """`step` with its size as a number; as it is where it has none, or what tells it is not known."""
        if step.size is None:
            return step
        try:
            size = _parsed(step.size)(_Lookup(self, path, own))
        except (KeyError, TypeError):
            return step
        return step.model_copy(update={"size": str(size)})

    def find(self, name: str, path: Path) -> Question | None:
        """The field of that name in this round, or around it."""
        for size in range(len(path), -1, -1):
            if (name, path[:size]) in self.asked:
                return self.asked[name, path[:size]]
        return None


_parsed = lru_cache(parse_expression)


class _Lookup(Mapping[str, Any]):
    """The values of an expression by name; `times` collects when the other side's were had."""

    def __init__(self, questions: Questions, path: Path, own: Callable[[str], Any]) -> None:
        self._questions = questions
        self._path = path
        self._own = own
        self.times: list[float] = []

    def __getitem__(self, name: str) -> Any:
        question = self._questions.find(name, self._path)
        if question is None:
            return self._own(name)
        if question.had is None or question.value is None:
            raise KeyError(name)
        self.times.append(question.had)
        return question.value

    def __iter__(self) -> Iterator[str]:
        return iter(name for name, _ in self._questions.asked)

    def __len__(self) -> int:
        return len(self._questions.asked)
