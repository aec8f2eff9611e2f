"""The relay: accepts clients, connects each to the server, and carries bytes both ways under the given conditions.

A link has two endpoints, its sockets, and carries each direction by itself: without conditions the callback that
received bytes sends them on, else a pipe queues them, and its task sends what is due. The end of a stream is passed on
as a half-close and a reset as a reset, so that the programs see what they would see without the tap.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from conformance.agent.addresses import listen_everywhere, shown_address
from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side, other
from conformance.agent.taken import Receiver
from conformance.agent.tap.conditions import Action, Conditions, delay

__all__ = ["MOST_LINKS", "Relay", "reason"]

_RETRY_SECONDS = 0.02
_BACKLOG = 1024
# Bytes that one direction may queue. Then the tap stops reading, and the sender is blocked as it is without a tap.
_HELD_LIMIT = 1 << 20
_RATE_SECONDS = 0.02  # for which bytes are sent at once, where their rate is limited

MOST_LINKS = 10_000
"""How many connections may be open; each takes two descriptors."""


@dataclass(kw_only=True, eq=False)
class Relay:
    """Listens on `listen`, relays every connection to `to`, and calls `record` with each event.

    An empty host in `listen` is every interface, IPv4 and IPv6. `connect_timeout` is the number of seconds for which a
    refused connection to the server is tried again; 0 for a server that is known to listen. With `most` connections
    open, further ones are refused at once.
    """

    listen: tuple[str, int]
    to: tuple[str, int]
    conditions: Conditions
    record: Callable[[Event], None]
    seed: int = 0
    connect_timeout: float = 0.0
    most: int = MOST_LINKS

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.links: set[_Link] = set()
        self._count = 0
        self._connecting: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Starts to listen; returns the port. Raises OSError."""
        host, port = self.listen
        place: dict[str, Any] = {"host": host, "port": port} if host else {"sock": listen_everywhere(port)}
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._client_endpoint, **place, backlog=_BACKLOG)
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

    def _client_endpoint(self) -> _Endpoint:
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
        give_up = time.monotonic() + self.connect_timeout
        while True:
            try:
                await loop.create_connection(lambda: link.server, *self.to)
                return
            except OSError as error:
                if link.over or time.monotonic() >= give_up:
                    link.broken("refused", SERVER, error)
                    return
                await asyncio.sleep(_RETRY_SECONDS)


class _Link:
    """A client's connection, the tap's connection to the server, and what carries bytes from the one to the other.

    asyncio sets TCP_NODELAY on both sockets, so nothing is delayed there.
    """

    def __init__(self, relay: Relay, number: int) -> None:
        self.client, self.server = _Endpoint(self, CLIENT), _Endpoint(self, SERVER)
        self.tasks: list[asyncio.Task[None]] = []
        self.over = False
        self._muted = False
        self._relay = relay
        self._number = number
        self._carry: dict[Side, Callable[[bytes], None]] = {}
        self._early: list[bytes] = []  # what the client sent before the server was connected
        self._finished = 0
        self._closed = 0

    def tell(self, kind: Kind, side: Side, data: bytes = b"", size: int = 0, detail: str = "", via: str = "") -> None:
        """Records an event."""
        if not self._muted:
            self._relay.record(Event(time.monotonic(), self._number, kind, side, data, size, detail, via))

    def made(self, endpoint: _Endpoint) -> None:
        """The connection of this endpoint is established."""
        if endpoint is self.client:
            full = len(self._relay.links) >= self._relay.most
            self._relay.links.add(self)
            peer, own = (endpoint.transport.get_extra_info(name) for name in ("peername", "sockname"))
            self.tell("opened", CLIENT, detail=shown_address(peer), via=shown_address(own))
            if full:  # taps in a circle, or a flood: what is open goes on
                self.broken("refused", SERVER, OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
            else:
                self._relay.connect(self)
        elif self.over:
            endpoint.abort()
        else:
            self._carry = {CLIENT: self._pipe(self.client, endpoint), SERVER: self._pipe(endpoint, self.client)}
            for data in self._early:
                self._carry[CLIENT](data)
            self._early.clear()
            self.client.read(True)

    def _pipe(self, source: _Endpoint, target: _Endpoint) -> Callable[[bytes], None]:
        """What takes the bytes that were just received from `source`."""
        if self._relay.conditions == Conditions():
            target.transport.set_write_buffer_limits(high=_HELD_LIMIT)
            target.when_writable = source.read
            return target.send
        pipe = _Pipe(source, target)
        self.tasks.append(asyncio.ensure_future(pipe.run(self._relay.conditions, self._relay.random, self.cut)))
        return pipe.put

    def came(self, endpoint: _Endpoint, data: bytes) -> None:
        """This endpoint received bytes; empty bytes are the end of its stream."""
        if self.over:
            return
        self.tell("received" if data else "end", endpoint.side, data)
        if self._carry:
            self._carry[endpoint.side](data)
        else:  # the server is not connected yet
            self._early.append(data)
            if data:  # pausing after the end would make asyncio report the end once more
                endpoint.read(False)

    def finished(self) -> None:
        """The end of the stream was sent to an endpoint. After both, the link is closed."""
        self._finished += 1
        if self._finished == 2:
            self.client.transport.close()  # once everything is sent
            self.server.transport.close()

    async def cut(self, side: Side, sent: int, action: Action) -> None:
        """Does that to the connection, where so many bytes of `side` were sent on; never returns."""
        self.tell("cut", side, size=sent, detail=action)
        self._muted = True
        if action == "reset":
            self.drop()
        elif action == "end":
            self._forget()
            self.client.transport.close()  # once what was given to it is sent
            self.server.transport.close()
        elif action == "vanish":
            self.client.read(False)
            self.server.read(False)
            for task in self.tasks:
                if task is not asyncio.current_task():
                    task.cancel()
        await asyncio.Event().wait()  # until the link is dropped

    def broken(self, kind: Kind, side: Side, error: OSError) -> None:
        """The server `refused`, or a side did a `reset` or cannot be written to: what was under way is lost."""
        if not self.over:
            self.tell(kind, side, detail=reason(error))
            self.drop()

    def closed(self) -> None:
        """An endpoint is closed, and everything was sent to it."""
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


class _Endpoint(asyncio.Protocol):
    """One of the two sockets of a link, and the side it is connected to.

    `when_writable` is called with False when the transport's buffer is full, and with True when it has room again.
    """

    transport: asyncio.Transport

    def __init__(self, link: _Link, side: Side) -> None:
        self.side = side
        self.when_writable: Callable[[bool], None] = lambda writable: None
        self._link = link
        self._reads = True

    def read(self, reads: bool) -> None:
        """Resumes or pauses reading from the program."""
        if reads != self._reads:
            self._reads = reads
            (self.transport.resume_reading if reads else self.transport.pause_reading)()

    def send(self, data: bytes) -> None:
        """Sends to the program; empty bytes are the end of the stream, a half-close.

        The transport keeps what the socket does not take.
        """
        if data:
            self.transport.write(data)
            self._link.tell("sent", other(self.side), size=len(data))
            return
        try:
            self.transport.write_eof()
        except OSError as error:
            self._link.broken("reset", self.side, error)
        else:
            self._link.finished()

    def abort(self) -> None:
        """Closes the socket with a reset, as the system does for a program that dies."""
        if not hasattr(self, "transport"):
            return  # it was never connected
        sock = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # Callbacks of asyncio ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        self._link.came(self, data)

    def eof_received(self) -> bool:
        self._link.came(self, b"")
        return True  # the other direction stays open

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._link.broken("reset", self.side, exc)
        else:
            self._link.closed()

    def pause_writing(self) -> None:
        self.when_writable(False)

    def resume_writing(self) -> None:
        self.when_writable(True)


class _Pipe:
    """Splits, holds back or delays the bytes of one direction; `run` sends what is due until the stream has ended."""

    def __init__(self, source: _Endpoint, target: _Endpoint) -> None:
        self._source = source
        self._target = target
        # Pieces that are not due yet, with the times they came; an empty piece is the end of the stream.
        self._pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._held = 0
        self._writable = asyncio.Event()
        self._writable.set()
        target.when_writable = lambda writable: self._writable.set() if writable else self._writable.clear()

    def put(self, data: bytes) -> None:
        """Takes bytes that were just received; empty bytes are the end of the stream."""
        self._pieces.put_nowait((time.monotonic(), data))
        self._held += len(data)
        if self._held >= _HELD_LIMIT:
            self._source.read(False)

    async def run(
        self, conditions: Conditions, chance: random.Random, cut: Callable[[Side, int, Action], Awaitable[None]]
    ) -> None:
        side = self._source.side
        here = side if conditions.of in ("", side) else None
        sent, due, receiver = 0, 0.0, Receiver(self._target.transport.get_extra_info("socket"))
        free = 0.0  # when the rate allows more
        if conditions.split:
            self._target.transport.set_write_buffer_limits(high=0)  # writable again once the system has taken all
        while True:
            came, data = await self._get(conditions.hold_ms / 1000)
            if conditions.latency_ms or conditions.jitter_ms:
                due = max(due, came + delay(conditions, chance))
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not data:
                await asyncio.sleep(conditions.close_ms / 1000)
                self._target.send(b"")
                return
            start = 0
            while start < len(data):
                end = _next_place(start, len(data), sent, conditions, here=here is not None)
                if conditions.rate:
                    await asyncio.sleep(max(0.0, free - time.monotonic()))
                    free = max(free, time.monotonic()) + (end - start) / conditions.rate
                self._target.send(data[start:end])
                sent, start = sent + end - start, end
                await self._writable.wait()
                if conditions.split:
                    for seconds in receiver.until_taken():
                        await asyncio.sleep(seconds)
                if here is not None and sent == conditions.after:
                    await asyncio.sleep(conditions.stall_ms / 1000)
                    if conditions.then:
                        await cut(here, sent, conditions.then)

    async def _get(self, hold: float) -> tuple[float, bytes]:
        """The next piece; with `hold`, everything until nothing has come for that many seconds, as one piece."""
        came, data = await self._pieces.get()
        pieces = [data]
        while hold and data and (self._held < _HELD_LIMIT or not self._pieces.empty()):
            try:
                async with asyncio.timeout(came + hold - time.monotonic()):
                    came, data = await self._pieces.get()
            except TimeoutError:
                break
            if data:
                pieces.append(data)
            else:
                self._pieces.put_nowait((came, data))  # the end stays, and nothing comes behind it
        piece = b"".join(pieces)
        self._held -= len(piece)
        if self._held < _HELD_LIMIT:
            self._source.read(True)
        return came, piece


def _next_place(start: int, size: int, sent: int, conditions: Conditions, *, here: bool) -> int:
    """Up to which byte of a piece of `size` bytes is sent next; `sent` have been sent before it in all."""
    end = size
    if conditions.split:
        end = min(end, start + conditions.split)
    if conditions.rate:
        end = min(end, start + max(1, int(conditions.rate * _RATE_SECONDS)))
    if here and sent < conditions.after:
        end = min(end, start + conditions.after - sent)
    return end


def reason(error: OSError) -> str:
    """The system's message for the error; asyncio replaces it by its own."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)
