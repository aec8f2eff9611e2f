"""The write methods of both output streams, the blocking one and the asyncio one.

Each method encodes one value completely before it passes all the bytes to `_put` in one call. So a value that is
refused writes nothing, and values written by several tasks never mix. Each method returns what `_put` returns: None, or
a coroutine.
"""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from javaio.modified_utf8 import utf16_units
from javaio.wire_types import BOOLEAN, BYTE, DOUBLE, FLOAT, INT, LONG, SHORT, UTF, pack_char

__all__ = ["DataOutput"]

Done = TypeVar("Done")

_MAX_SIZE = 2**31 - 1


class DataOutput(ABC, Generic[Done]):
    """Every method of `java.io.DataOutput`, and the count that `DataOutputStream` keeps."""

    __slots__ = ("_size",)

    def __init__(self) -> None:
        self._size = 0

    @abstractmethod
    def _put(self, data: bytes) -> Done:
        """Writes all of `data`, then adds its length to `_size`."""

    def size(self) -> int:
        """The number of bytes written so far, at most 2**31 - 1. Java: `size()`."""
        # The limit is applied here and not in each write, which is faster.
        return self._size if self._size < _MAX_SIZE else _MAX_SIZE

    def write(self, data: int | bytes | bytearray | memoryview) -> Done:
        """Writes bytes as they are, or one byte: the low 8 bits of an int. Java: `write(byte[])`, `write(int)`.

        Raises `OverflowError` for an int beyond Java's (32 bits), `TypeError` for anything else.
        """
        if isinstance(data, (bytes, bytearray, memoryview)):
            return self._put(bytes(data))
        return self._put(BYTE.pack(data))

    def write_boolean(self, value: bool) -> Done:
        """Writes one byte: 01 for True, 00 for False. Java: `writeBoolean`. Raises `TypeError` unless it is a bool."""
        return self._put(BOOLEAN.pack(value))

    def write_byte(self, value: int) -> Done:
        """Writes one byte, the low 8 bits of an int: 300 is 2C. Java: `writeByte`.

        Raises `OverflowError` for an int beyond Java's (-2**31 to 2**31 - 1), `TypeError` for what is no int.
        """
        return self._put(BYTE.pack(value))

    def write_short(self, value: int) -> Done:
        """Writes two bytes, big-endian, the low 16 bits of an int: 65,536 is 00 00. Java: `writeShort`.

        Raises `OverflowError` for an int beyond Java's (-2**31 to 2**31 - 1), `TypeError` for what is no int.
        """
        return self._put(SHORT.pack(value))

    def write_char(self, value: str | int) -> Done:
        """Writes two bytes, big-endian: the UTF-16 unit of a `str`, or the low 16 bits of an int. Java: `writeChar`.

        Raises `ValueError` for a `str` that is not exactly one unit (a character above U+FFFF is two), `OverflowError`
        for an int beyond Java's (-2**31 to 2**31 - 1), `TypeError` for anything else.
        """
        return self._put(pack_char(value))

    def write_int(self, value: int) -> Done:
        """Writes four bytes, big-endian, two's complement, -2**31 to 2**31 - 1. Java: `writeInt`.

        Raises `OverflowError` beyond that range (`to_int32` wraps a value), `TypeError` for what is no int.
        """
        return self._put(INT.pack(value))

    def write_long(self, value: int) -> Done:
        """Writes eight bytes, big-endian, two's complement, -2**63 to 2**63 - 1. Java: `writeLong`.

        Raises `OverflowError` beyond that range (`to_int64` wraps a value), `TypeError` for what is no int.
        """
        return self._put(LONG.pack(value))

    def write_float(self, value: float) -> Done:
        """Writes four bytes, big-endian, IEEE 754: the float nearest to `value`. Java: `writeFloat((float) value)`.

        A value too large for a float becomes an infinity, a value too small a zero, both with its sign; every NaN is
        7F C0 00 00. Raises `TypeError` for what is no number, `OverflowError` for an int too large for a double.
        """
        return self._put(FLOAT.pack(value))

    def write_double(self, value: float) -> Done:
        """Writes eight bytes, big-endian, IEEE 754; every NaN is 7F F8 00 00 00 00 00 00. Java: `writeDouble`.

        Raises `TypeError` for what is no number, `OverflowError` for an int too large for a double.
        """
        return self._put(DOUBLE.pack(value))

    def write_bytes(self, text: str) -> Done:
        """Writes one byte for each UTF-16 unit of `text`: its low 8 bits. No length. Java: `writeBytes`.

        Bits above U+00FF are lost. Raises `TypeError` for what is no `str` (`write` takes bytes).
        """
        return self._put(_units("write_bytes", text)[1::2])

    def write_chars(self, text: str) -> Done:
        """Writes two bytes, big-endian, for each UTF-16 unit of `text`. No length. Java: `writeChars`.

        Raises `TypeError` for what is no `str`.
        """
        return self._put(_units("write_chars", text))

    def write_utf(self, text: str) -> Done:
        """Writes a length of two bytes, big-endian, then so many bytes of `text` in modified UTF-8. Java: `writeUTF`.

        Raises `UTFDataFormatError`, with the JDK's message, for a text of more than 65,535 bytes; nothing is written
        then. Raises `TypeError` for what is no `str`.
        """
        return self._put(UTF.pack(text))


def _units(name: str, text: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"{name}: expected a str, got {text!r} ({type(text).__name__})")
    return utf16_units(text)
