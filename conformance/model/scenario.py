"""A scenario: who does what, step by step, in a cell of a protocol whose clients are operated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from conformance.model.yaml_file import Lines, Model

__all__ = ["Join", "Leave", "Say", "Scenario"]


class Join(Model):
    """These members start their clients, all at once."""

    join: Lines


class Say(Model):
    """Each of these members types a line, all at once."""

    say: Mapping[str, str]


class Leave(Model):
    """The input of these members ends."""

    leave: Lines


_KINDS = ("join", "say", "leave")


def _kind_of_step(step: Any) -> str | None:
    return next((kind for kind in _KINDS if isinstance(step, dict) and kind in step), None)


Step = Annotated[
    Annotated[Join, Tag("join")] | Annotated[Say, Tag("say")] | Annotated[Leave, Tag("leave")],
    Discriminator(
        _kind_of_step,
        custom_error_type="no-such-step",
        custom_error_message=f"a step must be one of {', '.join(_KINDS)}",
    ),
]


class Scenario(Model):
    """The members of a chat, and what they do."""

    scenario: str
    members: Lines = Field(min_length=1)
    steps: list[Step]

    @field_validator("steps")
    @classmethod
    def _texts_differ(cls, steps: list[Step]) -> list[Step]:
        texts = [text for step in steps if isinstance(step, Say) for text in step.say.values()]
        for text in texts:
            if texts.count(text) > 1:
                raise ValueError(f"a text may be said once, so that it is known again: {text!r}")
        return steps

    @model_validator(mode="after")
    def _possible(self) -> Scenario:
        joined: set[str] = set()
        spoke: set[str] = set()
        left: set[str] = set()
        for number, step in enumerate(self.steps, 1):
            if isinstance(step, Join):
                for name in step.join:
                    if name not in self.members:
                        raise ValueError(f"step {number}: {name!r} is no member")
                    if name in joined:
                        raise ValueError(f"step {number}: {name!r} has joined before, and a member joins once")
                joined.update(step.join)
            else:
                names = step.say if isinstance(step, Say) else step.leave
                for name in names:
                    if name not in joined - left:
                        raise ValueError(f"step {number}: {name!r} is not present then")
                (spoke if isinstance(step, Say) else left).update(names)
        if joined - left:
            raise ValueError(f"at the end all must have left, and {', '.join(sorted(joined - left))} did not")
        for silent in sorted(joined - spoke):
            raise ValueError(f"{silent!r} says nothing, and the wire tells by its messages whose a connection is")
        return self
