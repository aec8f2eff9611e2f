"""MultithreadedServer: serves all clients at once, each in a thread of its own. Java: `MultithreadedServer`."""

import socket
import time

from pyconsole import BatchedOutput, allow_many_connections, end_on_ctrl_c, stay_on_one_processor
from pyserver.addition_service_thread import AdditionServiceThread
from pyserver.listening import ACCEPT_PAUSE, create_server_socket, prepare, say_cannot_listen, say_interrupted

__all__ = ["run"]


def run(port: int, host: str | None = None) -> int:
    """Serves all clients until the program is stopped; returns its exit status if it cannot listen."""
    allow_many_connections()
    stay_on_one_processor()
    try:
        server_socket = create_server_socket(port, host)
    except OSError as error:
        say_cannot_listen(error)
        return 1

    console = BatchedOutput()
    end_on_ctrl_c(console.flush)
    client_id = 1
    while True:
        console.out(f"### Écoute sur le port {server_socket.getsockname()[1]}")
        try:
            _serve_next(server_socket, client_id, console)
            client_id += 1
        except (OSError, RuntimeError) as error:  # too many open files, too many threads
            console.flush()
            say_interrupted(error)
            time.sleep(ACCEPT_PAUSE)


def _serve_next(server_socket: socket.socket, client_id: int, console: BatchedOutput) -> None:
    connection, _ = server_socket.accept()
    try:
        prepare(connection)
        AdditionServiceThread(client_id, connection, console).start()
    except BaseException:
        connection.close()
        raise
