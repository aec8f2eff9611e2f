"""Lanes: what brings the bytes that came in at one end of a link out at the other, under the network's conditions.

On a direct line there is nothing to decide, so nothing is kept: bytes go on in the callback that brought them. Every
other network keeps them in a `ShapedLane`, whose task brings out what is due.
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
from conformance.agent.tap.endpoint import End

__all__ = ["DirectLane", "Lane", "ShapedLane"]

# Bytes that one direction may hold back; a sender who is faster than its reader then has to wait, as without a tap.
_HELD_LIMIT = 1 << 20
_NOT_YET_SENT = 0x894B  # Linux: SIOCOUTQNSD, bytes in the send queue that no segment has carried yet


class Lane(Protocol):
    """One direction of a link."""

    def put(self, data: bytes) -> None:
        """Takes what has just come; nothing is the end of the stream."""


class DirectLane:
    """A lane without conditions. Whatever does not fit into the target's socket waits in its transport."""

    def __init__(self, source: End, target: End) -> None:
        self._target = target
        target.transport.set_write_buffer_limits(high=_HELD_LIMIT)
        target.when_writable = source.read

    def put(self, data: bytes) -> None:
        if data:
            self._target.send(data)
        else:
            self._target.send_end()


class ShapedLane:
    """A lane that splits, holds back or delays; `run` brings out what is due until the stream has ended."""

    def __init__(self, source: End, target: End, conditions: Conditions, chance: random.Random) -> None:
        self._source = source
        self._target = target
        self._conditions = conditions
        self._random = chance
        # What has come from the sender and is not yet due; an empty piece is the end of the stream.
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
        """Brings out what is due, when it is due, in the pieces that the network makes of it."""
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
                    await _left(self._target)

    async def _get(self, hold: float) -> tuple[float, bytes]:
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
        if self._held < _HELD_LIMIT:
            self._source.read(True)
        return piece

    def _is_writable(self, writable: bool) -> None:
        if writable:
            self._writable.set()
        else:
            self._writable.clear()


async def _left(target: End) -> None:
    """Returns once what was written has left as segments of its own, so that the next byte cannot join it."""
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
