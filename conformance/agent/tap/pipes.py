"""Pipes: each carries the bytes of one direction of a link, under the network's conditions.

A direct pipe keeps nothing: the callback that received bytes sends them on. A shaped pipe queues them, and its task
sends what is due.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
import sys
import time
from typing import Protocol

from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.endpoint import Endpoint

__all__ = ["DirectPipe", "Pipe", "ShapedPipe"]

# Bytes that one direction may queue. Then the tap stops reading, and the sender is blocked as it is without a tap.
_HELD_LIMIT = 1 << 20
_NOT_YET_SENT = 0x894B  # Linux: SIOCOUTQNSD, the number of bytes in the send queue that are not sent yet


class Pipe(Protocol):
    """One direction of a link."""

    def put(self, data: bytes) -> None:
        """Takes bytes that were just received; empty bytes are the end of the stream."""


class DirectPipe:
    """A pipe without conditions. The target's transport keeps what its socket does not take."""

    def __init__(self, source: Endpoint, target: Endpoint) -> None:
        self._target = target
        target.transport.set_write_buffer_limits(high=_HELD_LIMIT)
        target.when_writable = source.read

    def put(self, data: bytes) -> None:
        if data:
            self._target.send(data)
        else:
            self._target.send_end()


class ShapedPipe:
    """A pipe that splits, holds back or delays bytes; `run` sends what is due until the stream has ended."""

    def __init__(self, source: Endpoint, target: Endpoint, conditions: Conditions, chance: random.Random) -> None:
        self._source = source
        self._target = target
        self._conditions = conditions
        self._random = chance
        # Pieces that are not due yet, with the times they came; an empty piece is the end of the stream.
        self._pieces: list[tuple[float, bytes]] = []
        self._held = 0
        self._came = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        target.when_writable = self._is_writable

    def put(self, data: bytes) -> None:
        self._pieces.append((time.monotonic(), data))
        self._held += len(data)
        self._came.set()
        if self._held >= _HELD_LIMIT:
            self._source.read(False)

    async def run(self) -> None:
        """Sends each piece when it is due, split as the conditions say."""
        conditions = self._conditions
        due = 0.0
        while True:
            came, data = await self._get(conditions.hold_ms / 1000)
            if conditions.latency_ms or conditions.jitter_ms:
                due = max(due, came + (conditions.latency_ms + self._random.random() * conditions.jitter_ms) / 1000)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not data:
                self._target.send_end()
                return
            size = conditions.split or len(data)
            for start in range(0, len(data), size):
                self._target.send(data[start : start + size])
                await self._writable.wait()
                if conditions.split:
                    await _is_sent(self._target)

    async def _get(self, hold: float) -> tuple[float, bytes]:
        """The next piece; with `hold`, everything until nothing has come for that many seconds, as one piece."""
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
        if self._held < _HELD_LIMIT:
            self._source.read(True)
        return piece

    def _is_writable(self, writable: bool) -> None:
        if writable:
            self._writable.set()
        else:
            self._writable.clear()


async def _is_sent(target: Endpoint) -> None:
    """Returns once the system has sent what was written, so that the next byte is in a segment of its own."""
    if sys.platform != "linux":
        await asyncio.sleep(0.001)
        return
    import fcntl  # no such module on Windows

    sock = target.transport.get_extra_info("socket")
    while not target.transport.is_closing():
        queued = struct.unpack("@i", fcntl.ioctl(sock.fileno(), _NOT_YET_SENT, b"\0\0\0\0"))[0]
        if not queued:
            break
        await asyncio.sleep(0.001)
    await asyncio.sleep(0)
