"""What stands on the command line, as typed values; what is wrong there is one sentence."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from conformance.model import Network, Protocol, Registry, load_registry
from conformance.model.yaml_file import read_yaml, validate

__all__ = [
    "Parser",
    "Place",
    "UsageError",
    "find_case_files",
    "find_network",
    "find_protocol",
    "listen_place",
    "place",
    "port_number",
]


class UsageError(Exception):
    """What was asked for cannot be done so: one sentence."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, and which keeps the lines of its texts as they are written."""

    def __init__(self, *args: object, **options: object) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help explains)\n")


@dataclass(frozen=True)
class Place:
    """A host and a port, of which either may be left out."""

    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def port_number(text: str) -> int:
    """A TCP port."""
    if not (text.isascii() and text.isdigit() and int(text) <= 0xFFFF):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def place(text: str) -> Place:
    """`HOST`, `HOST:PORT`, `[IPv6]:PORT` or a bare IPv6 address."""
    host, port = text, ""
    if not text or any(character.isspace() or character in "/@" for character in text):
        raise argparse.ArgumentTypeError(
            f"a host is a name or an address, as 192.168.1.20 or 192.168.1.20:8999, not {text!r}"
        )
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise argparse.ArgumentTypeError(f"an IPv6 address with a port is written [::1]:8999, not {text!r}")
        port = rest[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not host:
        raise argparse.ArgumentTypeError(f"no host stands before the port in {text!r}")
    return Place(host, port_number(port) if port else None)


def listen_place(text: str) -> Place:
    """`PORT`, for every interface, or `HOST:PORT`."""
    if text.isascii() and text.isdigit():
        return Place("", port_number(text))
    found = place(text)
    if found.port is None:
        raise argparse.ArgumentTypeError(f"to listen takes a port, as 8999 or 127.0.0.1:8999, not {text!r}")
    return found


def find_protocol(name: str) -> Protocol:
    """A protocol of the harness by its name, or anyone's own by the path of its file."""
    known = _known().protocols
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return validate(Protocol, read_yaml(path), path)
    raise UsageError(f"no such protocol: {name!r}; known are {', '.join(known)}, or give the path of a YAML file")


def find_case_files(name: str) -> Sequence[Path]:
    """The files with the cases of that protocol: the harness's own, or those in the folder `cases` beside its file."""
    known = _known()
    return known.cases if name in known.protocols else sorted((Path(name).parent / "cases").glob("*.yaml"))


def find_network(name: str) -> Network:
    """A network of `networks.yaml`."""
    known = _known().networks
    if name not in known:
        raise UsageError(f"no such network: {name!r}; known are {', '.join(known)}")
    return known[name]


@functools.cache
def _known() -> Registry:
    return load_registry()
