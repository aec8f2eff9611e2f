"""Where a server is and where to listen, as a person writes it: `192.168.1.20:8999`, `[::1]:8999`, `9000`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

__all__ = ["Place", "listen_place", "place", "port_number"]


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
