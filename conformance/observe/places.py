"""Where a server is and where to listen, as a person writes it: `192.168.1.20:8999`, `[::1]:8999`, `9000`."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.model.lookup import UsageError

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
    """A TCP port; UsageError where the text is none."""
    if not (text.isascii() and text.isdigit() and int(text) <= 0xFFFF):
        raise UsageError("cli.usage.port", text=text)
    return int(text)


def place(text: str) -> Place:
    """`HOST`, `HOST:PORT`, `[IPv6]:PORT` or a bare IPv6 address; UsageError where the text is none."""
    host, port = text, ""
    if not text or any(character.isspace() or character in "/@" for character in text):
        raise UsageError("cli.usage.host", text=text)
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise UsageError("cli.usage.ipv6", text=text)
        port = rest[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not host:
        raise UsageError("cli.usage.no-host", text=text)
    return Place(host, port_number(port) if port else None)


def listen_place(text: str) -> Place:
    """`PORT`, for every interface, or `HOST:PORT`; UsageError where the text is neither."""
    if text.isascii() and text.isdigit():
        return Place("", port_number(text))
    found = place(text)
    if found.port is None:
        raise UsageError("cli.usage.listen", text=text)
    return found
