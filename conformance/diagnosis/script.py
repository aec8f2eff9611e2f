"""What one side sends by the protocol, as a small tree that mistakes can change, and as steps with jumps.

A protocol tells of both sides at once, and a mistake is made by one. The search needs steps with jumps, so that it can
go back to where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.agent.events import CLIENT, Side
from conformance.model.protocol import BothWays, FieldStep, Repeat, Step

__all__ = [
    "EXTRA",
    "Instruction",
    "Item",
    "Loop",
    "Round",
    "compile_script",
    "due_order",
    "fields_of",
    "script_of",
]

EXTRA = "(one too many)"


@dataclass(frozen=True)
class Loop:
    """Fields that come any number of times; `first` is the number of the round that it begins with."""

    body: tuple[Item, ...]
    first: int = 1


Item = FieldStep | Loop


@dataclass(frozen=True)
class Round:
    """A loop begins with round `first`, or (None) a round of it is over: there is one more round, or none.

    `more` is how many steps ahead to go on with one round more, and `past` without it.
    """

    more: int
    past: int
    first: int | None = None

    def inside(self, path: tuple[int, ...]) -> tuple[int, ...]:
        """The path in that one more round, coming from `path`."""
        return (*path[:-1], path[-1] + 1) if self.first is None else (*path, self.first)


Instruction = FieldStep | Round


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


def compile_script(items: Sequence[Item]) -> list[Instruction]:
    """The script as a list of steps with jumps."""
    made: list[Instruction] = []
    for item in items:
        if isinstance(item, FieldStep):
            made.append(item)
        else:
            body = compile_script(item.body)
            made += [Round(1, len(body) + 2, item.first), *body, Round(-len(body), 1)]
    return made
