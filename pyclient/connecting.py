"""Connecting a client to its server, and what it prints if that fails."""

import contextlib
import ipaddress
import socket

from pyconsole import CONNECTION_ERRORS, err, out, reason

__all__ = ["NETWORK_ERRORS", "connect", "local_address", "say_network_error"]

NETWORK_ERRORS = CONNECTION_ERRORS
"""What can end a connection: network errors, the end of the stream, malformed text."""


def connect(host: str, port: int) -> socket.socket:
    """A connection to the server. Java: `new Socket(host, port)`. Raises `OSError`, `gaierror` for an unknown host."""
    out(f"### Tentative de connexion à {host}:{port}...")
    try:
        connection = socket.create_connection((host, port))
    except UnicodeError:  # the name is not valid in DNS
        raise socket.gaierror(socket.EAI_NONAME, host) from None
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # requests are sent at once
    out("### Connexion établie.")
    return connection


def local_address(connection: socket.socket) -> str:
    """The local address as Java writes it. Java: `socket.getLocalAddress().getHostAddress()`.

    IPv4 has four numbers, also if it is mapped into IPv6; IPv6 has all eight groups, and its scope if there is one.
    """
    name = connection.getsockname()
    address = ipaddress.ip_address(name[0].partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    groups = ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))
    scope = name[3]
    return f"{groups}%{scope}" if scope else groups


def say_network_error(error: Exception, host: str) -> None:
    """Prints why the connection failed."""
    if isinstance(error, socket.gaierror):
        err("!!! Hôte inconnu")
        err(f"!!! Détails : {host}")
    else:
        err("!!! Erreur réseau")
        err(f"!!! Détails : {reason(error)}")
