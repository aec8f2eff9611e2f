"""MultithreadedServer: every client at once, a thread for each."""

import socket
import time

from pyconsole import allow_many_connections, out
from pyserver.addition_service_thread import AdditionServiceThread
from pyserver.listening import ACCEPT_PAUSE, create_server_socket, prepare, say_cannot_listen, say_interrupted

__all__ = ["run"]


def run(port: int, host: str | None = None) -> int:
    """Serves all clients, until it is stopped; the status of the program where it cannot listen."""
    allow_many_connections()
    try:
        server_socket = create_server_socket(port, host)
    except OSError as error:
        say_cannot_listen(error)
        return 1

    client_id = 1
    while True:
        out(f"### Écoute sur le port {server_socket.getsockname()[1]}")
        try:
            _serve_next(server_socket, client_id)
            client_id += 1
        except (OSError, RuntimeError) as error:  # too many open files, too many threads
            say_interrupted(error)
            time.sleep(ACCEPT_PAUSE)


def _serve_next(server_socket: socket.socket, client_id: int) -> None:
    connection, _ = server_socket.accept()
    try:
        prepare(connection)
        AdditionServiceThread(client_id, connection).start()
    except BaseException:
        connection.close()
        raise
