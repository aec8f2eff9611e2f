"""A scenario: who does what, step by step, in a cell of a protocol whose clients are operated."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, field_validator, model_validator

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


class Scenario(Model):
    """The members of a chat, and what they do."""

    scenario: str
    members: Lines = Field(min_length=1)
    steps: list[Join | Say | Leave]

    @field_validator("steps")
    @classmethod
    def _texts_differ(cls, steps: list[Join | Say | Leave]) -> list[Join | Say | Leave]:
        texts = [text for step in steps if isinstance(step, Say) for text in step.say.values()]
        for text in texts:
            if texts.count(text) > 1:
                raise ValueError(f"a text may be said once, so that it is known again: {text!r}")
        return steps

    @model_validator(mode="after")
    def _possible(self) -> Scenario:
        present: set[str] = set()
        for number, step in enumerate(self.steps, 1):
            match step:
                case Join(join=names):
                    self._known(names, number)
                    present |= set(names)
                case Say(say=texts):
                    self._present(texts, present, number)
                case Leave(leave=names):
                    self._present(names, present, number)
                    present -= set(names)
        if present:
            raise ValueError(f"at the end all must have left, and {', '.join(sorted(present))} did not")
        return self

    def _known(self, names: tuple[str, ...], number: int) -> None:
        for name in names:
            if name not in self.members:
                raise ValueError(f"step {number}: {name!r} is no member")

    def _present(self, names: tuple[str, ...] | Mapping[str, str], present: set[str], number: int) -> None:
        for name in names:
            if name not in present:
                raise ValueError(f"step {number}: {name!r} is not present then")
