"""Protocols, their cases and networks by the names that a person gives them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.model.protocol import Protocol
from conformance.model.registry import Network, load_registry
from conformance.model.yaml_file import load

__all__ = [
    "RAW",
    "UsageError",
    "find_case_files",
    "find_network",
    "find_protocol",
    "find_protocol_or_raw",
    "known_protocols",
]

_known = functools.cache(load_registry)

RAW = Protocol.model_validate(
    {
        "protocol": "raw",
        "about": {"en": "bytes of which nothing is known", "fr": "des octets dont on ne sait rien"},
        "port": 65535,
        "session": [],
    }
)
"""In place of a protocol: one that says nothing. It has no port of its own."""


class UsageError(Exception):
    """What was asked for cannot be done so: `name` is the id of the text that says it, with `values` in its places."""

    def __init__(self, name: str, /, **values: Any) -> None:
        super().__init__(name, values)
        self.name = name
        self.values = values


def find_protocol(name: str) -> Protocol:
    """A protocol of the harness by its name, or anyone's own by the path of its file."""
    known = _known().protocols
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return load(Protocol, path)
    raise UsageError("cli.usage.protocol", text=name, known=", ".join(known))


def find_protocol_or_raw(name: str) -> Protocol:
    """The protocol of that name, or `RAW`."""
    return RAW if name == RAW.protocol else find_protocol(name)


def known_protocols() -> Sequence[Protocol]:
    """The protocols of the harness."""
    return list(_known().protocols.values())


def find_case_files(name: str) -> Sequence[Path]:
    """The files with the cases of that protocol: the harness's own, or those in the folder `cases` beside its file."""
    known = _known()
    return known.cases if name in known.protocols else sorted((Path(name).parent / "cases").glob("*.yaml"))


def find_network(name: str) -> Network:
    """A network of `networks.yaml`."""
    known = _known().networks
    if name not in known:
        raise UsageError("cli.usage.network", text=name, known=", ".join(known))
    return known[name]
