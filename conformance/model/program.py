"""A program of the matrix: how to start it, and what it may print."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from conformance.model.console import Console
from conformance.model.yaml_file import Lines, Model

__all__ = ["ANY_CONSOLE", "Program", "ProgramEntry", "Role"]

Role = Literal["server", "client"]
ANY_CONSOLE = "any"
_PLACES = ("host", "port", "clients", "author", "build", "folder")
_PLACE = re.compile(r"\{(\w+)\}")


class ProgramEntry(Model):
    """A program as a YAML file has it.

    One of three: `image`, an image that starts it (with `command`, if that is not its own); `language`, with the
    `folder` of its sources and perhaps a `build` that is run once before; or a bare `command`, which runs as a process
    only. `console` names what it may print, or is `any`: then it is judged by the wire alone.
    """

    protocol: str
    console: str
    image: str | None = None
    language: Literal["java", "python"] | None = None
    folder: str | None = None
    build: Lines = ()
    command: Lines = ()
    connections: int | None = Field(default=None, ge=1)

    @field_validator("build", "command")
    @classmethod
    def _known_places(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            for place in _PLACE.findall(word):
                if place not in _PLACES:
                    raise ValueError(f"no such place to fill in: {{{place}}}; known are {', '.join(_PLACES)}")
        return words

    @model_validator(mode="after")
    def _one_of_three(self) -> ProgramEntry:
        if self.image is not None and (self.language or self.folder or self.build):
            raise ValueError("`image` stands alone: language, folder and build belong to a program that is mounted")
        if self.image is None and not self.command:
            raise ValueError("needs an `image` or a `command`")
        if self.folder is not None and self.language is None:
            raise ValueError("a `folder` needs its `language`: java or python")
        if self.build and self.folder is None:
            raise ValueError("`build` needs the `folder` that it builds")
        return self


@dataclass(frozen=True)
class Program:
    """A program with all that its entry only names. `jdk` is the JDK it runs on, where one was asked for."""

    name: str
    role: Role
    entry: ProgramEntry
    console: Console | None
    file: Path
    jdk: int | None = None

    @property
    def folder(self) -> Path | None:
        """The folder of its sources, if it has one of its own."""
        return None if self.entry.folder is None else (self.file.parent / self.entry.folder).resolve()

    @property
    def where(self) -> str:
        """Where its entry stands: the file, and the key there."""
        return f"{self.file}: {self.role}s.{self.name}"

    @property
    def fixed_port(self) -> bool:
        """Whether it insists on the protocol's own port, as the course's programs do."""
        return not any("{port}" in word for word in self.entry.command)

    def connections(self, clients: int) -> int | None:
        """How many connections it makes, where that is known."""
        if self.entry.connections is not None:
            return self.entry.connections
        said = None if self.console is None else self.console.connections
        return clients if said == "{clients}" else said

    def command(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Its command with the places filled in."""
        return tuple(fill_places(word, values) for word in self.entry.command)

    def build(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Its build command with the places filled in."""
        return tuple(fill_places(word, values) for word in self.entry.build)


def fill_places(word: str, values: Mapping[str, str]) -> str:
    """`word` with every place that has a value filled in."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), word)
