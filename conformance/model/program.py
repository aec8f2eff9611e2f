"""A program of the matrix: how to start it, and what it may print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from conformance.model.placeholders import check_placeholders, fill
from conformance.model.yaml_file import Lines, Model, shown

__all__ = ["ANY_CONSOLE", "Console", "Program", "ProgramEntry", "Role"]

Role = Literal["server", "client"]
ANY_CONSOLE = "any"
_PLACEHOLDERS = ("host", "port", "clients", "author", "build", "folder")


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

    role: Role
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


class ProgramEntry(Model):
    """A program as a YAML file has it.

    One of three: an `image` that starts it (with `command` in place of the image's own); a `language` of
    `runtimes.yaml`, with the `folder` of its sources and perhaps a `build` that runs once; or a bare `command`, which
    runs as a process only. `console` names what it may print; with `any` it is judged by the wire alone.
    """

    protocol: str
    console: str
    image: str | None = None
    language: str | None = None
    folder: str | None = None
    build: Lines = ()
    command: Lines = ()
    connections: int | None = Field(default=None, ge=1)

    @field_validator("build", "command")
    @classmethod
    def _known_placeholders(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if "\0" in word:
                raise ValueError(f"a word of a command has no NUL, which ends it for the system: {shown(word)}")
            check_placeholders(word, _PLACEHOLDERS)
        return words

    @model_validator(mode="after")
    def _one_of_three(self) -> ProgramEntry:
        if self.image is not None and (self.language or self.folder or self.build):
            raise ValueError("`image` stands alone: language, folder and build belong to a program that is mounted")
        if self.image is None and not self.command:
            raise ValueError("needs an `image` or a `command`")
        if self.folder is not None and self.language is None:
            raise ValueError("a `folder` needs the `language` of its sources")
        if self.build and self.folder is None:
            raise ValueError("`build` needs the `folder` that it builds")
        return self


@dataclass(frozen=True)
class Program:
    """A program: its entry, and what the entry names. `variant` is the version of its runtime, if one was chosen."""

    name: str
    role: Role
    entry: ProgramEntry
    console: Console | None
    file: Path
    variant: str | None = None

    @property
    def folder(self) -> Path | None:
        """The folder of its sources; None for a program of this repository, a command or an image."""
        return None if self.entry.folder is None else (self.file.parent / self.entry.folder).resolve()

    @property
    def where(self) -> str:
        """The file and the key of its entry."""
        return f"{self.file}: {self.role}s.{self.name}"

    @property
    def fixed_port(self) -> bool:
        """Whether its port cannot be chosen, and is the protocol's default port."""
        return not any("{port}" in word for word in self.entry.command)

    def connections(self, clients: int) -> int | None:
        """The number of connections it makes; None if that is not known."""
        said = self.entry.connections or (self.console.connections if self.console else None)
        return clients if said == "{clients}" else said

    def command(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Its command with the placeholders replaced."""
        return tuple(fill(word, values) for word in self.entry.command)

    def build(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Its build command with the placeholders replaced."""
        return tuple(fill(word, values) for word in self.entry.build)
