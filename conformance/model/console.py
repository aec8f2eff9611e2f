"""What a kind of program may print: its lines, in their order, and what on the wire each of them tells of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, model_validator

from conformance.model.yaml_file import Lines, Model

__all__ = ["Console", "fill", "pattern"]

_PLACE = re.compile(r"\{(\w+)\}")


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


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The line with its places filled in; a place without a value stays, for `pattern` to match."""
    form, places = _form(template)
    if not places:
        return template
    return form % tuple([values.get(name, place) for name, place in places])


@lru_cache(maxsize=1024)
def _form(template: str) -> tuple[str, list[tuple[str, str]]]:
    """The template for `%`, and its places: the name, and what stands there without a value."""
    places = [(name, f"{{{name}}}") for name in _PLACE.findall(template)]
    return "%s".join(_PLACE.split(template.replace("%", "%%"))[::2]), places


@lru_cache(maxsize=1024)
def pattern(template: str) -> re.Pattern[str]:
    """A pattern that matches the line whatever stands in its places, and the same in a place that stands twice."""
    texts, names = _PLACE.split(template)[::2], _PLACE.findall(template)
    parts = [re.escape(texts[0])]
    for number, (name, text) in enumerate(zip(names, texts[1:], strict=True)):
        parts += [f"(?P={name})" if name in names[:number] else f"(?P<{name}>.*)", re.escape(text)]
    return re.compile("".join(parts), re.DOTALL)
