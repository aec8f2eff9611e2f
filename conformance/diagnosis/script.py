"""What one side alone sends by the protocol: its fields in order, and which of them come round again.

A protocol tells of both sides at once. A mistake is made by one, over the whole of what it sends; so each side's part
is taken out, as a small tree, and that tree is made into steps with jumps, so that a reader needs no recursion and can
go back to where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.agent.events import CLIENT, Side
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step

__all__ = ["Again", "Enter", "Instruction", "Item", "Loop", "compile_script", "fields_of", "script_of"]


@dataclass(frozen=True)
class Loop:
    """Fields that come any number of times. `lead` is the field whose coming says that there is one round more."""

    body: tuple[Item, ...]
    lead: FieldStep


Item = FieldStep | Loop


@dataclass(frozen=True)
class Enter:
    """A loop begins; where there is no round, go on at `past`."""

    past: int
    lead: FieldStep


@dataclass(frozen=True)
class Again:
    """A round is over; where there is one more, go on at `start`."""

    start: int
    lead: FieldStep


Instruction = FieldStep | Enter | Again


def script_of(protocol: Protocol, side: Side) -> tuple[Item, ...]:
    """What `side` sends."""
    return _own(protocol.session, side)


def _own(steps: tuple[Step, ...], side: Side) -> tuple[Item, ...]:
    own: list[Item] = []
    for step in steps:
        match step:
            case FieldStep(sender=sender) if sender == side:
                own.append(step)
            case Repeat(repeat=(FieldStep() as lead, *_) as body):
                inner = _own(body, side)
                if inner:
                    own.append(Loop(inner, lead))
            case BothWays(sides=sides):
                own += _own(sides.client if side == CLIENT else sides.server, side)
    return tuple(own)


def fields_of(items: Sequence[Item]) -> list[FieldStep]:
    """Every field of a script, each once."""
    found: list[FieldStep] = []
    for item in items:
        found += [item] if isinstance(item, FieldStep) else fields_of(item.body)
    return found


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
        made.append(Enter(0, item.lead))
        _compile(item.body, made)
        made.append(Again(enter + 1, item.lead))
        made[enter] = Enter(len(made), item.lead)
