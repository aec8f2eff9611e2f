"""A client of the chat server, on an event loop.

Bytes come in and are made messages for the room; messages come from the room and wait here until the client reads
them. What waits is shared between all clients and counted for each: beyond the bound, the room is told.
"""

import asyncio
from collections import deque
from functools import partial
from typing import cast

from javaio import WIRE_TYPES, IncompleteValueError, UTFDataFormatError
from pyserver.chat_room import ChatRoom
from pyserver.event_loop import run as run_on_event_loop
from pyserver.turn import Turn

__all__ = ["ChatProtocol", "run"]

_UTF = WIRE_TYPES["UTF"]

_MAX_WAITING_BYTES = 8 << 20  # what may wait for one client, the same as in the Java server
_COST_PER_MESSAGE = 32  # what a message costs in memory besides its bytes, so that many tiny ones count as well
_BATCH = 64 << 10  # what is handed to the transport at a time: it makes a copy
_TURN = 64  # messages that one client may post before the others have their turn
_FALLING_BEHIND = 2 << 20  # when as much waits for a client, nothing more is taken from it either
_PATIENCE = 10.0  # seconds in which it must then have read some of it
_LAST_WORDS = 5.0  # seconds that a client which has finished sending may take to read the rest


def run(port: int, host: str | None = None) -> int:
    """Serves all clients, until it is stopped; the status of the program where it cannot listen."""
    return run_on_event_loop(port, host, lambda turn: partial(ChatProtocol, turn, ChatRoom(turn.out)))


class ChatProtocol(asyncio.Protocol):
    """One client: a `ChatMember` of the room."""

    def __init__(self, turn: Turn, room: ChatRoom, client_id: int) -> None:
        self.client_id = client_id
        self._turn = turn
        self._room = room
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._needed = 0  # bytes of the next text, as far as is known: no use in looking at fewer
        self._holding = False  # what the buffer has must wait, and nothing more is read
        self._patience: asyncio.TimerHandle | None = None  # runs while this client must first read what waits for it
        self._author: str | None = None  # of the message whose text has not arrived yet
        self._joined = False
        self._left = False
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._may_write = True
        self._sending_soon = False

    # From the network

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._turn.out(f"### Connexion établie (id client : {self.client_id}).")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._holding and len(self._buffer) >= self._needed:
            self._take_turn()

    def eof_received(self) -> bool:
        """It has finished sending. It may still be reading, and gets what was said before it left."""
        self._leave()
        self._send_all()
        asyncio.get_running_loop().call_later(_LAST_WORDS, self.abandon)
        return False  # the transport closes, once all is sent

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
        if self._may_write and not self._sending_soon:
            self._sending_soon = True
            self._turn.then(self._send_waiting)
        return True

    def abandon(self) -> None:
        self._forget()
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    # How

    def _take_turn(self) -> None:
        """Receives some of what has arrived. If there may be more, it has to wait: for the others to have had their
        turn; or, where this client posts and does not read, until it does.
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
            self._patience = loop.call_later(_PATIENCE, self.abandon)
        elif hold:
            loop.call_soon(self._take_turn)

    def _falls_behind(self) -> bool:
        return self._waiting_bytes > _FALLING_BEHIND

    def _receive_some(self) -> bool:
        """Whether there may be more."""
        at = 0
        try:
            for _ in range(2 * _TURN):
                if self._left or self._falls_behind():
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
        if self._patience is not None and not self._falls_behind():
            self._stop_patience()
            self._take_turn()

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
        if self._transport is not None:
            self._transport.write(b"".join(batch))

    def _leave(self) -> None:
        if not self._left:
            self._left = True
            self._room.leave(self)

    def _stop_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _forget(self) -> None:
        self._stop_patience()
        self._buffer.clear()
        self._waiting.clear()
        self._waiting_bytes = 0
