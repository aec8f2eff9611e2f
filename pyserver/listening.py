"""The sockets of a server: the one that listens, and those of the connections it accepts."""

import contextlib
import errno
import os
import socket

from pyconsole import err, out, reason

__all__ = ["ACCEPT_PAUSE", "create_server_socket", "prepare", "say_cannot_listen", "say_interrupted"]

# As many as the system allows: a whole classroom may connect at the same moment.
_BACKLOG = 4096

ACCEPT_PAUSE = 0.5
"""Seconds to wait when no connection can be accepted, since too many are open already: some may end meanwhile."""

_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}

# A laptop that was closed never says so. After 30 s of silence the system asks whether it is still there, and after
# three more questions in 30 s without an answer the connection ends. (macOS calls the first of these TCP_KEEPALIVE.)
_KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPALIVE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def create_server_socket(port: int, host: str | None = None) -> socket.socket:
    """A socket that listens, as Java's `new ServerSocket(port)`: on every interface, over IPv6 and IPv4 at once.

    Where there is no IPv6 it listens over IPv4 alone. `host` narrows it to one address. Raises `OSError`.
    """
    if host is not None:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return _listen(family, address)
    try:
        return _listen(socket.AF_INET6, ("::", port))
    except OSError as error:
        if error.errno not in _NO_IPV6:
            raise
    return _listen(socket.AF_INET, ("0.0.0.0", port))


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    server_socket = socket.socket(family, socket.SOCK_STREAM)
    try:
        # The port is free again as soon as a server ends, and never shared with another one. Windows means by
        # SO_REUSEADDR that it may be.
        if os.name == "nt":
            exclusive: int = getattr(socket, "SO_EXCLUSIVEADDRUSE")  # noqa: B009 - unknown to mypy elsewhere
            server_socket.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        else:
            server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            server_socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server_socket.bind(address)
        server_socket.listen(_BACKLOG)
    except BaseException:
        server_socket.close()
        raise
    return server_socket


def prepare(connection: socket.socket) -> None:
    """Sets what every accepted connection needs: answers leave at once, and a vanished client is noticed."""
    with contextlib.suppress(OSError):  # the client has gone already: whoever reads from it will notice
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def say_cannot_listen(error: OSError) -> None:
    """Prints why there is no server."""
    err("!!! Erreur lors de la création du socket serveur.")
    err("!!! Détails : " + reason(error))


def say_interrupted(error: Exception) -> None:
    """Prints why a connection came to nothing."""
    out("!!! La connexion a été interrompue.")
    err("!!! Erreur : " + reason(error))
