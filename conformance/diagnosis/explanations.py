"""Tries every hypothesis on one side of one connection, and keeps those that explain its bytes, the best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from conformance.agent.expressions import names_in
from conformance.diagnosis.codecs import ByteStream, Codec
from conformance.diagnosis.finding import Detail
from conformance.diagnosis.hypotheses import Hypothesis, hypotheses
from conformance.diagnosis.plausibility import NUMBERS
from conformance.diagnosis.reading import Reading, Window
from conformance.diagnosis.script import EXTRA, due_order, fields_of
from conformance.diagnosis.walk import STOPPED_BITS, Questions, Read, Walker
from conformance.model.protocol import FieldStep

__all__ = ["Explanation", "Mark", "answers_what_was_meant", "explain_side", "meant"]

_SLACK = 20.0  # bits by which another explanation may be worse than the best, and still be told
_READ_WRONG_BITS = 6.0
_NOISE_BITS = 7.5  # a byte
_WIDE = "utf-16-text"
_LETTERS = 4
_ZEROS = frozenset({"long-for-int", "number-of-another-size", "struct-padding"})  # what zeros may look like


@dataclass(frozen=True)
class Mark:
    """Where one mistake first shows: the field that was due, what was read there, and what that says."""

    key: str
    due: FieldStep
    read: Read
    detail: Detail | None = None


@dataclass(frozen=True)
class Explanation:
    """A hypothesis that explains the bytes: its cost, the mistakes in it by their place, and the reading."""

    bits: float
    marks: tuple[Mark, ...]
    reads: list[Read]

    @property
    def keys(self) -> tuple[str, ...]:
        """The mistakes in it."""
        return tuple(mark.key for mark in self.marks)

    @property
    def rounds(self) -> int:
        """How many rounds have begun."""
        return len({read.path for read in self.reads if read.path})

    @property
    def says_something(self) -> bool:
        """Whether any value that is read another way is not zero: zeros are zeros in every form."""
        others = (read.candidate for read in self.reads if not read.candidate.right)
        return any(candidate.opaque or bool(candidate.value) for candidate in others)

    @property
    def says_much(self) -> bool:
        """Whether the values say more: zeros, and one small number behind them, may be there by chance."""
        values = {read.candidate.value for read in self.reads if not read.candidate.right and read.candidate.value}
        letters = sum(len(value) for value in values if isinstance(value, str))
        return (not _ZEROS.issuperset(self.keys) or len(values) > 1) and (_WIDE not in self.keys or letters >= _LETTERS)

    @property
    def answers(self) -> bool:
        """Whether some answer is what it must be."""
        return any(read.step.equals is not None and read.candidate.whole and not read.early for read in self.reads)


def explain_side(reading: Reading, questions: Sequence[Questions], margin: float) -> list[Explanation]:
    """What explains the bytes better, by `margin` bits at least, than that all is right: the best first.

    `questions` are the ways to read what the side was asked, as it stands first.
    """
    window = reading.window
    limit = reading.bits - margin
    walker = Walker(ByteStream(reading.stream.data[: window.end], reading.direction), window.start)
    best: dict[tuple[str, ...], Explanation] = {}
    if not _asks(window, questions):
        questions = questions[:1]
    for hypothesis in hypotheses(window.items) if window.items else ():
        if _opens_right(walker, window, hypothesis.codecs):
            continue
        for number, asked in enumerate(questions):
            prior = hypothesis.prior + (_READ_WRONG_BITS if asked.swapped else 2.0 * (number > 0))
            found = walker.walk(hypothesis, asked, limit - prior)
            # Bytes drawn by lot can be read as numbers as well; then they cost all that bytes can cost.
            if found is None or found[0] >= _NOISE_BITS * (window.end - window.start) + STOPPED_BITS:
                continue
            bits, reads = found
            explanation = Explanation(bits + prior, _marks(window, hypothesis, reads, swapped=asked.swapped), reads)
            keys = explanation.keys
            if keys and (keys not in best or explanation.bits < best[keys].bits):
                best[keys] = explanation
                limit = min(limit, explanation.bits + _SLACK)
    return sorted((found for found in best.values() if found.bits <= limit), key=lambda found: found.bits)


def _asks(window: Window, questions: Sequence[Questions]) -> bool:
    """Whether anything in the window is computed from what the other side says."""
    theirs = frozenset[str]().union(*(asked.names for asked in questions))
    expressions = (text for step in fields_of(window.items) for text in (step.equals, step.size) if text is not None)
    return any(not theirs.isdisjoint(names_in(text)) for text in expressions)


def _opens_right(walker: Walker, window: Window, codecs: Mapping[str, Codec]) -> bool:
    """Whether the codec of the opening, and of nothing else, can only read it as the right one does, or not at all.

    The rest is then a hypothesis of its own.
    """
    opening = window.items[0]
    if not isinstance(opening, FieldStep) or opening.equals is not None or opening.size is not None:
        return False
    codec = codecs.get(opening.field)
    if codec is None or list(codecs.values()).count(codec) > 1:
        return False
    return all(candidate.right for _, candidate in walker.candidates(codec, window.start, opening))


def _marks(window: Window, hypothesis: Hypothesis, reads: list[Read], *, swapped: bool) -> tuple[Mark, ...]:
    """The mistakes in such a reading; none where it is no explanation."""
    if hypothesis.early:
        return _early(reads)
    marks: dict[str, Mark] = {}
    if hypothesis.key is not None:
        changed = _change(window, hypothesis, reads)
        if changed is None:
            return ()
        marks[hypothesis.key] = changed
    for read in reads:
        codec = read.codec
        if codec.key is None or read.candidate.right:
            continue
        if read.step.equals and not read.candidate.whole:
            return ()  # an answer that is not whole explains nothing
        for key in (codec.key, codec.also):
            if key is not None and key not in marks:
                marks[key] = Mark(key, read.step, read, _told(read))
    padded = [read for read in reads if read.codec.key == "struct-padding"]
    if padded and all(read.candidate.end - read.start <= NUMBERS[read.step.type] for read in padded):
        return ()  # nothing is padded
    if hypothesis.key is not None and hypothesis.codecs and len(marks) < 1 + (hypothesis.key != "banner"):
        return ()  # that is the same without the codecs
    if swapped and "little-endian-int" not in marks and hypothesis.key is None:
        for read in reads:
            if read.step.equals is not None:
                return (Mark("little-endian-int", read.step, read, Detail("read-low-byte-first")), *marks.values())
    # Padding is what makes the rest of a struct look so odd.
    return tuple(sorted(marks.values(), key=lambda mark: mark.key != "struct-padding"))


def _told(read: Read) -> Detail | None:
    """The text itself, where it is what is wrong."""
    value = read.candidate.value
    return Detail("text-is", {"text": value}) if read.candidate.opaque and isinstance(value, str) else None


def _early(reads: list[Read]) -> tuple[Mark, ...]:
    for read in reads:
        if read.early and read.candidate.whole:
            detail = Detail("before-question", {"field": read.step.field})
            return (Mark("answer-before-question", read.step, read, detail),)
    return ()


def _change(window: Window, hypothesis: Hypothesis, reads: list[Read]) -> Mark | None:
    """Where another script than the protocol's first shows; None where that explains nothing."""
    assert hypothesis.key is not None
    if not any(read.candidate.whole and read.step.field != EXTRA for read in reads):
        return None  # one field that is not whole explains nothing
    order = due_order(window.items, len(reads) + 1)
    for due, read in zip_longest(order, reads):
        if due is None or read is None:
            return None
        if due is not read.step:
            if due.equals and read is reads[-1] and (read.step.type == due.type or not read.candidate.whole):
                return None  # this is the answer itself, and a wrong one
            return Mark(hypothesis.key, due, read, hypothesis.detail)
    return None


def meant(asked: Questions, best: Explanation) -> Questions:
    """What the other side asked, read as the explanation of its bytes has it."""
    whole = [read for read in best.reads if read.candidate.whole]
    read_so = {(read.step.field, read.path): (read.candidate.value, read.candidate.end) for read in whole}
    return Questions({**asked.asked, **read_so}, asked.stream)


def answers_what_was_meant(reading: Reading, questions: Questions) -> bool:
    """Whether the side takes what it was asked as the other meant it, and all its answers are right then."""
    window = reading.window
    walker = Walker(ByteStream(reading.stream.data[: window.end], reading.direction), window.start)
    found = walker.walk(Hypothesis(window.items), questions, reading.bits) if window.items else None
    return found is not None and any(read.step.equals and read.candidate.whole for read in found[1])
