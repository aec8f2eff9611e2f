"""A protocol: who sends which field when. Everything that decodes or judges traffic follows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.expressions import names_in, parse_expression
from conformance.agent.sized_bytes import BYTES, SizedBytes
from conformance.model.yaml_file import Lines, Model, Name, Text, shown
from javaio import WIRE_TYPES, WireType

__all__ = ["BothWays", "FieldStep", "Protocol", "Repeat", "Step"]

_NAME_BYTES = 64


class FieldStep(Model):
    """One field on the wire: who sends it, its name, its type (javaio's, or `bytes`), and what must be true of it.

    `size`, for `bytes` alone, is an expression: most often the field before, which said how many would come.
    """

    sender: Side = Field(alias="from")
    field: str
    type: str
    size: str | None = None
    equals: str | None = None
    form: Literal["IP address"] | None = None

    @field_validator("field")
    @classmethod
    def _a_name(cls, name: str) -> str:
        if not name.isprintable() or not 0 < len(name.encode()) <= _NAME_BYTES:
            raise ValueError(f"a field has a name of 1 to {_NAME_BYTES} bytes that can be seen, not {shown(name)}")
        return name

    @field_validator("type")
    @classmethod
    def _known_type(cls, name: str) -> str:
        if name != BYTES and name not in WIRE_TYPES:
            raise ValueError(f"no such type on the wire: {name!r}; known are {', '.join(WIRE_TYPES)}, {BYTES}")
        return name

    @field_validator("equals", "size", mode="before")
    @classmethod
    def _an_expression(cls, text: Any) -> Any:
        text = str(text) if isinstance(text, int) else text
        if isinstance(text, str):
            parse_expression(text)
        return text

    @model_validator(mode="after")
    def _bytes_have_a_size(self) -> FieldStep:
        if self.type == BYTES and self.size is None:
            raise ValueError("`bytes` need their `size`: a number, or a field before them that tells it")
        if self.type != BYTES and self.size is not None:
            raise ValueError(f"only `bytes` have a `size`: {self.type} says its own")
        return self

    def wire(self, values: Mapping[str, Any]) -> WireType[Any]:
        """How it stands on the wire; `values` are the fields before it, from which the size of `bytes` comes.

        Raises `SizeError` where those give no size, and KeyError where the field that tells it is not among them.
        """
        if self.size is None:
            return WIRE_TYPES[self.type]
        return SizedBytes(parse_expression(self.size)(values))

    @property
    def key(self) -> str:
        """The name by which consoles speak of the field: `client.first`."""
        return f"{self.sender}.{self.field}"


class Repeat(Model):
    """Steps that come any number of times, none included."""

    repeat: Steps

    @model_validator(mode="after")
    def _begins_with_a_field(self) -> Repeat:
        if not self.repeat or not isinstance(self.repeat[0], FieldStep):
            raise ValueError("what is repeated must begin with a field: it tells whether there is one round more")
        return self


class _TwoSides(Model):
    client: Steps
    server: Steps

    @model_validator(mode="after")
    def _each_speaks_for_itself(self) -> _TwoSides:
        for side, steps in ((CLIENT, self.client), (SERVER, self.server)):
            for step in _fields(steps):
                if step.sender != side:
                    raise ValueError(f"`{step.field}` is from the {step.sender}, and stands under `{side}`")
        return self


class BothWays(Model):
    """Steps that the two sides follow at the same time, each at its own pace.

    `broadcast` names the fields of a message that the server passes on to every client, in one order for all.
    """

    sides: _TwoSides = Field(alias="both ways")
    broadcast: Lines = ()

    @model_validator(mode="after")
    def _both_have_what_is_broadcast(self) -> BothWays:
        for side, steps in ((CLIENT, self.sides.client), (SERVER, self.sides.server)):
            known = [step.field for step in _fields(steps)]
            for name in self.broadcast:
                if name not in known:
                    raise ValueError(f"broadcast: the {side} sends no {name!r}; known are {', '.join(known)}")
        return self


def _kind_of_step(step: Any) -> str:
    match step:
        case Repeat() | {"repeat": _}:
            return "<repeat>"
        case BothWays() | {"both ways": _}:
            return "<both ways>"
    return "<field>"


Step = Annotated[
    Annotated[FieldStep, Tag("<field>")] | Annotated[Repeat, Tag("<repeat>")] | Annotated[BothWays, Tag("<both ways>")],
    Discriminator(_kind_of_step),
]
Steps = Annotated[tuple[Step, ...], Field(strict=False)]


class Protocol(Model):
    """One protocol, as a file of `protocols/` has it."""

    protocol: Name
    about: Text
    port: int = Field(ge=1, le=65535)
    session: Steps

    @property
    def broadcast(self) -> tuple[str, ...]:
        """The fields of a message that goes to every client; empty where the protocol has none."""
        return next((step.broadcast for step in self.session if isinstance(step, BothWays)), ())

    @property
    def fields(self) -> tuple[FieldStep, ...]:
        """Every field, in the order in which they stand in the file."""
        return tuple(_fields(self.session))

    @model_validator(mode="after")
    def _computed_from_what_came(self) -> Protocol:
        values: dict[str, Any] = {}
        if len(self.fields) > _MOST_FIELDS:
            raise ValueError(f"a protocol has {_MOST_FIELDS:,} fields at most, got {len(self.fields):,}")
        for step in self.fields:
            for text in filter(None, (step.size, step.equals)):
                for name in sorted(names_in(text) - values.keys()):
                    raise ValueError(f"`{step.field}` is computed from {name!r}, and no field before it has that name")
                try:
                    parse_expression(text)(values)
                except TypeError as error:
                    raise ValueError(f"`{step.field}`: {text} cannot be computed: {error}") from None
            values[step.field] = _SAMPLES.get(step.type, 0)
        return self


_MOST_FIELDS = 1000
_SAMPLES: Mapping[str, Any] = {"UTF": "", "char": "", "boolean": False, "float": 0.0, "double": 0.0, BYTES: b""}


def _fields(steps: tuple[Step, ...]) -> Iterator[FieldStep]:
    for step in steps:
        match step:
            case FieldStep():
                yield step
            case Repeat(repeat=body):
                yield from _fields(body)
            case BothWays(sides=sides):
                yield from _fields(sides.client)
                yield from _fields(sides.server)
