"""Two peers that meet in memory: what each sends, in which order, in which pieces and with which pauses.

No socket and no thread: whenever a peer has read all that there is, it is begun anew once there is more, and what it
has sent before is not sent again. So a right peer answers malformed bytes here as it does on a socket, and the same
entry gives the same bytes each time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from conformance.agent.events import CLIENT, SERVER, Event, Side, other
from javaio import DataInputStream, DataOutputStream
from tests.diagnosis.peers import Peer

__all__ = [
    "ANY",
    "END",
    "KILL",
    "REST",
    "UTF",
    "Item",
    "Move",
    "Pause",
    "Player",
    "Sink",
    "Source",
    "events",
    "meet",
    "right",
]
__all__ += ["script"]

_STEP = 0.002  # seconds between two pieces
_ON_THE_WAY = 0.0005  # between what comes to the tap and what goes on
_MOST_TURNS = 1000

How = Literal["end", "reset"]


class Move(NamedTuple):
    """A piece that `side` sends, or how it ends; `after` so many seconds."""

    after: float
    side: Side
    what: bytes | How


class _StarvedError(BaseException):
    """All that has come is read, and more may come."""


@dataclass
class Source:
    """What a peer reads: the bytes that have come, and then the end, if that has come. `pieces` is where each ends."""

    data: bytes = b""
    pieces: list[int] = field(default_factory=list)
    ended: bool = False
    at: int = 0

    def add(self, piece: bytes) -> None:
        """More has come."""
        self.data += piece
        self.pieces.append(len(self.data))

    def read(self, size: int, /) -> bytes:
        """As many bytes as there are, `size` at most; none at the end."""
        there = self.data[self.at : self.at + size]
        if not there and not self.ended:
            raise _StarvedError
        self.at += len(there)
        return there

    def exactly(self, size: int) -> bytes:
        """So many bytes; raises `EOFError` where the stream ends before."""
        there = self.data[self.at : self.at + size]
        if len(there) < size:
            if self.ended:
                raise EOFError
            raise _StarvedError
        self.at += size
        return there

    def some(self) -> bytes:
        """What one `recv` gives: the rest of the piece."""
        return self.read(next((end for end in self.pieces if end > self.at), self.at + 1) - self.at)

    def close(self) -> None:
        """There is nothing to close."""


@dataclass
class Sink:
    """What a peer sends: pieces, pauses in seconds, and ends."""

    sent: list[bytes | float | How] = field(default_factory=list)

    def write(self, data: bytes | memoryview, /) -> None:
        """A piece."""
        if data:
            self.sent.append(bytes(data))

    def flush(self) -> None:
        """There is no buffer."""

    def close(self) -> None:
        """The peer ends when it returns."""


Player = Callable[[Source, Sink], None]


def right(peer: Peer) -> Player:
    """A peer over data streams."""
    return lambda source, sink: peer(DataInputStream(source), DataOutputStream(sink))


class _Running:
    """One peer, begun anew at each turn."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._done = 0
        self.over = False
        self.source = Source()

    def turn(self) -> list[bytes | float | How]:
        """What it sends now that it had not sent before."""
        if self.over:
            return []
        sink, self.source.at = Sink(), 0
        try:
            self._player(self.source, sink)
            self.over = True
        except _StarvedError:
            pass
        except (EOFError, OSError, ValueError, struct.error):
            self.over = True
        if self.over and sink.sent[-1:] not in (["end"], ["reset"]):
            # A socket that is closed with bytes unread resets the connection.
            sink.sent.append("end" if self.source.at == len(self.source.data) else "reset")
        new = sink.sent[self._done :]
        self._done = len(sink.sent)
        return new


def meet(client: Player, server: Player) -> list[Move]:
    """All that passes between them, until both have ended, or each waits for the other."""
    running = {CLIENT: _Running(client), SERVER: _Running(server)}
    moves: list[Move] = []
    for _ in range(_MOST_TURNS):
        moved = False
        for side in (CLIENT, SERVER):
            theirs = running[other(side)]
            after = _STEP
            for new in running[side].turn():
                if isinstance(new, float):
                    after += new
                    continue
                moves.append(Move(after, side, new))
                moved, after = True, _STEP
                if isinstance(new, bytes):
                    theirs.source.add(new)
                else:
                    theirs.source.ended = True
                if new == "reset":
                    theirs.over = True
        if not moved:
            return moves
    raise AssertionError("they never come to an end")


class Pause(float):
    """So many seconds in which a peer does nothing."""


class _Mark(NamedTuple):
    name: str


ANY = _Mark("any")  # reads what there is, one byte at least
UTF = _Mark("utf")  # reads a text
END = _Mark("end")  # ends its stream, and reads on
REST = _Mark("rest")  # reads all that comes, up to the end
KILL = _Mark("kill")  # the system resets the connection
Item = bytes | int | Pause | _Mark


def script(*steps: Item | Iterable[Any]) -> Player:
    """A peer that sends each `bytes`, reads as many bytes as each `int` says, and so on; then it closes.

    What other steps contain is taken as if it stood there.
    """
    items = list(_flat(steps))
    return lambda source, sink: _play(items, source, sink)


def _flat(steps: Iterable[Any]) -> Iterator[Item]:
    for step in steps:
        if isinstance(step, bytes | int | Pause | _Mark):
            yield step
        else:
            yield from _flat(step)


def _play(items: Sequence[Item], source: Source, sink: Sink) -> None:
    for item in items:
        if isinstance(item, bytes):
            sink.write(item)
        elif isinstance(item, float):
            sink.sent.append(float(item))
        elif isinstance(item, int):
            source.exactly(item)
        elif item == UTF:
            source.exactly(int.from_bytes(source.exactly(2), "big"))
        elif item == ANY:
            source.some()
        elif item == REST:
            while source.some():
                pass
        elif item == END:
            sink.sent.append("end")
        else:
            sink.sent.append("reset")
            return


def events(moves: Sequence[Move], number: int = 1) -> list[Event]:
    """What the tap tells of them, from second 0 on."""
    at = 0.0
    told = [Event(at, number, "opened", CLIENT, detail="127.0.0.1:50000")]
    for after, side, what in moves:
        at += after
        if isinstance(what, bytes):
            told.append(Event(at, number, "received", side, what))
            told.append(Event(at + _ON_THE_WAY, number, "sent", side, size=len(what)))
        else:
            told.append(Event(at, number, what, side))
    return told
