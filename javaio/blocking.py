"""Data streams over any binary file object: `socket.makefile`, a raw `SocketIO`, a pipe, `BytesIO`.

Nothing is buffered here, as nothing is in Java: a method reads the bytes of its value and no more (`read_line` alone
may have to hold one byte back), and writes all of its value at once. Raw streams read less and write less than they
are asked to; both are asked again until the value is complete.

A stream belongs to one thread at a time, in each direction. It must block: one that has nothing yet and says so by
returning None raises `BlockingIOError`, since the bytes of a half-read value would be lost.
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

# No stream is asked for more at a time: a raw socket sets aside what it is asked for, before it knows what there is.
_PIECE = 1 << 16

# What is read and written most goes past the table of wire types, for speed; all that is out of the ordinary goes back.
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
"""Fewer bytes than were asked for, or None."""
_NOT_THAT = (struct.error, OverflowError)
"""What Java cannot express: the table says so."""


class BinaryReader(Protocol):
    """What `DataInputStream` needs of a file object."""

    def read(self, size: int, /) -> bytes | None: ...
    def close(self) -> None: ...


class BinaryWriter(Protocol):
    """What `DataOutputStream` needs of a file object. A `write` that returns None has written all."""

    def write(self, data: bytes | memoryview, /) -> int | None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class DataInputStream:
    """Reads what Java's `DataOutputStream` wrote: every method of `java.io.DataInput`, over a binary file object.

    Each method raises `EOFError` where the stream ends inside its value (an `IncompleteValueError`, which says how many
    bytes were expected and how many came); what was there has then been consumed, as in Java.
    """

    __slots__ = ("_pushed", "_read", "_stream")

    def __init__(self, stream: BinaryReader) -> None:
        self._stream = stream
        self._read = stream.read  # may return less than is asked for; an empty answer is the end of the stream
        self._pushed = b""

    # Bytes as they are

    @overload
    def read(self) -> int: ...
    @overload
    def read(self, size: int) -> bytes: ...
    def read(self, size: int | None = None) -> int | bytes:
        """The next byte, 0 to 255, or -1 at the end of the stream; with a size, at most so many bytes, as soon as there
        are any, and none at the end of the stream. Java: `read()`, `read(byte[])`.
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
        # A buffered reader's `read` waits for all of its size, its `read1` for something.
        some = getattr(self._stream, "read1", self._stream.read)(size - len(pushed))
        return pushed + _checked(some)

    def read_fully(self, size: int) -> bytes:
        """Exactly `size` bytes, as they are. Java: `readFully(new byte[size])`.

        Raises `EOFError` where there are fewer, `ValueError` for a negative size.
        """
        check_size("read_fully", size)
        return self._exactly(size, "read_fully", size)

    def skip_bytes(self, count: int) -> int:
        """Passes over `count` bytes, or what there is before the stream ends, and says how many. Java: `skipBytes`.

        A negative count skips nothing. Never raises `EOFError`; `OverflowError` for a count beyond a Java int.
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
        """Two bytes, big-endian: one UTF-16 unit, as a `str` of one; it may be half of a pair. Java: `readChar`."""
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
        """Four bytes, IEEE 754. A NaN keeps its sign and its payload, in the leading bits. Java: `readFloat`."""
        return self._value(FLOAT, self._read(4))

    def read_double(self) -> float:
        """Eight bytes, IEEE 754. A NaN keeps its bits. Java: `readDouble`."""
        data = self._read(8)
        try:
            return _unpack_double(data)[0]
        except _NOT_ENOUGH:
            return self._value(DOUBLE, data)

    def read_line(self) -> str | None:
        r"""Bytes up to `\n`, `\r`, `\r\n` or the end of the stream, each one a character (ISO-8859-1), without what
        ends the line; None where the stream has already ended. Java: `readLine`.

        A byte after `\r` that is not `\n` is held back for whatever is read next, as Java does it.
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
        """Two bytes, big-endian, unsigned: how many follow; then so many of modified UTF-8. Java: `readUTF`.

        Raises `UTFDataFormatError`, with the JDK's message, for malformed text, all of which has then been consumed.
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

    # The stream itself

    def close(self) -> None:
        """Closes the file object underneath. Java: `close`."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # How

    def _value(self, wire: WireType[T], data: bytes | None) -> T:
        """The value that begins with `data`, which may be less than was asked for."""
        size = wire.size
        if data is None or len(data) != size:
            data = self._complete(_checked(data), size, wire.name, size)
        if wire.rest is None:
            return wire.unpack(data)
        size = wire.rest(data)
        return wire.unpack(self._exactly(size, wire.name, wire.size + size))

    def _exactly(self, size: int, name: str, expected: int) -> bytes:
        """`size` bytes, the last ones of `expected` that make up `name`."""
        data = self._read(size if size < _PIECE else _PIECE) if size else b""
        if data is None or len(data) != size:
            data = self._complete(_checked(data), size, name, expected)
        return data

    def _complete(self, data: bytes, size: int, name: str, expected: int) -> bytes:
        """The rest of what came in part: raw streams give what they have, and large sizes are asked for in pieces."""
        pieces, got = [data], len(data)
        while got < size:
            data = self._some(min(size - got, _PIECE)) if data else b""
            if not data:
                raise IncompleteValueError(name, expected, expected - size + got)
            pieces.append(data)
            got += len(data)
        return b"".join(pieces)

    def _some(self, size: int) -> bytes:
        return _checked(self._read(size))

    # One byte held back: while there is one, `_read` is `_take_pushed`, so that no other read pays for the question.

    def _push(self, byte: bytes) -> None:
        self._pushed = byte
        self._read = self._take_pushed

    def _take_pushed(self, _size: int = 1) -> bytes:
        pushed, self._pushed = self._pushed, b""
        self._read = self._stream.read
        return pushed


class DataOutputStream(DataOutput[None]):
    """Writes what Java's `DataInputStream` reads: every method of `java.io.DataOutput`, over a binary file object.

    A buffered file object (`socket.makefile("wb")`) sends when it is flushed; a raw one (`buffering=0`) at once.
    """

    __slots__ = ("_stream", "_write")

    def __init__(self, stream: BinaryWriter) -> None:
        super().__init__()
        self._stream = stream
        self._write = stream.write

    # The methods that programs call most, without the two calls that all others make on their way: to the table of wire
    # types, and to `_put`. What is written and what is refused is the table's, and so is every error.

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
        """Sends what the file object underneath holds back. Java: `flush`."""
        self._stream.flush()

    def close(self) -> None:
        """Flushes and closes the file object underneath; it is closed even if it cannot be flushed. Java: `close`."""
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
