"""A client of the chat server, on an event loop.

Bytes from the client are decoded and posted to the room as messages. Messages from the room are queued here until the
client reads them. All clients share the bytes of a message; each client counts the bytes that it has queued, and `send`
refuses a message beyond the limit. Before that, while it reads, it keeps the room busy.
"""

import asyncio
from collections import deque
from functools import partial
from typing import cast

from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError
from pyserver.chat_room import ChatRoom
from pyserver.event_loop import run as run_on_event_loop
from pyserver.tick import Tick

__all__ = ["ChatProtocol", "run"]

_UTF = WIRE_TYPES["UTF"]

_MAX_WAITING_BYTES = 8 << 20  # bytes that may be queued for one client, as in the Java server
_COST_PER_MESSAGE = 32  # bytes of memory that a queued message takes besides its data, roughly
_BATCH = 64 << 10  # bytes given to the transport at a time, since it copies them
_POSTS = 64  # messages that one client may post in one iteration of the event loop
_FALLING_BEHIND = 2 << 20  # bytes queued for a client from which on nothing more is received from it
_READS_SECONDS = 0.5  # a client that takes nothing for so long does not read: nobody waits for it
_READ_TIMEOUT = 10.0  # seconds after which a client that has fallen behind and reads nothing is disconnected
_LAST_READ_TIMEOUT = 5.0  # seconds that a client has to read the rest, after it has finished sending


def run(port: int, host: str | None = None) -> int:
    """Serves all clients until the program is stopped; returns its exit status if it cannot listen."""
    return run_on_event_loop(port, host, lambda tick: partial(ChatProtocol, tick, ChatRoom(tick.out)))


class ChatProtocol(asyncio.Protocol):
    """The connection of one client, which is a `ChatMember` of the room."""

    def __init__(self, tick: Tick, room: ChatRoom, client_id: int) -> None:
        self.client_id = client_id
        self._tick = tick
        self._room = room
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._needed = 0  # bytes of the next text, as far as is known: fewer need not be decoded
        self._holding = False  # reading is paused; the buffer may have whole messages
        self._read_timer: asyncio.TimerHandle | None = None  # runs while this client has fallen behind
        self._author: str | None = None  # of a message whose text has not arrived yet
        self._joined = False
        self._left = False
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._may_write = True
        self._sending_soon = False
        self._posting = False  # what it posts itself keeps nobody else waiting
        self._reads = True  # it has taken something since it was last looked at
        self._look_timer: asyncio.TimerHandle | None = None  # runs while the room waits for this client

    # From the network

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._tick.out(f"### Connexion établie (id client : {self.client_id}).")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._holding and len(self._buffer) >= self._needed:
            self._receive_and_hold()

    def eof_received(self) -> bool:
        """The client has finished sending. It still gets the messages that were posted before."""
        self._leave()
        self._send_all()
        asyncio.get_running_loop().call_later(_LAST_READ_TIMEOUT, self.abandon)
        return False  # the transport closes once everything is sent

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._send_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._forget()
        self._leave()

    # From the room

    def send(self, message: bytes) -> bool:
        cost = len(message) + _COST_PER_MESSAGE
        if self._waiting_bytes + cost > _MAX_WAITING_BYTES:
            return False
        self._waiting.append(message)
        self._waiting_bytes += cost
        if self._waiting_bytes > _FALLING_BEHIND and self._reads and self._look_timer is None and not self._posting:
            self._room.falls_behind(self)
            self._look()
        if self._may_write and not self._sending_soon:
            self._sending_soon = True
            self._tick.then(self._send_waiting)
        return True

    def abandon(self) -> None:
        self._forget()
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    # Implementation

    def _receive_and_hold(self) -> None:
        """Receives some of the messages that have arrived, and pauses reading if there may be more.

        The rest is received in the next iteration of the event loop, so that other clients are served in between; or,
        if this client posts and does not read, once it has read.
        """
        hold = self._receive_some()
        if self._transport is None or self._left:
            return
        if hold and not self._holding:
            self._transport.pause_reading()
        elif self._holding and not hold:
            self._transport.resume_reading()
        self._holding = hold
        loop = asyncio.get_running_loop()
        if self._falls_behind():
            self._read_timer = loop.call_later(_READ_TIMEOUT, self.abandon)
        elif hold and self._room.busy:
            self._room.when_free(partial(loop.call_soon, self._receive_and_hold))
        elif hold:
            loop.call_soon(self._receive_and_hold)

    def _look(self) -> None:
        """The room waits for this client only as long as it takes something again and again."""
        if not self._reads:
            self._stop_looking()
            return
        self._reads = False
        self._look_timer = asyncio.get_running_loop().call_later(_READS_SECONDS, self._look)

    def _stop_looking(self) -> None:
        if self._look_timer is not None:
            self._look_timer.cancel()
            self._look_timer = None
            self._room.goes_on_without(self)

    def _falls_behind(self) -> bool:
        return self._waiting_bytes > _FALLING_BEHIND

    def _receive_some(self) -> bool:
        """Whether the buffer may have more messages."""
        at = 0
        self._posting = True
        try:
            for _ in range(2 * _POSTS):
                if self._left or self._falls_behind() or self._room.busy:
                    break
                text, size = _UTF.decode(self._buffer, at)
                at += size
                self._receive(text)
        except IncompleteValueError as incomplete:
            self._needed = incomplete.expected
            return False
        except UTFDataFormatError:
            self.abandon()
            return False
        finally:
            self._posting = False
            del self._buffer[:at]
        self._needed = 0
        return True

    def _receive(self, text: str) -> None:
        if not self._joined:
            self._joined = True
            self._room.join(self, text)
        elif self._author is None:
            self._author = text
        else:
            author, self._author = self._author, None
            self._room.broadcast(author, text)

    def _send_waiting(self) -> None:
        self._sending_soon = False
        while self._may_write and self._waiting:
            self._send_batch()
        if self._look_timer is not None and not self._falls_behind():
            self._stop_looking()
        if self._read_timer is not None and not self._falls_behind():
            self._stop_read_timer()
            self._receive_and_hold()

    def _send_all(self) -> None:
        while self._waiting:
            self._send_batch()

    def _send_batch(self) -> None:
        batch: list[bytes] = []
        size = 0
        while self._waiting and size < _BATCH:
            message = self._waiting.popleft()
            self._waiting_bytes -= len(message) + _COST_PER_MESSAGE
            size += len(message)
            batch.append(message)
        self._reads = True
        if self._transport is not None:
            self._transport.write(b"".join(batch))

    def _leave(self) -> None:
        if not self._left:
            self._left = True
            self._room.leave(self)

    def _stop_read_timer(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _forget(self) -> None:
        self._stop_read_timer()
        self._stop_looking()
        self._buffer.clear()
        self._waiting.clear()
        self._waiting_bytes = 0
