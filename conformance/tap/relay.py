"""The relay: accepts clients, connects each to the server, and carries bytes both ways under the given conditions.

Each direction of a connection is a task that reads and a task that writes what is due. End of stream travels as a
half-close, a reset as a reset, so that the programs meet through the tap what they would meet without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Callable

from conformance.tap.conditions import Conditions
from conformance.tap.events import CLIENT, SERVER, Event, Kind, Side, other

__all__ = ["Relay", "reason"]

_READ_SIZE = 65536
# Bytes that one direction may hold back; a sender who is faster than its reader then has to wait, as without a tap.
_HELD_LIMIT = 1 << 20
_NOT_YET_SENT = 0x894B  # Linux: SIOCOUTQNSD, bytes in the send queue that no segment has carried yet
_RETRY_SECONDS = 0.02


class Relay:
    """Listens on `listen`, carries every connection to `to`, and tells `record` all that passes.

    `patience` is for how long a server that refuses is asked again, in seconds: 0 for one that is known to listen.
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
        self._listen = listen
        self._to = to
        self._conditions = conditions
        self._record = record
        self._random = random.Random(seed)
        self._patience = patience
        self._count = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Starts to listen, and returns the port."""
        host, port = self._listen
        self._server = await asyncio.start_server(self._accepted, host, port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stops to listen and drops every connection that is still open."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell(
        self, connection: int, kind: Kind, sender: Side, data: bytes = b"", size: int = 0, detail: str = ""
    ) -> None:
        self._record(Event(time.monotonic(), connection, kind, sender, data, size, detail))

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ends = [writer]
        try:
            await self._carry(reader, ends)
        except asyncio.CancelledError:
            # Only close() cancels. Whoever is still connected, or half connected, is dropped.
            for end in ends:
                _abort(end)
        finally:
            for end in ends:
                with contextlib.suppress(OSError):
                    end.close()

    async def _carry(self, reader: asyncio.StreamReader, ends: list[asyncio.StreamWriter]) -> None:
        """Carries one connection; `ends` has the client's end, and gets the server's."""
        [writer] = ends
        self._count += 1
        number = self._count
        self._tell(number, "opened", CLIENT, detail=_address(writer))
        try:
            server_reader, server_writer = await self._connect()
        except OSError as error:
            self._tell(number, "refused", SERVER, detail=reason(error))
            _abort(writer)
            return
        ends.append(server_writer)
        client_lane, server_lane = _Lane(), _Lane()
        try:
            # asyncio has set TCP_NODELAY on both: nothing waits here for company.
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(number, CLIENT, reader, client_lane))
                group.create_task(self._write(number, CLIENT, client_lane, server_writer))
                group.create_task(self._read(number, SERVER, server_reader, server_lane))
                group.create_task(self._write(number, SERVER, server_lane, writer))
        except* _GoneError:
            # One end is gone, and what was on its way is lost with it: the other end meets a reset too.
            for end in ends:
                _abort(end)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        give_up = time.monotonic() + self._patience
        while True:
            try:
                return await asyncio.open_connection(*self._to)
            except OSError:
                if time.monotonic() >= give_up:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self, number: int, sender: Side, source: asyncio.StreamReader, lane: _Lane) -> None:
        while True:
            try:
                data = await source.read(_READ_SIZE)
            except OSError as error:
                self._tell(number, "reset", sender, detail=reason(error))
                raise _GoneError from error
            self._tell(number, "received" if data else "end", sender, data)
            await lane.put(time.monotonic(), data)
            if not data:
                return

    async def _write(self, number: int, sender: Side, lane: _Lane, target: asyncio.StreamWriter) -> None:
        conditions = self._conditions
        due = 0.0
        while True:
            came, data = await lane.get(conditions.hold_ms / 1000)
            if conditions.latency_ms or conditions.jitter_ms:
                due = max(due, came + (conditions.latency_ms + self._random.random() * conditions.jitter_ms) / 1000)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            try:
                if not data:
                    target.write_eof()
                    return
                size = conditions.split or len(data)
                for start in range(0, len(data), size):
                    part = data[start : start + size]
                    target.write(part)
                    self._tell(number, "sent", sender, size=len(part))
                    await target.drain()
                    if conditions.split:
                        await _left(target)
            except OSError as error:
                self._tell(number, "reset", other(sender), detail=reason(error))
                raise _GoneError from error


class _GoneError(Exception):
    """One end of a connection reset it, or no longer takes what is sent to it."""


class _Lane:
    """What has come from the sender and is not yet due; an empty piece is the end of the stream.

    One task puts, one gets. Both wait on events alone: cancelled in any state, they end.
    """

    def __init__(self) -> None:
        self._pieces: list[tuple[float, bytes]] = []
        self._held = 0
        self._came = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, came: float, data: bytes) -> None:
        self._pieces.append((came, data))
        self._held += len(data)
        self._came.set()
        while self._held >= _HELD_LIMIT:
            self._room.clear()
            await self._room.wait()

    async def get(self, hold: float) -> tuple[float, bytes]:
        """The next piece; with `hold`, all that came until nothing came for so long, as one piece."""
        while not self._pieces:
            self._came.clear()
            await self._came.wait()
        while hold and self._pieces[-1][1] and self._held < _HELD_LIMIT:
            quiet_for = time.monotonic() - self._pieces[-1][0]
            if quiet_for >= hold:
                break
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(hold - quiet_for):
                    await self._came.wait()
        if hold and self._pieces[0][1]:
            last = self._pieces[-1]
            data = b"".join(data for _, data in self._pieces)
            self._pieces = [] if last[1] else [last]
            piece = (last[0], data)
        else:
            piece = self._pieces.pop(0)
        self._held -= len(piece[1])
        self._room.set()
        return piece


async def _left(writer: asyncio.StreamWriter) -> None:
    """Returns once what was written has left as segments of its own, so that the next byte cannot join it."""
    if sys.platform != "linux":
        await asyncio.sleep(0.001)
        return
    import fcntl  # no such module on Windows

    sock = writer.get_extra_info("socket")
    while not writer.is_closing():
        queued = struct.unpack("@i", fcntl.ioctl(sock.fileno(), _NOT_YET_SENT, b"\0\0\0\0"))[0]
        if not queued:
            break
        await asyncio.sleep(0.001)
    await asyncio.sleep(0)


def reason(error: OSError) -> str:
    """The system's own words; asyncio puts its own in their place."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _address(writer: asyncio.StreamWriter) -> str:
    host, port = writer.get_extra_info("peername")[:2]
    return f"{host}:{port}"


def _abort(writer: asyncio.StreamWriter) -> None:
    """Closes with a reset, as a program that died would."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
