"""What one side sends by the protocol, and the scripts that a program follows by mistake.

A protocol tells of both sides at once. A mistake is made by one, over the whole of what it sends; so each side's part
is taken out, as a small tree that mistakes can change: a field left out, one too many, two in the wrong order. The tree
is made into steps with jumps, so that the search can go back to where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from conformance.agent.events import CLIENT, Side
from conformance.diagnosis.finding import Detail
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step

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


def script_of(protocol: Protocol, side: Side) -> tuple[Item, ...]:
    """What `side` sends."""
    return _own(protocol.session, side)


def _own(steps: tuple[Step, ...], side: Side) -> tuple[Item, ...]:
    own: list[Item] = []
    for step in steps:
        match step:
            case FieldStep(sender=sender) if sender == side:
                own.append(step)
            case Repeat(repeat=body):
                if inner := _own(body, side):
                    own.append(Loop(inner))
            case BothWays(sides=sides):
                own += _own(sides.client if side == CLIENT else sides.server, side)
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


def compile_script(items: Sequence[Item]) -> tuple[Instruction, ...]:
    """The script as a list of steps with jumps."""
    made: list[Instruction] = []
    _compile(items, made)
    return tuple(made)


def _compile(items: Sequence[Item], made: list[Instruction]) -> None:
    for item in items:
        if isinstance(item, FieldStep):
            made.append(item)
            continue
        enter = len(made)
        made.append(Enter(0, item.first))
        _compile(item.body, made)
        made.append(Again(enter + 1))
        made[enter] = Enter(len(made), item.first)


def changes(items: Sequence[Item]) -> Iterator[Change]:
    """Every script that is one such mistake away."""
    script = tuple(items)
    yield from _left_out(script)
    yield from _late_opening(script)
    yield from _swapped(script, script)
    yield from _too_many(script)


def _left_out(script: tuple[Item, ...]) -> Iterator[Change]:
    opening = script[0] if script and isinstance(script[0], FieldStep) else None
    for step in fields_of(script):
        if step is opening:
            key, prior = "address-never-sent", 6.0
        else:
            key, prior = "field-missing", 11.0
        left = _without(script, step)
        if left:
            yield Change(key, prior, left, Detail("left-out", {"field": step.field, "type": step.type}))


def _without(items: tuple[Item, ...], gone: FieldStep) -> tuple[Item, ...]:
    left: list[Item] = []
    for item in items:
        if isinstance(item, FieldStep):
            if item is not gone:
                left.append(item)
        elif body := _without(item.body, gone):
            left.append(replace(item, body=body))
    return tuple(left)


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
                yield Change("wrong-order", 8.0, _exchanged(whole, first, second), detail)
    for item in items:
        if isinstance(item, Loop):
            yield from _swapped(whole, item.body)


def _exchanged(items: tuple[Item, ...], first: FieldStep, second: FieldStep) -> tuple[Item, ...]:
    changed: list[Item] = []
    for item in items:
        if isinstance(item, Loop):
            changed.append(replace(item, body=_exchanged(item.body, first, second)))
        else:
            changed.append(second if item is first else first if item is second else item)
    return tuple(changed)


def _too_many(script: tuple[Item, ...]) -> Iterator[Change]:
    for name in _EXTRA_TYPES:
        # Who sends it matters to nobody here: a script is one side's own.
        extra = FieldStep.model_validate({"from": fields_of(script)[0].sender, "field": EXTRA, "type": name})
        for detail, changed in _with(script, extra):
            yield Change("field-too-many", 16.0, changed, detail)


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
