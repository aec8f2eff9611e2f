"""How `async` and `chat` drive their connections: all of them on one thread, with one event loop.

Connections are accepted one at a time, as a thread per client would be, so that the console and the ids are in the
order in which clients are served. What then happens on a connection is the affair of its `asyncio.Protocol`.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from pyconsole import allow_many_connections, err, reason
from pyserver.listening import ACCEPT_PAUSE, create_server_socket, prepare, say_cannot_listen, say_interrupted
from pyserver.turn import Turn

__all__ = ["run"]

ProtocolFactory = Callable[[int], asyncio.Protocol]
"""Makes the protocol of the client with this id."""

Service = Callable[[Turn], ProtocolFactory]
"""What is served: given the turns of the event loop, how each client is."""


def run(port: int, host: str | None, service: Service) -> int:
    """Serves all clients, until it is stopped; the status of the program where it cannot listen."""
    allow_many_connections()
    try:
        server_socket = create_server_socket(port, host)
    except OSError as error:
        say_cannot_listen(error)
        return 1
    server_socket.setblocking(False)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_accept_for_ever(server_socket, service))
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's event loop, several times faster than Python's own, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _accept_for_ever(server_socket: socket.socket, service: Service) -> None:
    loop = asyncio.get_running_loop()
    turn = Turn(loop.call_soon)
    loop.set_exception_handler(partial(_say_unexpected, turn))
    new_protocol = service(turn)
    port = server_socket.getsockname()[1]
    client_id = 1
    while True:
        turn.out(f"### Écoute sur le port {port}")
        try:
            connection, _ = await loop.sock_accept(server_socket)
        except OSError as error:  # too many open files
            turn.end()
            say_interrupted(error)
            await asyncio.sleep(ACCEPT_PAUSE)
            continue
        await _serve(connection, new_protocol(client_id))
        client_id += 1


async def _serve(connection: socket.socket, protocol: asyncio.Protocol) -> None:
    prepare(connection)
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection)
    except OSError as error:  # gone before it was there
        connection.close()
        protocol.connection_lost(error)


def _say_unexpected(turn: Turn, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Whatever else goes wrong on a connection ends that connection alone, and is a line, not a traceback."""
    turn.end()
    error = context.get("exception")
    err("!!! Erreur : " + (reason(error) if error else str(context.get("message"))))
