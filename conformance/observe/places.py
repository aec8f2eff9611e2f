"""Where a server is and where to listen, as a person writes it; and the addresses of this machine."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import psutil

from conformance.model.lookup import UsageError

__all__ = ["OwnAddress", "Place", "listen_place", "own_addresses", "place", "reachable_addresses"]


@dataclass(frozen=True)
class Place:
    """A host and a port, of which either may be left out: `192.168.1.20:8999`, `[::1]:8999`, `localhost`."""

    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def _port(text: str) -> int:
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
    try:
        host.encode("idna")
    except UnicodeError:  # an empty label, or one of more than 63 characters
        raise UsageError("cli.usage.host", text=text) from None
    return Place(host, _port(port) if port else None)


def listen_place(text: str) -> Place:
    """`PORT`, for every interface, or `HOST:PORT`; UsageError where the text is neither."""
    if text.isascii() and text.isdigit():
        return Place("", _port(text))
    found = place(text)
    if found.port is None:
        raise UsageError("cli.usage.listen", text=text)
    return found


@dataclass(frozen=True)
class OwnAddress:
    """An address, the interface that has it, and the network around it."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    interface: str

    def __str__(self) -> str:
        return f"{self.address} ({self.interface})"


def own_addresses() -> list[OwnAddress]:
    """Every address of every interface that is up."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found: list[OwnAddress] = []
    for interface, entries in psutil.net_if_addrs().items():
        for entry in entries:
            if interface in up and entry.family in (socket.AF_INET, socket.AF_INET6):
                address = ipaddress.ip_address(entry.address.partition("%")[0])
                # psutil writes the masks of both families as addresses; some systems append the length.
                mask = (entry.netmask or "").partition("/")[0]
                prefix = int(ipaddress.ip_address(mask)).bit_count() if mask else address.max_prefixlen
                network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
                found.append(OwnAddress(address, network, interface))
    return found


def reachable_addresses() -> list[str]:
    """The IPv4 addresses by which others on the network can reach this machine."""
    return [str(own.address) for own in own_addresses() if own.address.version == 4 and not own.address.is_loopback]
