"""The relay: accepts clients, connects each to the server, and carries bytes both ways under the given conditions.

A link has two endpoints (`endpoint.py`) and two pipes (`pipes.py`), one each way. The end of a stream is passed on as a
half-close and a reset as a reset, so that the programs see what they would see without the tap.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections.abc import Callable

from conformance.agent.addresses import listen_everywhere, shown_address
from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side, other
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.endpoint import Endpoint
from conformance.agent.tap.pipes import DirectPipe, Pipe, ShapedPipe

__all__ = ["Relay", "reason"]

_RETRY_SECONDS = 0.02
_BACKLOG = 1024
_NOTHING = Conditions()


class Relay:
    """Listens on `listen`, relays every connection to `to`, and calls `record` with each event.

    An empty host in `listen` is every interface, IPv4 and IPv6. `connect_timeout` is the number of seconds for which a
    refused connection to the server is tried again; 0 for a server that is known to listen.
    """

    def __init__(
        self,
        *,
        listen: tuple[str, int],
        to: tuple[str, int],
        conditions: Conditions,
        record: Callable[[Event], None],
        seed: int = 0,
        connect_timeout: float = 0.0,
    ) -> None:
        self.conditions = conditions
        self.record = record
        self.random = random.Random(seed)
        self.links: set[_Link] = set()
        self._listen = listen
        self._to = to
        self._connect_timeout = connect_timeout
        self._count = 0
        self._connecting: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Starts to listen; returns the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        host, port = self._listen
        if host:
            self._server = await loop.create_server(self._client_endpoint, host, port, backlog=_BACKLOG)
        else:
            self._server = await loop.create_server(
                self._client_endpoint, sock=listen_everywhere(port), backlog=_BACKLOG
            )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stops listening, and resets every connection that is still open."""
        if self._server is not None:
            self._server.close()
        links = list(self.links)
        for link in links:
            link.drop()
        for task in self._connecting:
            task.cancel()
        tasks = [*self._connecting, *(task for link in links for task in link.tasks)]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _client_endpoint(self) -> Endpoint:
        self._count += 1
        return _Link(self, self._count).client

    def connect(self, link: _Link) -> None:
        """Connects the link to the server, and tells it if that cannot be.

        A link whose client dies meanwhile is connected all the same, and then reset: the system has the connection
        already, and a server must not meet an orderly end where its client has died.
        """
        task = asyncio.ensure_future(self._connect(link))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        give_up = time.monotonic() + self._connect_timeout
        while True:
            try:
                await loop.create_connection(lambda: link.server, *self._to)
                return
            except OSError as error:
                if link.over or time.monotonic() >= give_up:
                    link.refused(error)
                    return
                await asyncio.sleep(_RETRY_SECONDS)


class _Link:
    """A client's connection, the tap's connection to the server, and the pipes between them.

    asyncio sets TCP_NODELAY on both sockets, so nothing is delayed there.
    """

    def __init__(self, relay: Relay, number: int) -> None:
        self.client, self.server = Endpoint(self, CLIENT), Endpoint(self, SERVER)
        self.tasks: list[asyncio.Task[None]] = []
        self._relay = relay
        self._number = number
        self._pipes: dict[Side, Pipe] = {}
        self._early: list[bytes] = []  # what the client sent before the server was connected
        self._finished = 0
        self._closed = 0
        self.over = False

    def _record(
        self, kind: Kind, sender: Side, data: bytes = b"", size: int = 0, detail: str = "", via: str = ""
    ) -> None:
        self._relay.record(Event(time.monotonic(), self._number, kind, sender, data, size, detail, via))

    def made(self, endpoint: Endpoint) -> None:
        """The connection of this endpoint is established."""
        if endpoint is self.client:
            self._relay.links.add(self)
            peer, own = (endpoint.transport.get_extra_info(name) for name in ("peername", "sockname"))
            self._record("opened", CLIENT, detail=shown_address(peer), via=shown_address(own))
            self._relay.connect(self)
        elif self.over:
            endpoint.abort()
        else:
            self._pipes = {CLIENT: self._pipe(self.client, endpoint), SERVER: self._pipe(endpoint, self.client)}
            for data in self._early:
                self._pipes[CLIENT].put(data)
            self._early.clear()
            self.client.read(True)

    def refused(self, error: OSError) -> None:
        """The server could not be reached."""
        if not self.over:
            self._record("refused", SERVER, detail=reason(error))
            self.drop()

    def _pipe(self, source: Endpoint, target: Endpoint) -> Pipe:
        conditions = self._relay.conditions
        if conditions == _NOTHING:
            return DirectPipe(source, target)
        pipe = ShapedPipe(source, target, conditions, self._relay.random)
        self.tasks.append(asyncio.ensure_future(pipe.run()))
        return pipe

    def came(self, endpoint: Endpoint, data: bytes) -> None:
        """This endpoint received bytes; empty bytes are the end of its stream."""
        if self.over:
            return
        self._record("received" if data else "end", endpoint.side, data)
        if self._pipes:
            self._pipes[endpoint.side].put(data)
        else:  # the server is not connected yet
            self._early.append(data)
            if data:  # pausing after the end would make asyncio report the end once more
                endpoint.read(False)

    def sent(self, endpoint: Endpoint, size: int) -> None:
        """So many bytes were sent to this endpoint."""
        self._record("sent", other(endpoint.side), size=size)

    def finished(self, endpoint: Endpoint) -> None:
        """The end of the stream was sent to this endpoint. After both, the link is closed."""
        self._finished += 1
        if self._finished == 2:
            self.client.close()
            self.server.close()

    def gone(self, endpoint: Endpoint, error: OSError) -> None:
        """This endpoint reset its connection, or cannot be written to: the link is reset.

        Bytes that were under way are lost.
        """
        if not self.over:
            self._record("reset", endpoint.side, detail=reason(error))
            self.drop()

    def closed(self, endpoint: Endpoint) -> None:
        """This endpoint is closed, and everything was sent to it."""
        self._closed += 1
        if self._closed == 2:
            self._forget()

    def drop(self) -> None:
        """Resets both connections at once."""
        self._forget()
        for task in self.tasks:
            task.cancel()
        self.client.abort()
        self.server.abort()

    def _forget(self) -> None:
        self.over = True
        self._relay.links.discard(self)


def reason(error: OSError) -> str:
    """The system's message for the error; asyncio replaces it by its own."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)
