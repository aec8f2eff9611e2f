"""What one side sends by the protocol, and the scripts that a program follows by mistake.

A protocol tells of both sides at once. A mistake is made by one, over the whole of what it sends; so each side's part
is taken out, as a small tree that mistakes can change: a field left out, one too many, two in the wrong order. The tree
is made into steps with jumps, so that the search can go back to where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from conformance.agent.events import CLIENT, Side
from conformance.diagnosis.finding import Detail
from conformance.model.protocol import BothWays, FieldStep, Repeat, Step

__all__ = [
    "EXTRA",
    "Again",
    "Change",
    "Enter",
    "Instruction",
    "Item",
    "Loop",
    "changes",
    "compile_script",
    "due_order",
    "fields_of",
    "script_of",
]

EXTRA = "(one too many)"
_EXTRA_TYPES = ("UTF", "int", "long", "short", "byte")


@dataclass(frozen=True)
class Loop:
    """Fields that come any number of times; `first` is the number of the round that it begins with."""

    body: tuple[Item, ...]
    first: int = 1


Item = FieldStep | Loop


@dataclass(frozen=True)
class Enter:
    """A loop begins with round `first`; where there is none, go on at `past`."""

    past: int
    first: int


@dataclass(frozen=True)
class Again:
    """A round is over; where there is one more, go on at `start`."""

    start: int


Instruction = FieldStep | Enter | Again


@dataclass(frozen=True)
class Change:
    """What a program sends instead: the mistake's key, how rare it is in bits, and what is changed."""

    key: str
    prior: float
    items: tuple[Item, ...]
    detail: Detail


def script_of(steps: Sequence[Step], side: Side) -> tuple[Item, ...]:
    """What `side` sends of these steps."""
    own: list[Item] = []
    for step in steps:
        match step:
            case FieldStep(sender=sender) if sender == side:
                own.append(step)
            case Repeat(repeat=body):
                if inner := script_of(body, side):
                    own.append(Loop(inner))
            case BothWays(sides=sides):
                own += script_of(sides.client if side == CLIENT else sides.server, side)
    return tuple(own)


def fields_of(items: Sequence[Item]) -> list[FieldStep]:
    """Every field of a script, each once."""
    found: list[FieldStep] = []
    for item in items:
        found += [item] if isinstance(item, FieldStep) else fields_of(item.body)
    return found


def due_order(items: Sequence[Item], rounds: int) -> Iterator[FieldStep]:
    """The fields in the order in which they are due, each loop gone through `rounds` times."""
    for item in items:
        if isinstance(item, FieldStep):
            yield item
        else:
            for _ in range(rounds):
                yield from due_order(item.body, rounds)


def compile_script(items: Sequence[Item], start: int = 0) -> list[Instruction]:
    """The script as a list of steps with jumps, of which the first is number `start`."""
    made: list[Instruction] = []
    for item in items:
        if isinstance(item, FieldStep):
            made.append(item)
        else:
            body = start + len(made) + 1
            steps = compile_script(item.body, body)
            made += [Enter(body + len(steps) + 1, item.first), *steps, Again(body)]
    return made


def changes(script: tuple[Item, ...]) -> Iterator[Change]:
    """Every script that is one such mistake away."""
    opening = script[0]
    for step in fields_of(script):
        key, prior = ("address-never-sent", 6.0) if step is opening else ("field-missing", 11.0)
        if left := _changed(script, {step.field: None}):
            yield Change(key, prior, left, Detail("left-out", {"field": step.field, "type": step.type}))
    yield from _late_opening(script)
    yield from _swapped(script, script)
    for name in _EXTRA_TYPES:
        # Who sends it matters to nobody here: a script is one side's own.
        extra = FieldStep.model_validate({"from": CLIENT, "field": EXTRA, "type": name})
        for detail, changed in _with(script, extra):
            yield Change("field-too-many", 16.0, changed, detail)


def _changed(items: Sequence[Item], other: Mapping[str, FieldStep | None]) -> tuple[Item, ...]:
    """The same with other fields in place of those of these names, or with none."""
    changed: list[Item] = []
    for item in items:
        if isinstance(item, FieldStep):
            step = other.get(item.field, item)
            changed += [] if step is None else [step]
        elif body := _changed(item.body, other):
            changed.append(replace(item, body=body))
    return tuple(changed)


def _late_opening(script: tuple[Item, ...]) -> Iterator[Change]:
    """What opens the session comes only after fields of the first round."""
    for index, item in enumerate(script[:-1]):
        loop = script[index + 1]
        if not isinstance(item, FieldStep) or not isinstance(loop, Loop):
            continue
        for many in range(1, len(loop.body) + 1):
            first = loop.body[:many]
            late = (*script[:index], *first, item, *loop.body[many:], loop, *script[index + 2 :])
            detail = Detail("only-after", {"field": item.field, "after": fields_of(first)[-1].field})
            yield Change("wrong-order", 8.0, late, detail)


def _swapped(whole: tuple[Item, ...], items: tuple[Item, ...]) -> Iterator[Change]:
    """Two fields that should follow each other; of one type they would look the same."""
    fields = [item for item in items if isinstance(item, FieldStep)]
    for index, first in enumerate(fields):
        for second in fields[index + 1 :]:
            if first.type != second.type or first.form != second.form or first.equals != second.equals:
                detail = Detail("before", {"field": second.field, "other": first.field})
                exchanged = _changed(whole, {first.field: second, second.field: first})
                yield Change("wrong-order", 8.0, exchanged, detail)
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
