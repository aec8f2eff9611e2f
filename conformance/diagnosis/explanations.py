"""Tries every hypothesis on one side of one connection, and keeps those that explain its bytes, the best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from conformance.diagnosis.hypotheses import Hypothesis, hypotheses
from conformance.diagnosis.plain import Plain
from conformance.diagnosis.questions import Question, Questions
from conformance.diagnosis.right import NUMBERS
from conformance.diagnosis.structure import EXTRA, due_order
from conformance.diagnosis.walk import STOPPED_BITS, Memory, Read, Walk, walk
from conformance.model.protocol import FieldStep

__all__ = ["Explanation", "Mark", "explain_side", "meant", "swapped"]

_SLACK = 20.0  # bits by which another explanation may be worse than the best, and still be told
_READ_WRONG_BITS = 6.0
_NOISE_BITS = 7.5  # a byte


@dataclass(frozen=True)
class Mark:
    """Where one mistake first shows: the field that was due, and what was read there."""

    key: str
    due: FieldStep
    read: Read
    sentence: str


@dataclass(frozen=True)
class Explanation:
    """A hypothesis that explains the bytes: its cost, the mistakes in it by their place, and the reading."""

    bits: float
    marks: tuple[Mark, ...]
    walk: Walk

    @property
    def keys(self) -> tuple[str, ...]:
        """The mistakes in it."""
        return tuple(mark.key for mark in self.marks)

    @property
    def answers(self) -> bool:
        """Whether some answer is what it must be."""
        return any(read.step.equals is not None and read.candidate.whole and not read.early for read in self.walk.reads)


def explain_side(plain: Plain, questions: Sequence[Questions], swapped_at: int, margin: float) -> list[Explanation]:
    """What explains the bytes better, by `margin` bits at least, than that all is right.

    `questions` are the readings of what the side was asked; number `swapped_at` is as a
    little-endian reader has it.
    """
    resume = plain.resume
    limit = plain.cost(resume.offset, plain.end) - margin
    lane = replace(plain.lane, source=replace(plain.lane.source, data=plain.lane.data[: plain.end]))
    memory: Memory = {}
    best: dict[tuple[str, ...], Explanation] = {}
    for hypothesis in hypotheses(resume.items):
        for number, asked in enumerate(questions):
            prior = hypothesis.prior + (_READ_WRONG_BITS if number == swapped_at else 2.0 * (number > 0))
            found = walk(
                hypothesis.items,
                lane,
                hypothesis.codecs,
                asked,
                limit=limit - prior,
                start=resume.offset,
                first_round=resume.first_round,
                early=hypothesis.early,
                memory=memory,
            )
            if found is None or not _says_more_than_noise(found, plain.end - resume.offset):
                continue
            marks = _marks(plain, hypothesis, found, reads_swapped=number == swapped_at)
            if not marks:
                continue
            explanation = Explanation(found.bits + prior, marks, found)
            if explanation.keys not in best or explanation.bits < best[explanation.keys].bits:
                best[explanation.keys] = explanation
                limit = min(limit, explanation.bits + _SLACK)
    return sorted((found for found in best.values() if found.bits <= limit), key=lambda found: found.bits)


def _says_more_than_noise(found: Walk, size: int) -> bool:
    """Bytes drawn by lot can be read as numbers as well; then they cost all that bytes can cost."""
    return found.bits < _NOISE_BITS * size + STOPPED_BITS


def _marks(plain: Plain, hypothesis: Hypothesis, found: Walk, *, reads_swapped: bool) -> tuple[Mark, ...]:
    reads = found.reads
    if hypothesis.change is not None:
        if not any(read.candidate.whole and read.step.field != EXTRA for read in reads):
            return ()  # one field that is not whole explains nothing
        order = due_order(plain.resume.items, len(reads) + 1)
        for due, read in zip_longest(order, reads):
            if due is None or read is None:
                return ()
            if due is not read.step:
                if due.equals and read is reads[-1] and (read.step.type == due.type or not read.candidate.whole):
                    return ()  # this is the answer itself, and a wrong one
                return (Mark(hypothesis.change.key, due, read, hypothesis.change.sentence),)
    if hypothesis.early:
        early = [read for read in reads if read.early]
        return tuple(
            Mark("answer-before-question", read.step, read, f"`{read.step.field}` comes before all of its question")
            for read in early[:1]
        )
    marks: dict[str, Mark] = {}
    for read in reads:
        key = read.codec.key
        if key is None or read.candidate.right:
            continue
        if read.step.equals and not read.candidate.whole:
            return ()  # an answer that is not whole explains nothing
        if key not in marks:
            marks[key] = Mark(key, read.step, read, "")
    if reads_swapped and "little-endian-int" not in marks:
        for read in reads:
            if read.step.equals is not None:
                sentence = "the answers are right for who reads the numbers of the question low byte first"
                return (Mark("little-endian-int", read.step, read, sentence), *marks.values())
    return tuple(marks.values())


def meant(plain: Plain, best: Explanation) -> Questions:
    """What the side asked, read as the explanation has it."""
    asked = dict(plain.questions.asked)
    for read in best.walk.reads:
        if read.candidate.whole:
            question = Question(read.candidate.value, plain.lane.had(read.candidate.end - 1))
            asked[read.step.field, read.path] = question
    return Questions(asked)


def swapped(plain: Plain, types: dict[str, str]) -> Questions:
    """What a reader takes from the bytes that has the low byte of each number first."""
    asked = {}
    for (name, path), question in plain.questions.asked.items():
        width = NUMBERS.get(types[name])
        if width is not None:
            signed = not types[name].startswith("unsigned")
            raw = question.value.to_bytes(width, "big", signed=signed)
            question = Question(int.from_bytes(raw, "little", signed=signed), question.had)
        asked[name, path] = question
    return Questions(asked)
