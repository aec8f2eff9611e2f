"""A network of `networks.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from conformance.agent.tap.conditions import Conditions
from conformance.model.yaml_file import Model, Text

__all__ = ["Network"]

# YAML reads 15 as an int; for a time in milliseconds it is as good as 15.0.
_Milliseconds = Annotated[
    float, BeforeValidator(lambda value: float(value) if type(value) is int else value), Field(ge=0)
]


class Network(Model):
    """A network, with the numbers of `Conditions`. `clients` is how many a program of many clients starts in it."""

    about: Text
    clients: int = Field(ge=1)
    split: int = Field(default=0, ge=0)
    hold_ms: _Milliseconds = 0.0
    latency_ms: _Milliseconds = 0.0
    jitter_ms: _Milliseconds = 0.0

    @property
    def conditions(self) -> Conditions:
        """The same, as the tap takes it."""
        return Conditions(self.split, self.hold_ms, self.latency_ms, self.jitter_ms)
