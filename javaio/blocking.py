"""Data streams over any binary file object: `socket.makefile`, a raw `SocketIO`, a pipe, `BytesIO`.

There is no buffer, as in Java: a method reads the bytes of its value and no more (only `read_line` may keep one byte),
and writes its whole value at once. Raw streams may read or write less than they are asked to; they are called again
until the value is complete.

One thread at a time may read, and one may write. The file object must be blocking: `BlockingIOError` is raised where it
has nothing yet, or takes nothing now. After that error, or after a timeout of the socket, part of a value may have been
read, and is lost; or written, and not counted in `size()`. So neither can be repeated.
"""

import errno
import io
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeVar, overload

from javaio.errors import IncompleteValueError
from javaio.modified_utf8 import decode_modified_utf8, encode_modified_utf8
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
    SHORT_HEADS,
    UNSIGNED_BYTE,
    UNSIGNED_SHORT,
    UTF,
    WireType,
    check_int,
    check_size,
)

__all__ = ["BinaryReader", "BinaryWriter", "DataInputStream", "DataOutputStream"]

T = TypeVar("T")

# Bytes asked for at a time, at most: a raw socket allocates that many before it reads.
_PIECE = 1 << 16
_SOME = 1 << 20  # a file object may allocate at once all that it is asked for

# For speed, the most frequent types are decoded here and not through the table of wire types. Incomplete values and
# errors are left to the table.
_unpack_int16: Callable[[bytes | None], tuple[int]] = struct.Struct(">h").unpack  # type: ignore[assignment]
_unpack_uint16: Callable[[bytes | None], tuple[int]] = struct.Struct(">H").unpack  # type: ignore[assignment]
_unpack_int32: Callable[[bytes | None], tuple[int]] = struct.Struct(">i").unpack  # type: ignore[assignment]
_unpack_int64: Callable[[bytes | None], tuple[int]] = struct.Struct(">q").unpack  # type: ignore[assignment]
_unpack_double: Callable[[bytes | None], tuple[float]] = struct.Struct(">d").unpack  # type: ignore[assignment]
_pack_int32 = struct.Struct(">i").pack
_pack_int64 = struct.Struct(">q").pack
_pack_double = struct.Struct(">d").pack

_is_ascii = str.isascii
_encode = str.encode

_NOT_ENOUGH = (struct.error, TypeError)
"""What unpacking raises for fewer bytes than were asked for, and for None."""
_NOT_THAT = (struct.error, OverflowError)
"""What packing raises for a value that is no Java int, long or double."""


class BinaryReader(Protocol):
    """What `DataInputStream` needs of a file object."""

    def read(self, size: int, /) -> bytes | None: ...
    def close(self) -> None: ...


class BinaryWriter(Protocol):
    """What `DataOutputStream` needs of a file object. A `write` that returns None has written everything."""

    def write(self, data: bytes | memoryview, /) -> int | None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class DataInputStream:
    """Reads what Java's `DataOutputStream` writes: every method of `java.io.DataInput`, over a binary file object.

    Each method raises `IncompleteValueError`, an `EOFError`, if the stream ends inside its value; the bytes that came
    are consumed, as in Java.
    """

    __slots__ = ("_pushed", "_read", "_stream")

    def __init__(self, stream: BinaryReader) -> None:
        self._stream = stream
        self._read = stream.read  # may return fewer bytes than asked for; no bytes are the end of the stream
        self._pushed = b""

    # Bytes

    @overload
    def read(self) -> int: ...
    @overload
    def read(self, size: int) -> bytes: ...
    def read(self, size: int | None = None) -> int | bytes:
        """The next byte, 0 to 255, or -1 at the end of the stream. With `size`: 1 to `size` bytes, as soon as there are
        any, or no bytes at the end of the stream; 1 MiB at a time at most. Java: `read()`, `read(byte[])`.

        Raises `ValueError` for a negative size.
        """
        if size is None:
            data = self._some(1)
            return data[0] if data else -1
        check_size("read", size)
        if size == 0:
            return b""
        pushed = self._take_pushed()
        if len(pushed) == size:
            return pushed
        # A buffered reader's `read` waits for all `size` bytes, its `read1` for at least one.
        some = getattr(self._stream, "read1", self._stream.read)(min(size - len(pushed), _SOME))
        return pushed + _checked(some)

    def read_fully(self, size: int) -> bytes:
        """Exactly `size` bytes. Java: `readFully(new byte[size])`.

        Raises `EOFError` if the stream has fewer, `ValueError` for a negative size.
        """
        check_size("read_fully", size)
        return self._exactly(size, "read_fully", size)

    def skip_bytes(self, count: int) -> int:
        """Skips `count` bytes, fewer if the stream ends before; returns the number skipped. Java: `skipBytes`.

        A negative count skips nothing. Raises `OverflowError` for a count beyond a Java int, and never `EOFError`.
        """
        check_int("skip_bytes", count)
        skipped = 0
        while skipped < count:
            data = self._some(min(count - skipped, _PIECE))
            if not data:
                break
            skipped += len(data)
        return skipped

    # Values

    def read_boolean(self) -> bool:
        """One byte: False for 00, True for any other. Java: `readBoolean`."""
        return self._value(BOOLEAN, self._read(1))

    def read_byte(self) -> int:
        """One byte, two's complement, -128 to 127. Java: `readByte`."""
        return self._value(BYTE, self._read(1))

    def read_unsigned_byte(self) -> int:
        """One byte, 0 to 255. Java: `readUnsignedByte`."""
        return self._value(UNSIGNED_BYTE, self._read(1))

    def read_short(self) -> int:
        """Two bytes, big-endian, two's complement, -32,768 to 32,767. Java: `readShort`."""
        data = self._read(2)
        try:
            return _unpack_int16(data)[0]
        except _NOT_ENOUGH:
            return self._value(SHORT, data)

    def read_unsigned_short(self) -> int:
        """Two bytes, big-endian, 0 to 65,535. Java: `readUnsignedShort`."""
        data = self._read(2)
        try:
            return _unpack_uint16(data)[0]
        except _NOT_ENOUGH:
            return self._value(UNSIGNED_SHORT, data)

    def read_char(self) -> str:
        """Two bytes, big-endian: one UTF-16 unit, perhaps a lone surrogate, as a `str` of one. Java: `readChar`."""
        return self._value(CHAR, self._read(2))

    def read_int(self) -> int:
        """Four bytes, big-endian, two's complement, -2**31 to 2**31 - 1. Java: `readInt`."""
        data = self._read(4)
        try:
            return _unpack_int32(data)[0]
        except _NOT_ENOUGH:
            return self._value(INT, data)

    def read_long(self) -> int:
        """Eight bytes, big-endian, two's complement, -2**63 to 2**63 - 1. Java: `readLong`."""
        data = self._read(8)
        try:
            return _unpack_int64(data)[0]
        except _NOT_ENOUGH:
            return self._value(LONG, data)

    def read_float(self) -> float:
        """Four bytes, big-endian, IEEE 754. A NaN keeps its sign and its payload bits. Java: `readFloat`."""
        return self._value(FLOAT, self._read(4))

    def read_double(self) -> float:
        """Eight bytes, big-endian, IEEE 754. A NaN keeps its bits. Java: `readDouble`."""
        data = self._read(8)
        try:
            return _unpack_double(data)[0]
        except _NOT_ENOUGH:
            return self._value(DOUBLE, data)

    def read_line(self) -> str | None:
        r"""The bytes up to `\n`, `\r`, `\r\n` or the end of the stream, as ISO-8859-1, without the line ending; None if
        the stream has already ended. Java: `readLine`.

        The byte after a `\r` is read too. If it is not `\n`, the next read returns it first, as in Java.
        """
        line = bytearray()
        while True:
            byte = self._some(1)
            if not byte and not line:
                return None
            if not byte or byte == b"\n":
                break
            if byte == b"\r":
                after = self._some(1)
                if after and after != b"\n":
                    self._push(after)
                break
            line += byte
        return line.decode("latin-1")

    def read_utf(self) -> str:
        """A length of two bytes, big-endian, unsigned; then so many bytes of modified UTF-8. Java: `readUTF`.

        Raises `UTFDataFormatError`, with the JDK's message, for malformed text, whose bytes are consumed all the same.
        """
        read = self._read
        head = read(2)
        try:
            (size,) = _unpack_uint16(head)
        except _NOT_ENOUGH:
            return self._value(UTF, head)
        if not size:
            return ""
        data = read(size)
        if data is None or len(data) != size:
            data = self._complete(_checked(data), size, UTF.name, 2 + size)
        return data.decode() if data.isascii() else decode_modified_utf8(data)

    # The stream

    def close(self) -> None:
        """Closes the file object. Java: `close`."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Implementation

    def _value(self, wire: WireType[T], data: bytes | None) -> T:
        """The value that begins with `data`, which may be incomplete."""
        size = wire.size
        if data is None or len(data) != size:
            data = self._complete(_checked(data), size, wire.name, size)
        if wire.rest is None:
            return wire.unpack(data)
        size = wire.rest(data)
        return wire.unpack(self._exactly(size, wire.name, wire.size + size))

    def _exactly(self, size: int, name: str, expected: int) -> bytes:
        """`size` bytes, which are the last ones of the `expected` bytes of the value `name`."""
        data = self._read(size if size < _PIECE else _PIECE) if size else b""
        if data is None or len(data) != size:
            data = self._complete(_checked(data), size, name, expected)
        return data

    def _complete(self, data: bytes, size: int, name: str, expected: int) -> bytes:
        """`data` and the bytes after it, `size` in all, in as many reads as it takes."""
        whole = bytearray(data)  # not a list: a piece may be a byte, and an object for each takes 40 times as much
        while len(whole) < size:
            data = self._some(min(size - len(whole), _PIECE)) if data else b""
            if not data:
                raise IncompleteValueError(name, expected, expected - size + len(whole))
            whole += data
        return bytes(whole)

    def _some(self, size: int) -> bytes:
        return _checked(self._read(size))

    # One byte may be given back. While there is one, `_read` is `_take_pushed`, so that other reads need no check.

    def _push(self, byte: bytes) -> None:
        self._pushed = byte
        self._read = self._take_pushed

    def _take_pushed(self, _size: int = 1) -> bytes:
        pushed, self._pushed = self._pushed, b""
        self._read = self._stream.read
        return pushed


class DataOutputStream(DataOutput[None]):
    """Writes what Java's `DataInputStream` reads: every method of `java.io.DataOutput`, over a binary file object.

    A buffered file object (`socket.makefile("wb")`) sends when it is flushed, a raw one (`buffering=0`) at once.
    """

    __slots__ = ("_stream", "_write")

    def __init__(self, stream: BinaryWriter) -> None:
        super().__init__()
        self._stream = stream
        self._write = stream.write

    # The most frequent methods again, without the calls to the table of wire types and to `_put`. They write the same
    # bytes, and leave every error to the table.

    def write_int(self, value: int) -> None:
        try:
            data = _pack_int32(value)
        except _NOT_THAT:
            data = INT.pack(value)
        if (written := self._write(data)) != 4:
            self._put_rest(data, written)
        self._size += 4

    def write_long(self, value: int) -> None:
        try:
            data = _pack_int64(value)
        except _NOT_THAT:
            data = LONG.pack(value)
        if (written := self._write(data)) != 8:
            self._put_rest(data, written)
        self._size += 8

    def write_double(self, value: float) -> None:
        try:
            data = _pack_double(value) if value == value else DOUBLE.pack(value)
        except _NOT_THAT:
            data = DOUBLE.pack(value)
        if (written := self._write(data)) != 8:
            self._put_rest(data, written)
        self._size += 8

    def write_utf(self, text: str) -> None:
        try:
            data = _encode(text) if _is_ascii(text) and "\0" not in text else encode_modified_utf8(text)
            size = len(data) + 2
            data = SHORT_HEADS[size - 2] + data
        except (IndexError, TypeError):
            data = UTF.pack(text)
        if (written := self._write(data)) != size:
            self._put_rest(data, written)
        self._size += size

    write_int.__doc__ = DataOutput.write_int.__doc__
    write_long.__doc__ = DataOutput.write_long.__doc__
    write_double.__doc__ = DataOutput.write_double.__doc__
    write_utf.__doc__ = DataOutput.write_utf.__doc__

    def flush(self) -> None:
        """Flushes the file object. Java: `flush`."""
        self._stream.flush()

    def close(self) -> None:
        """Flushes and closes the file object; closes it even if flushing fails. Java: `close`."""
        try:
            self.flush()
        finally:
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, data: bytes) -> None:
        size = len(data)
        written = self._write(data)
        if written != size:
            self._put_rest(data, written)
        self._size += size

    def _put_rest(self, data: bytes, written: int | None) -> None:
        rest = memoryview(data)
        while True:
            if written is None:
                if isinstance(self._stream, io.RawIOBase):
                    raise _would_block("write")
                return
            rest = rest[written:]
            if not rest:
                return
            written = self._write(rest)


def _checked(data: bytes | None) -> bytes:
    if data is None:
        raise _would_block("read")
    return data


def _would_block(what: str) -> BlockingIOError:
    return BlockingIOError(errno.EAGAIN, f"{what}: expected a blocking stream, got one that has to be waited for")
