"""The sockets of a server: the listening socket, and what each accepted connection needs."""

import contextlib
import errno
import os
import socket

from pyconsole import err, out, reason

__all__ = ["ACCEPT_PAUSE", "create_server_socket", "prepare", "say_cannot_listen", "say_interrupted"]

# More than systems allow, which then take their own limit: a whole class may connect at the same moment.
_BACKLOG = 4096

ACCEPT_PAUSE = 0.5
"""Seconds to wait after an accept that failed because too many files are open."""

_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}

# A laptop that is closed sends nothing. After 30 s without data the system sends a probe, and after three more within
# 30 s without an answer it ends the connection. (macOS calls the first of these options TCP_KEEPALIVE.)
_KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPALIVE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def create_server_socket(port: int, host: str | None = None) -> socket.socket:
    """A socket that listens on every interface, over IPv6 and IPv4. Java: `new ServerSocket(port)`.

    Without IPv6 on the system it listens over IPv4 alone; with `host`, on that address alone. Raises `OSError`.
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
        # The port must be free again as soon as a server ends, and never be shared by two servers. On Windows
        # SO_REUSEADDR would allow that.
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
    """Sets the options of an accepted connection: answers are sent at once, and a client that vanished is noticed."""
    with contextlib.suppress(OSError):  # the client has disconnected already, which the next read reports
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def say_cannot_listen(error: OSError) -> None:
    """Prints why the server cannot listen."""
    err("!!! Erreur lors de la création du socket serveur.")
    err("!!! Détails : " + reason(error))


def say_interrupted(error: Exception) -> None:
    """Prints why a connection failed."""
    out("!!! La connexion a été interrompue.")
    err("!!! Erreur : " + reason(error))
