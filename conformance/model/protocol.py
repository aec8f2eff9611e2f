"""A protocol: who sends which field when. Everything that decodes or judges traffic follows it.

A session is a list of steps: a field; `repeat`, steps that may come any number of times; or `both ways`, two lists of
steps that the two sides follow at the same time, each at its own pace.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator

from conformance.expressions import Expression, parse_expression
from conformance.model.yaml_file import Model, _as_tuple
from conformance.tap.events import Side
from javaio import WIRE_TYPES

__all__ = ["BothWays", "FieldStep", "Protocol", "Repeat", "Step"]


class FieldStep(Model):
    """One field on the wire: who sends it, its name, its type (javaio's name for it), and what must be true of it."""

    sender: Side = Field(alias="from")
    field: str
    type: str
    equals: str | None = None
    form: Literal["IP address"] | None = None

    @field_validator("type")
    @classmethod
    def _known_type(cls, name: str) -> str:
        if name not in WIRE_TYPES:
            raise ValueError(f"no such type on the wire: {name!r}; known are {', '.join(WIRE_TYPES)}")
        return name

    @field_validator("equals")
    @classmethod
    def _an_expression(cls, text: str | None) -> str | None:
        if text is not None:
            parse_expression(text)
        return text

    @property
    def expected(self) -> Expression | None:
        """What `equals` says the value must be, computed from the fields before it."""
        return None if self.equals is None else parse_expression(self.equals)

    @property
    def key(self) -> str:
        """The name by which consoles speak of the field: `client.first`."""
        return f"{self.sender}.{self.field}"


class Repeat(Model):
    """Steps that come any number of times, none included."""

    repeat: Steps


class _TwoSides(Model):
    client: Steps
    server: Steps


class BothWays(Model):
    """Steps that the two sides follow at the same time.

    `broadcast` names the fields of a message that the server passes on to every client, in one order for all.
    """

    sides: _TwoSides = Field(alias="both ways")
    broadcast: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()


def _kind_of_step(step: Any) -> str:
    if isinstance(step, dict):
        if "repeat" in step:
            return "repeat-step"
        if "both ways" in step:
            return "both-ways"
    elif isinstance(step, Repeat):
        return "repeat-step"
    elif isinstance(step, BothWays):
        return "both-ways"
    return "field"


Step = Annotated[
    Annotated[FieldStep, Tag("field")] | Annotated[Repeat, Tag("repeat-step")] | Annotated[BothWays, Tag("both-ways")],
    Discriminator(_kind_of_step),
]
Steps = Annotated[tuple[Step, ...], BeforeValidator(_as_tuple)]


class Protocol(Model):
    """One protocol, as a file of `protocols/` has it."""

    protocol: str
    about: str
    port: int = Field(ge=1, le=65535)
    session: Steps

    @property
    def broadcast(self) -> tuple[str, ...]:
        """The fields of a message that goes to every client; empty where the protocol has none."""
        return next((step.broadcast for step in self.session if isinstance(step, BothWays)), ())


Repeat.model_rebuild()
_TwoSides.model_rebuild()
BothWays.model_rebuild()
Protocol.model_rebuild()
