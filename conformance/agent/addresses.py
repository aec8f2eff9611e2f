"""Addresses: how one is shown, which text is one, and listening on all that a machine has."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any

__all__ = ["is_address", "listen_everywhere", "shown_address"]


def shown_address(address: tuple[Any, ...]) -> str:
    """`192.168.1.20:8999`, `[fe80::1]:8999`: a socket's address as people write it."""
    host, port = address[0].removeprefix("::ffff:"), address[1]  # so a socket for both families shows IPv4
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen_everywhere(port: int) -> socket.socket:
    """One listening socket for every interface, IPv4 and IPv6 where the machine has it, as Java's `ServerSocket` is."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
    return socket.create_server(("", port))


def is_address(text: str) -> bool:
    """Whether it is an IP address, of either version, perhaps with its scope."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
