"""Scripts that a program follows by mistake: a field left out, one too many, two in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.diagnosis.script import Item, Loop, fields_of
from conformance.model.protocol import FieldStep

__all__ = ["EXTRA", "Change", "changes", "due_order"]

EXTRA = "(one too many)"
_EXTRA_TYPES = ("UTF", "int", "long", "short", "byte")


@dataclass(frozen=True)
class Change:
    """What the program sends instead, how rare that is, and the change in a sentence."""

    key: str
    prior: float
    items: tuple[Item, ...]
    sentence: str


def changes(items: Sequence[Item]) -> Iterator[Change]:
    """Every script that is one such mistake away."""
    script = tuple(items)
    yield from _left_out(script)
    yield from _late_opening(script)
    yield from _swapped(script, script)
    yield from _too_many(script)


def due_order(items: Sequence[Item], rounds: int) -> Iterator[FieldStep]:
    """The fields in the order in which they are due, each loop gone through `rounds` times."""
    for item in items:
        if isinstance(item, FieldStep):
            yield item
        else:
            for _ in range(rounds):
                yield from due_order(item.body, rounds)


def _left_out(script: tuple[Item, ...]) -> Iterator[Change]:
    opening = script[0] if script and isinstance(script[0], FieldStep) else None
    for step in fields_of(script):
        if step is opening:
            key, prior = "address-never-sent", 6.0
        else:
            key, prior = "field-missing", 11.0
        left = _without(script, step)
        if left:
            yield Change(key, prior, left, f"{step.type} `{step.field}` is left out")


def _without(items: tuple[Item, ...], gone: FieldStep) -> tuple[Item, ...]:
    left: list[Item] = []
    for item in items:
        if isinstance(item, FieldStep):
            if item is not gone:
                left.append(item)
        elif body := _without(item.body, gone):
            left.append(Loop(body, item.lead))
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
            after = fields_of(first)[-1]
            yield Change("wrong-order", 8.0, late, f"`{item.field}` comes only after `{after.field}`")


def _swapped(whole: tuple[Item, ...], items: tuple[Item, ...]) -> Iterator[Change]:
    """Two fields that should follow each other; of one type they would look the same."""
    fields = [item for item in items if isinstance(item, FieldStep)]
    for index, first in enumerate(fields):
        for second in fields[index + 1 :]:
            if first.type != second.type or first.form != second.form or first.equals != second.equals:
                changed = _exchanged(whole, first, second)
                yield Change("wrong-order", 8.0, changed, f"`{second.field}` comes before `{first.field}`")
    for item in items:
        if isinstance(item, Loop):
            yield from _swapped(whole, item.body)


def _exchanged(items: tuple[Item, ...], first: FieldStep, second: FieldStep) -> tuple[Item, ...]:
    changed: list[Item] = []
    for item in items:
        if isinstance(item, Loop):
            changed.append(Loop(_exchanged(item.body, first, second), item.lead))
        else:
            changed.append(second if item is first else first if item is second else item)
    return tuple(changed)


def _too_many(script: tuple[Item, ...]) -> Iterator[Change]:
    for name in _EXTRA_TYPES:
        # Who sends it matters to nobody here: a script is one side's own.
        extra = FieldStep.model_validate({"from": fields_of(script)[0].sender, "field": EXTRA, "type": name})
        for where, changed in _with(script, extra):
            yield Change("field-too-many", 16.0, changed, f"one {name} too many {where}")


def _with(items: tuple[Item, ...], extra: FieldStep) -> Iterator[tuple[str, tuple[Item, ...]]]:
    for index in range(len(items) + 1):
        if index == 0:
            where = f"before `{fields_of(items)[0].field}`"
        else:
            where = f"after `{fields_of(items[:index])[-1].field}`"
            if isinstance(items[index - 1], Loop):
                continue  # that is inside the loop, or after its end
        yield where, (*items[:index], extra, *items[index:])
    for index, item in enumerate(items):
        if isinstance(item, Loop):
            for where, body in _with(item.body, extra):
                yield f"{where}, in each round", (*items[:index], Loop(body, item.lead), *items[index + 1 :])
