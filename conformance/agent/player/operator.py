"""The person at a client: what a case wants typed on its keyboard, and seen on its screen and of its processor.

The player has neither of the two. It hands each such step to an `Operate`, which does it and says what came of it: the
runner has one for a program that it started, `check client` one that asks a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from conformance.agent.player.steps import Input, Rests, Shows, Type

__all__ = ["Operate", "OperatorStep", "Reply"]

OperatorStep: TypeAlias = Type | Input | Shows | Rests


@dataclass(frozen=True)
class Reply:
    """What came of a step: one sentence where the client did wrong; `rough` where it did as the course's Java does."""

    problem: str | None = None
    rough: str | None = None


Operate: TypeAlias = Callable[[OperatorStep], Reply]
