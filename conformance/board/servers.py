"""The servers that a board has taps in front of: as words on the command line, or as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PlainValidator

from conformance.formatting import catalogue
from conformance.model import Protocol
from conformance.model.lookup import UsageError, find_protocol
from conformance.model.yaml_file import Model, read_yaml, validate
from conformance.observe.places import Place, listen_place, place

__all__ = ["WatchedServer", "read_servers", "server_words"]


@dataclass(frozen=True)
class WatchedServer:
    """A server: clients find it where the tap listens, and the tap finds it at `to`."""

    name: str
    protocol: Protocol
    listen: Place
    to: Place

    @classmethod
    def of(cls, name: str | None, protocol: str, listen: Place, to: Place) -> WatchedServer:
        """With the protocol of that name, and its port where `to` has none; UsageError where there is none."""
        found = find_protocol(protocol)
        where = Place(to.host, to.port or found.port)
        return cls(name or str(where), found, listen, where)


def _parsed_by(parse: Callable[[str], Place]) -> PlainValidator:
    def parsed(value: object) -> Place:
        try:
            return parse(str(value))
        except UsageError as error:  # what is wrong in a file is said in English
            raise ValueError(catalogue("en").text(error.name, error.values)) from error

    return PlainValidator(parsed)


class _Entry(Model):
    protocol: str
    listen: Annotated[Place, _parsed_by(listen_place)]
    to: Annotated[Place, _parsed_by(place)]


class _File(Model):
    servers: dict[str, _Entry] = Field(min_length=1)


def read_servers(path: Path) -> list[WatchedServer]:
    """The servers of a YAML file. YamlError, or UsageError where there is no such protocol."""
    content: Any = read_yaml(path)
    return [
        WatchedServer.of(name, entry.protocol, entry.listen, entry.to)
        for name, entry in validate(_File, content, path).servers.items()
    ]


def server_words(words: str) -> WatchedServer:
    """`addition:9000:localhost:8999`, with `alice=` before it where the server is to have a name; else UsageError."""
    name, equals, rest = words.rpartition("=")
    parts = rest.split(":", 2)
    if len(parts) < 3 or not all(parts) or (equals and not name):
        raise UsageError("cli.usage.server", text=words)
    protocol, port, to = parts
    return WatchedServer.of(name or None, protocol, listen_place(port), place(to))
