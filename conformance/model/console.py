"""What a kind of program may print: its lines, in their order, and what on the wire each of them tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from conformance.model.yaml_file import Lines, Model

__all__ = ["Console"]


class Console(Model):
    """The lines of one kind of program.

    listening   a server's line before each accept
    starting    a client's lines before it connects
    connected   once the connection stands
    after       after a field of that name has passed (`client.first`: who sends it, and its name)
    room, heard a chat's lines for each message: on the server, and on a client that is not its author
    left        when the connection ends

    `connections` is how many connections a client makes, `rounds` how often it goes through the loop of the protocol.
    """

    role: Literal["server", "client"]
    order: Literal["one at a time", "interleaved"]
    listening: str | None = None
    starting: Lines = ()
    connected: Lines = ()
    after: Mapping[str, Lines] = Field(default_factory=dict)
    room: Lines = ()
    heard: Lines = ()
    left: Lines = ()
    connections: int | Literal["{clients}"] | None = None
    rounds: int | None = None

    @model_validator(mode="after")
    def _server_listens(self) -> Console:
        if self.role == "server" and self.listening is None:
            raise ValueError("a server's console needs the line that says it listens, under `listening`")
        return self
