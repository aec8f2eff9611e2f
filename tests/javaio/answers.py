"""What javaio does with a case, told in the very bytes in which the oracle tells what the JDK does.

Two answers are equal when value, exception, message, bytes consumed, size and bytes written all are.
"""

import asyncio
import io
from collections.abc import Iterable
from typing import Any

from javaio import AsyncDataInputStream, AsyncDataOutputStream, DataInputStream, DataOutputStream, UTFDataFormatError

from .cases import READS, WRITES, Case, ReadCase, WriteCase, error_answer

__all__ = ["MemoryWriter", "Pieces", "Trickle", "answer", "answer_async", "answer_in_pieces"]


class Pieces(io.RawIOBase):
    """A raw stream that has its bytes in pieces, and gives at most one piece at a read, as a socket does."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = [piece for piece in pieces if piece]
        self.consumed = 0

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        if not self._pieces:
            return 0
        piece = self._pieces[0][: len(room)]
        rest = self._pieces[0][len(piece) :]
        self._pieces[:1] = [rest] if rest else []
        room[: len(piece)] = piece
        self.consumed += len(piece)
        return len(piece)


class Trickle(io.RawIOBase):
    """A raw stream that takes at most `most` bytes at a write, as a socket with a full buffer does."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.written = bytearray()
        self.calls = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data[: self._most])
        self.written += taken
        self.calls += 1
        return len(taken)


def answer(case: Case) -> bytes:
    """The blocking streams' answer, over a stream in memory."""
    if isinstance(case, WriteCase):
        return _write(case)
    source = io.BytesIO(case.data)
    return _read(case, DataInputStream(source), source.tell)


def answer_in_pieces(case: ReadCase, pieces: Iterable[bytes]) -> bytes:
    """The blocking streams' answer, where the same bytes come in pieces."""
    source = Pieces(pieces)
    return _read(case, DataInputStream(source), lambda: source.consumed)


def _read(case: ReadCase, inp: DataInputStream, consumed: Any) -> bytes:
    parts = []
    for letter, argument in case.calls:
        method = READS[letter]
        try:
            call = getattr(inp, method.method)
            value = call() if argument is None else call(argument)
            parts.append(b"\x00" + method.render(value))
        except Exception as error:
            parts.append(_error(error))
        parts.append(consumed().to_bytes(4, "big"))
    return b"".join(parts)


def _write(case: WriteCase) -> bytes:
    sink = io.BytesIO()
    out = DataOutputStream(sink)
    out._size = case.start
    parts = []
    for letter, argument in case.calls:
        try:
            getattr(out, WRITES[letter].method)(argument)
            parts.append(b"\x00")
        except Exception as error:
            parts.append(_error(error))
        parts.append(out.size().to_bytes(4, "big") + sink.tell().to_bytes(4, "big"))
    written = sink.getvalue()
    return b"".join(parts) + len(written).to_bytes(4, "big") + written


async def answer_async(case: Case, pieces: Iterable[bytes] | None = None) -> bytes:
    """The asyncio streams' answer; what is read comes in pieces, with a turn of the event loop after each."""
    if isinstance(case, WriteCase):
        return await _write_async(case)
    reader = asyncio.StreamReader()
    fed = 0

    def consumed() -> int:
        return fed - len(reader._buffer)  # type: ignore[attr-defined]

    reading = asyncio.create_task(_read_async(case, AsyncDataInputStream(reader), consumed))
    for piece in [case.data] if pieces is None else pieces:
        fed += len(piece)
        reader.feed_data(piece)
        await asyncio.sleep(0)
    reader.feed_eof()
    return await reading


async def _read_async(case: ReadCase, inp: AsyncDataInputStream, consumed: Any) -> bytes:
    parts = []
    for letter, argument in case.calls:
        method = READS[letter]
        try:
            call = getattr(inp, method.method)
            value = await (call() if argument is None else call(argument))
            parts.append(b"\x00" + method.render(value))
        except Exception as error:
            parts.append(_error(error))
        parts.append(consumed().to_bytes(4, "big"))
    return b"".join(parts)


class MemoryWriter:
    """As much of a StreamWriter as is asked for; the real one is met in test_sockets.py."""

    def __init__(self) -> None:
        self.sink = io.BytesIO()
        self.write = self.sink.write

    async def drain(self) -> None:
        pass


async def _write_async(case: WriteCase) -> bytes:
    writer: Any = MemoryWriter()
    out = AsyncDataOutputStream(writer)
    out._size = case.start
    parts = []
    for letter, argument in case.calls:
        try:
            await getattr(out, WRITES[letter].method)(argument)
            parts.append(b"\x00")
        except Exception as error:
            parts.append(_error(error))
        parts.append(out.size().to_bytes(4, "big") + writer.sink.tell().to_bytes(4, "big"))
    written: bytes = writer.sink.getvalue()
    return b"".join(parts) + len(written).to_bytes(4, "big") + written


def _error(error: Exception) -> bytes:
    # Java's EOFException has no message; ours says more, and is compared by its kind alone.
    if isinstance(error, EOFError):
        return error_answer("EOFException", None)
    if isinstance(error, UTFDataFormatError):
        return error_answer("UTFDataFormatException", str(error))
    return error_answer(f"Python {type(error).__name__}", str(error))
