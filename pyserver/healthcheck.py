"""Checks in its own protocol that a server on this machine works; exits with status 0 or 1.

    python -m pyserver.healthcheck addition|simple|chat [--port P]

For `addition` it requests one sum. `simple` is the same for a server of one client at a time: where no answer comes, it
is well all the same while it has another client, and has read all that this one sent. For `chat` it joins and leaves
without posting a message.
"""

import argparse
import socket
import sys
from pathlib import Path

from javaio import DataInputStream, DataOutputStream
from pyconsole import CONNECTION_ERRORS, end_on_ctrl_c, err, out, port_number, reason, use_utf8

__all__ = ["main"]

_TIMEOUT = 3.0  # seconds
_ESTABLISHED = "01"


class _UnwellError(ValueError):
    """The server's answer is wrong."""


def main(arguments: list[str] | None = None) -> int:
    """Checks the server, prints the result, and returns the exit status."""
    use_utf8()
    end_on_ctrl_c()
    parser = argparse.ArgumentParser(prog="python3 -m pyserver.healthcheck", description=__doc__)
    parser.add_argument("protocol", choices=["addition", "simple", "chat"])
    parser.add_argument("--port", type=port_number, default=8999, help="default: 8999")
    options = parser.parse_args(arguments)
    try:
        with socket.create_connection(("127.0.0.1", options.port), timeout=_TIMEOUT) as connection:
            try:
                if options.protocol == "chat":
                    _check_chat(connection)
                else:
                    _check_addition(connection)
            except TimeoutError:
                if options.protocol != "simple" or not _serves_another(options.port, connection.getsockname()[1]):
                    return _fail("pas de réponse")
                out("### Le serveur est occupé avec un autre client.")
                return 0
    except CONNECTION_ERRORS as error:
        return _fail(reason(error))
    out("### Le service répond.")
    return 0


def _serves_another(port: int, mine: int) -> bool:
    """Whether the server has a client besides the one from port `mine`, and has read all that it sent.

    What the system has connected, and the server has not accepted, has no inode. Only Linux tells; elsewhere: True.
    """
    tables = [path for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    for row in (row.split() for path in tables for row in path.read_text(encoding="ascii").splitlines()[1:]):
        local, remote, state, queues, inode = row[1], row[2], row[3], row[4], row[9]
        its = int(local.rpartition(":")[2], 16) == port and int(remote.rpartition(":")[2], 16) != mine
        if its and state == _ESTABLISHED and int(queues.partition(":")[2], 16) == 0 and inode != "0":
            return True
    return not tables


def _check_addition(connection: socket.socket) -> None:
    with connection.makefile("rwb", buffering=0) as stream:
        data_out = DataOutputStream(stream)
        data_out.write_utf(connection.getsockname()[0])
        data_out.write_int(40)
        data_out.write_int(2)
        total = DataInputStream(stream).read_int()
    if total != 42:
        raise _UnwellError(f"40 + 2 = {total}")


def _check_chat(connection: socket.socket) -> None:
    """Joins and leaves; the server must then end the connection."""
    with connection.makefile("rwb", buffering=0) as stream:
        DataOutputStream(stream).write_utf(connection.getsockname()[0])
        connection.shutdown(socket.SHUT_WR)
        while stream.read(65_536):
            pass  # messages of other clients


def _fail(why: str) -> int:
    err("!!! Le service ne répond pas : " + why)
    return 1


if __name__ == "__main__":
    sys.exit(main())
