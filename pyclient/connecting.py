"""How a client reaches its server, and what it says when that fails."""

import contextlib
import ipaddress
import socket

from pyconsole import CONNECTION_ERRORS, err, out, reason

__all__ = ["NETWORK_ERRORS", "connect", "local_address", "say_network_error"]

NETWORK_ERRORS = CONNECTION_ERRORS
"""What a conversation can fail with: the network, the end of the stream, malformed text."""


def connect(host: str, port: int) -> socket.socket:
    """A connection to the server, as Java's `new Socket(host, port)`. Raises `OSError` (`gaierror`: no such host)."""
    out(f"### Tentative de connexion à {host}:{port}...")
    try:
        connection = socket.create_connection((host, port))
    except UnicodeError:  # no name on earth looks like this one
        raise socket.gaierror(socket.EAI_NONAME, host) from None
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a request leaves at once
    out("### Connexion établie.")
    return connection


def local_address(connection: socket.socket) -> str:
    """This end's address as Java writes it, `socket.getLocalAddress().getHostAddress()`.

    IPv4 as usual, also where it is mapped into IPv6; IPv6 in eight groups, none left out, and with its scope if any.
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
    """Prints why the conversation failed."""
    if isinstance(error, socket.gaierror):
        err("!!! Hôte inconnu")
        err(f"!!! Détails : {host}")
    else:
        err("!!! Erreur réseau")
        err(f"!!! Détails : {reason(error)}")
