"""What a side may have done wrong: each a way to read its bytes, to be tried on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

from conformance.agent.events import CLIENT
from conformance.diagnosis.codecs import Codec
from conformance.diagnosis.finding import Detail
from conformance.diagnosis.plausibility import TEXT
from conformance.diagnosis.script import EXTRA, Item, Loop, fields_of
from conformance.diagnosis.wrong_codecs import NUMBER_CODECS, TEXT_CODECS, Bare, Digits, Line, Serialized
from conformance.model.protocol import FieldStep

__all__ = ["Hypothesis", "hypotheses"]

_WRITER = "text-writer"
_ALONE_BITS = 4.0  # who writes one number wrong writes the others so, too
_EXTRA_TYPES = ("UTF", "int", "long", "short", "byte")


@dataclass(frozen=True)
class Hypothesis:
    """What a side sends instead; `prior` says how rare that is, in bits.

    Fields are written otherwise, by `codecs` of their names; answers come `early`; or another script is followed, and
    then `key` and `detail` say what is changed.
    """

    items: tuple[Item, ...]
    key: str | None = None
    detail: Detail | None = None
    prior: float = 0.0
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    early: bool = False


def hypotheses(script: tuple[Item, ...]) -> Iterator[Hypothesis]:
    """All that is ever tried; the usual mistakes first, so that the rare ones have a limit to beat."""
    numbers = sum(any(codec.fits(step) for codec in NUMBER_CODECS) for step in fields_of(script))
    for codecs in _ways_to_write(script):
        alone = len(codecs) == 1 and numbers > 1 and next(iter(codecs.values())) in NUMBER_CODECS
        yield Hypothesis(script, codecs=codecs, prior=_ALONE_BITS * alone)
    yield from _other_scripts(script)
    if any(step.equals is not None for step in fields_of(script)):
        yield Hypothesis(script, early=True, prior=10.0)


def _ways_to_write(script: tuple[Item, ...]) -> Iterator[dict[str, Codec]]:
    steps = list({step.field: step for step in fields_of(script)}.values())
    repeated = {step.field for item in script if isinstance(item, Loop) for step in fields_of(item.body)}
    texts, numbers = _choices(steps, repeated, TEXT_CODECS), _choices(steps, repeated, NUMBER_CODECS)
    yield dict.fromkeys((step.field for step in steps), Serialized("write-object", 2.0))
    if texts or numbers:  # a writer of text, and so everything a line
        prior = 4.0 if texts else 9.0
        line, digits = Line(_WRITER, prior), Digits(_WRITER, prior, lines=True)
        yield {step.field: codec for step in steps for codec in (line, digits) if codec.fits(step)}
    yield from texts
    yield from numbers
    for text in texts:
        if text.keys() == texts[0].keys():  # two mistakes in one program: each is made everywhere, or in each round
            yield from ({**text, **number} for number in numbers if len(number) > 1 or len(numbers[0]) == 1)


def _choices(steps: Sequence[FieldStep], repeated: set[str], codecs: Sequence[Codec]) -> list[dict[str, Codec]]:
    """The mistake made with all such fields, with those that are repeated, or with one alone."""
    chosen: list[dict[str, Codec]] = []
    for codec in codecs:
        fitting = [step.field for step in steps if codec.fits(step)]
        groups = [fitting, [name for name in fitting if name in repeated], *([name] for name in fitting)]
        for group in dict.fromkeys(tuple(group) for group in groups if group):
            chosen.append(dict.fromkeys(group, codec))
    return chosen


def _other_scripts(script: tuple[Item, ...]) -> Iterator[Hypothesis]:
    """Every script that is one such mistake away."""
    opening = script[0]
    yield from _greetings(script)
    for step in fields_of(script):
        key, prior = ("address-never-sent", 6.0) if step is opening else ("field-missing", 11.0)
        if left := _changed(script, {step.field: None}):
            detail = Detail("left-out", {"field": step.field, "type": step.type})
            yield Hypothesis(left, key, detail, prior)
            if step is opening:
                yield Hypothesis(left, key, detail, prior, _low_byte_first(left))
    yield from _late_opening(script)
    yield from _swapped(script, script)
    for name in _EXTRA_TYPES:
        # Who sends it matters to nobody here: a script is one side's own.
        extra = FieldStep.model_validate({"from": CLIENT, "field": EXTRA, "type": name})
        for detail, changed in _with(script, extra):
            yield Hypothesis(changed, "field-too-many", detail, 16.0)
            if name == TEXT and "each_round" not in detail.values:
                yield Hypothesis(changed, "field-too-many", detail, 18.0, _low_byte_first(changed))


def _greetings(script: tuple[Item, ...]) -> Iterator[Hypothesis]:
    """A line for people before all that is right, where no text is due."""
    first = fields_of(script)[0]
    if first.type != TEXT:
        extra = FieldStep.model_validate({"from": CLIENT, "field": EXTRA, "type": TEXT})
        for codec in (Line(), Bare()):
            detail = Detail("extra-before", {"type": "text", "field": first.field})
            yield Hypothesis((extra, *script), "banner", detail, 14.0, {EXTRA: codec})


def _low_byte_first(script: tuple[Item, ...]) -> dict[str, Codec]:
    codec = NUMBER_CODECS[0]
    return {step.field: codec for step in fields_of(script) if codec.fits(step)}


def _changed(items: Sequence[Item], other: Mapping[str, FieldStep | None]) -> tuple[Item, ...]:
    """The same with other fields in place of those of these names, or with none."""
    changed: list[Item] = []
    for item in items:
        if isinstance(item, Loop):
            if body := _changed(item.body, other):
                changed.append(replace(item, body=body))
        elif (step := other.get(item.field, item)) is not None:
            changed.append(step)
    return tuple(changed)


def _late_opening(script: tuple[Item, ...]) -> Iterator[Hypothesis]:
    """What opens the session comes only after fields of the first round."""
    for index, (item, loop) in enumerate(pairwise(script)):
        if isinstance(item, FieldStep) and isinstance(loop, Loop):
            for many in range(1, len(loop.body) + 1):
                first = loop.body[:many]
                late = (*script[:index], *first, item, *loop.body[many:], loop, *script[index + 2 :])
                detail = Detail("only-after", {"field": item.field, "after": fields_of(first)[-1].field})
                yield Hypothesis(late, "wrong-order", detail, 8.0)


def _swapped(whole: tuple[Item, ...], items: tuple[Item, ...]) -> Iterator[Hypothesis]:
    """Two fields that should follow each other; of one type they would look the same."""
    for first, second in combinations([item for item in items if isinstance(item, FieldStep)], 2):
        if first.type != second.type or first.form != second.form or first.equals != second.equals:
            detail = Detail("before", {"field": second.field, "other": first.field})
            exchanged = _changed(whole, {first.field: second, second.field: first})
            yield Hypothesis(exchanged, "wrong-order", detail, 8.0)
    for item in items:
        if isinstance(item, Loop):
            yield from _swapped(whole, item.body)


def _with(items: tuple[Item, ...], extra: FieldStep) -> Iterator[tuple[Detail, tuple[Item, ...]]]:
    for index in range(len(items) + 1):
        if index and isinstance(items[index - 1], Loop):
            continue  # that is inside the loop, or after its end
        beside = fields_of(items[:index])[-1] if index else fields_of(items)[0]
        detail = Detail("extra-after" if index else "extra-before", {"type": extra.type, "field": beside.field})
        yield detail, (*items[:index], extra, *items[index:])
    for index, item in enumerate(items):
        if isinstance(item, Loop):
            for detail, body in _with(item.body, extra):
                in_each = replace(detail, values={**detail.values, "each_round": True})
                yield in_each, (*items[:index], replace(item, body=body), *items[index + 1 :])
