"""The relay: accepts clients, connects each to the server, and carries bytes both ways under the given conditions.

A link has two ends (`ends.py`), and a lane each way (`lanes.py`) that brings out at one what came in at the other. End
of stream travels as a half-close, a reset as a reset, so that the programs meet through the tap what they would meet
without it.
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
from conformance.agent.tap.endpoint import End
from conformance.agent.tap.pipes import DirectLane, Lane, ShapedLane

__all__ = ["Relay", "reason"]

_RETRY_SECONDS = 0.02
_BACKLOG = 1024
_NOTHING = Conditions()


class Relay:
    """Listens on `listen`, carries every connection to `to`, and tells `record` all that passes.

    An empty host in `listen` is every interface, IPv4 and IPv6. `patience` is for how long a server that cannot be
    reached is asked again, in seconds: 0 for one that is known to listen.
    """

    def __init__(
        self,
        *,
        listen: tuple[str, int],
        to: tuple[str, int],
        conditions: Conditions,
        record: Callable[[Event], None],
        seed: int = 0,
        patience: float = 0.0,
    ) -> None:
        self.conditions = conditions
        self.record = record
        self.random = random.Random(seed)
        self.links: set[_Link] = set()
        self._listen = listen
        self._to = to
        self._patience = patience
        self._count = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Starts to listen, and returns the port."""
        loop = asyncio.get_running_loop()
        host, port = self._listen
        if host:
            self._server = await loop.create_server(self._client_end, host, port, backlog=_BACKLOG)
        else:
            self._server = await loop.create_server(self._client_end, sock=listen_everywhere(port), backlog=_BACKLOG)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stops to listen and drops every connection that is still open."""
        if self._server is not None:
            self._server.close()
        links = list(self.links)
        for link in links:
            link.drop()
        await asyncio.gather(*(task for link in links for task in link.tasks), return_exceptions=True)

    def _client_end(self) -> End:
        self._count += 1
        return _Link(self, self._count).client

    async def connect(self, end: End) -> None:
        """Connects `end` to the server; OSError where that cannot be."""
        loop = asyncio.get_running_loop()
        give_up = time.monotonic() + self._patience
        while True:
            try:
                await loop.create_connection(lambda: end, *self._to)
                return
            except OSError:
                if time.monotonic() >= give_up:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)


class _Link:
    """A client's connection, the tap's own to the server, and the lanes between them.

    asyncio has set TCP_NODELAY on both sockets: nothing waits there for company.
    """

    def __init__(self, relay: Relay, number: int) -> None:
        self.client, self.server = End(self, CLIENT), End(self, SERVER)
        self.tasks: list[asyncio.Task[None]] = []
        self._relay = relay
        self._number = number
        self._lanes: dict[Side, Lane] = {}
        self._early: list[bytes] = []  # what came from the client before its server could be reached
        self._finished = 0
        self._closed = 0
        self._over = False

    def _tell(
        self, kind: Kind, sender: Side, data: bytes = b"", size: int = 0, detail: str = "", via: str = ""
    ) -> None:
        self._relay.record(Event(time.monotonic(), self._number, kind, sender, data, size, detail, via))

    def made(self, end: End) -> None:
        """One of the two connections stands."""
        if end is self.client:
            self._relay.links.add(self)
            peer, own = (end.transport.get_extra_info(name) for name in ("peername", "sockname"))
            self._tell("opened", CLIENT, detail=shown_address(peer), via=shown_address(own))
            self.tasks.append(asyncio.ensure_future(self._connect()))
        elif self._over:
            end.abort()
        else:
            self._lanes = {CLIENT: self._lane(self.client, end), SERVER: self._lane(end, self.client)}
            for data in self._early:
                self._lanes[CLIENT].put(data)
            self._early.clear()
            self.client.read(True)

    async def _connect(self) -> None:
        try:
            await self._relay.connect(self.server)
        except OSError as error:
            self._tell("refused", SERVER, detail=reason(error))
            self.drop()

    def _lane(self, source: End, target: End) -> Lane:
        conditions = self._relay.conditions
        if conditions == _NOTHING:
            return DirectLane(source, target)
        lane = ShapedLane(source, target, conditions, self._relay.random)
        self.tasks.append(asyncio.ensure_future(lane.run()))
        return lane

    def came(self, end: End, data: bytes) -> None:
        """Bytes came from there, or, where there are none, the end of the stream."""
        if self._over:
            return
        self._tell("received" if data else "end", end.side, data)
        if self._lanes:
            self._lanes[end.side].put(data)
        else:  # there is nowhere yet to bring it to
            self._early.append(data)
            if data:  # after the end there is nothing to read, and asyncio would find the end once more
                end.read(False)

    def sent(self, end: End, size: int) -> None:
        """So many bytes have gone on to it."""
        self._tell("sent", other(end.side), size=size)

    def finished(self, end: End) -> None:
        """It has been told that the stream to it ends; once both have, the conversation is over."""
        self._finished += 1
        if self._finished == 2:
            self.client.close()
            self.server.close()

    def gone(self, end: End, error: OSError) -> None:
        """It reset the connection, or no longer takes what is sent to it.

        What was on its way is lost with it, and the other end meets a reset too.
        """
        if not self._over:
            self._tell("reset", end.side, detail=reason(error))
            self.drop()

    def closed(self, end: End) -> None:
        """It is closed, and has all that was sent to it."""
        self._closed += 1
        if self._closed == 2:
            self._forget()

    def drop(self) -> None:
        """Ends both connections at once, with a reset."""
        self._forget()
        for task in self.tasks:
            task.cancel()
        self.client.abort()
        self.server.abort()

    def _forget(self) -> None:
        self._over = True
        self._relay.links.discard(self)


def reason(error: OSError) -> str:
    """The system's own words; asyncio puts its own in their place."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)
