"""Data streams over asyncio's streams: `await inp.read_int()`, `await out.write_int(3)`.

A read returns when its whole value has come, a write when the transport's buffer has room again (each write drains).
Several tasks may write to one stream: each value is written in one piece, so values never mix. One task at a time may
read.

A read that is cancelled, for instance by `asyncio.timeout`, consumes nothing and can be repeated; only `skip_bytes`
cannot give back what it has skipped. A write that is cancelled has been handed over: its bytes count in `size()`, and
are sent; repeated, the value is sent twice.
"""

from asyncio import CancelledError, IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from javaio.errors import IncompleteValueError
from javaio.output import DataOutput
from javaio.wire_types import (
    BOOLEAN,
    BYTE,
    CHAR,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    SHORT,
    UNSIGNED_BYTE,
    UNSIGNED_SHORT,
    UTF,
    WireType,
    check_int,
    check_size,
)

__all__ = ["AsyncDataInputStream", "AsyncDataOutputStream"]

T = TypeVar("T")

_PIECE = 1 << 16


class AsyncDataInputStream:
    """Reads what Java's `DataOutputStream` writes: every method of `java.io.DataInput`, over an asyncio `StreamReader`.

    Each method raises `IncompleteValueError`, an `EOFError`, if the stream ends inside its value; the bytes that came
    are consumed, as in Java. There is no `close`: an asyncio connection is closed by its writer.
    """

    __slots__ = ("_pushed", "_reader")

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader
        self._pushed = b""  # bytes that were given back, which the next read takes first

    # Bytes

    @overload
    async def read(self) -> int: ...
    @overload
    async def read(self, size: int) -> bytes: ...
    async def read(self, size: int | None = None) -> int | bytes:
        """The next byte, 0 to 255, or -1 at the end of the stream. With `size`: 1 to `size` bytes, as soon as there are
        any, or no bytes at the end of the stream. Java: `read()`, `read(byte[])`.

        Raises `ValueError` for a negative size.
        """
        if size is None:
            data = await self._some(1)
            return data[0] if data else -1
        check_size("read", size)
        return await self._some(size)

    async def read_fully(self, size: int) -> bytes:
        """Exactly `size` bytes. Java: `readFully(new byte[size])`.

        Raises `EOFError` if the stream has fewer, `ValueError` for a negative size.
        """
        check_size("read_fully", size)
        return await self._exactly(size, "read_fully", size)

    async def skip_bytes(self, count: int) -> int:
        """Skips `count` bytes, fewer if the stream ends before; returns the number skipped. Java: `skipBytes`.

        A negative count skips nothing. Raises `OverflowError` for a count beyond a Java int, and never `EOFError`.
        """
        check_int("skip_bytes", count)
        skipped = 0
        while skipped < count:
            data = await self._some(min(count - skipped, _PIECE))
            if not data:
                break
            skipped += len(data)
        return skipped

    # Values

    def read_boolean(self) -> Coroutine[Any, Any, bool]:
        """One byte: False for 00, True for any other. Java: `readBoolean`."""
        return self._value(BOOLEAN)

    def read_byte(self) -> Coroutine[Any, Any, int]:
        """One byte, two's complement, -128 to 127. Java: `readByte`."""
        return self._value(BYTE)

    def read_unsigned_byte(self) -> Coroutine[Any, Any, int]:
        """One byte, 0 to 255. Java: `readUnsignedByte`."""
        return self._value(UNSIGNED_BYTE)

    def read_short(self) -> Coroutine[Any, Any, int]:
        """Two bytes, big-endian, two's complement, -32,768 to 32,767. Java: `readShort`."""
        return self._value(SHORT)

    def read_unsigned_short(self) -> Coroutine[Any, Any, int]:
        """Two bytes, big-endian, 0 to 65,535. Java: `readUnsignedShort`."""
        return self._value(UNSIGNED_SHORT)

    def read_char(self) -> Coroutine[Any, Any, str]:
        """Two bytes, big-endian: one UTF-16 unit, perhaps a lone surrogate, as a `str` of one. Java: `readChar`."""
        return self._value(CHAR)

    def read_int(self) -> Coroutine[Any, Any, int]:
        """Four bytes, big-endian, two's complement, -2**31 to 2**31 - 1. Java: `readInt`."""
        return self._value(INT)

    def read_long(self) -> Coroutine[Any, Any, int]:
        """Eight bytes, big-endian, two's complement, -2**63 to 2**63 - 1. Java: `readLong`."""
        return self._value(LONG)

    def read_float(self) -> Coroutine[Any, Any, float]:
        """Four bytes, big-endian, IEEE 754. A NaN keeps its sign and its payload bits. Java: `readFloat`."""
        return self._value(FLOAT)

    def read_double(self) -> Coroutine[Any, Any, float]:
        """Eight bytes, big-endian, IEEE 754. A NaN keeps its bits. Java: `readDouble`."""
        return self._value(DOUBLE)

    async def read_line(self) -> str | None:
        r"""The bytes up to `\n`, `\r`, `\r\n` or the end of the stream, as ISO-8859-1, without the line ending; None if
        the stream has already ended. Java: `readLine`.

        The byte after a `\r` is read too. If it is not `\n`, the next read returns it first, as in Java.
        """
        consumed = bytearray()
        try:
            while True:
                byte = await self._some(1)
                if not byte and not consumed:
                    return None
                if not byte or byte == b"\n":
                    break
                consumed += byte
                if byte == b"\r":
                    after = await self._some(1)
                    if after != b"\n":
                        self._pushed = after + self._pushed
                    break
        except CancelledError:
            self._pushed = bytes(consumed) + self._pushed
            raise
        return consumed.removesuffix(b"\r").decode("latin-1")

    def read_utf(self) -> Coroutine[Any, Any, str]:
        """A length of two bytes, big-endian, unsigned; then so many bytes of modified UTF-8. Java: `readUTF`.

        Raises `UTFDataFormatError`, with the JDK's message, for malformed text, whose bytes are consumed all the same.
        """
        return self._value(UTF)

    # Implementation

    async def _value(self, wire: WireType[T]) -> T:
        size = wire.size
        # Usually no byte was given back. Then the reader is called directly, which saves one coroutine.
        try:
            data = await (self._exactly(size, wire.name, size) if self._pushed else self._reader.readexactly(size))
        except IncompleteReadError as error:
            raise IncompleteValueError(wire.name, size, len(error.partial)) from None
        if wire.rest is None:
            return wire.unpack(data)
        size = wire.rest(data)
        try:
            rest = await (
                self._exactly(size, wire.name, wire.size + size) if self._pushed else self._reader.readexactly(size)
            )
        except IncompleteReadError as error:
            raise IncompleteValueError(wire.name, wire.size + size, wire.size + len(error.partial)) from None
        except CancelledError:
            self._pushed = data + self._pushed
            raise
        return wire.unpack(rest)

    async def _exactly(self, size: int, name: str, expected: int) -> bytes:
        """`size` bytes, which are the last ones of the `expected` bytes of the value `name`."""
        if size == 0:
            return b""
        pushed = self._pushed[:size]
        try:
            data = await self._reader.readexactly(size - len(pushed))
        except IncompleteReadError as error:
            self._pushed = b""
            got = expected - size + len(pushed) + len(error.partial)
            raise IncompleteValueError(name, expected, got) from None
        if pushed:
            self._pushed = self._pushed[size:]
            return pushed + data
        return data

    async def _some(self, size: int) -> bytes:
        pushed = self._pushed[:size]
        data = await self._reader.read(size - len(pushed))
        self._pushed = self._pushed[size:]
        return pushed + data


class AsyncDataOutputStream(DataOutput[Coroutine[Any, Any, None]]):
    """Writes what Java's `DataInputStream` reads: every method of `java.io.DataOutput`, over an asyncio `StreamWriter`.

    Each method returns a coroutine, which ends when the transport's buffer has room again. A value that cannot be
    written raises when the method is called.
    """

    __slots__ = ("_writer",)

    def __init__(self, writer: StreamWriter) -> None:
        super().__init__()
        self._writer = writer

    async def flush(self) -> None:
        """Waits until the transport's buffer has room; asyncio sends by itself. Java: `flush`."""
        await self._writer.drain()

    async def close(self) -> None:
        """Sends what is buffered, and closes the connection. Java: `close`."""
        self._writer.close()
        await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _put(self, data: bytes) -> None:
        self._writer.write(data)
        self._size += len(data)
        await self._writer.drain()
