"""The event loop of `async` and `chat`, which serves all connections on one thread.

Connections are accepted one at a time, so that ids are given in the order in which clients are served and the console
has the lines in that order. Each connection is then handled by its `asyncio.Protocol`.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from pyconsole import allow_many_connections, err, reason
from pyserver.listening import ACCEPT_PAUSE, create_server_socket, prepare, say_cannot_listen, say_interrupted
from pyserver.tick import Tick

__all__ = ["run"]

ProtocolFactory = Callable[[int], asyncio.Protocol]
"""Makes the protocol of the client with this id."""

Service = Callable[[Tick], ProtocolFactory]
"""A service: makes the factory of its protocols, which print and answer through the given `Tick`."""


def run(port: int, host: str | None, service: Service) -> int:
    """Serves all clients until the program is stopped; returns its exit status if it cannot listen."""
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
    """uvloop's event loop where it is installed, which is several times faster; else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _accept_for_ever(server_socket: socket.socket, service: Service) -> None:
    loop = asyncio.get_running_loop()
    tick = Tick(loop.call_soon)
    loop.set_exception_handler(partial(_say_unexpected, tick))
    new_protocol = service(tick)
    port = server_socket.getsockname()[1]
    client_id = 1
    while True:
        tick.out(f"### Écoute sur le port {port}")
        try:
            connection, _ = await loop.sock_accept(server_socket)
        except OSError as error:  # too many open files
            tick.flush()
            say_interrupted(error)
            await asyncio.sleep(ACCEPT_PAUSE)
            continue
        await _serve(connection, new_protocol(client_id))
        client_id += 1


async def _serve(connection: socket.socket, protocol: asyncio.Protocol) -> None:
    prepare(connection)
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection)
    except OSError as error:  # the client has disconnected already
        connection.close()
        protocol.connection_lost(error)


def _say_unexpected(tick: Tick, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Prints any other error of a connection as one line. asyncio closes that connection."""
    tick.flush()
    error = context.get("exception")
    err("!!! Erreur : " + (reason(error) if error else str(context.get("message"))))
