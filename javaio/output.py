"""The write methods, once, for the blocking and for the asyncio stream.

Each method makes the bytes of one value and hands them to `_put` in one piece, so that values written by several
tasks never mix, and a value that is refused leaves no byte behind. What `_put` returns is what the method returns:
nothing, or something to await.
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
        """Write all of `data`, then add its length to `_size`."""

    def size(self) -> int:
        """How many bytes have been written so far; it stays at 2**31 - 1 once there. Java: `size()`."""
        # Counted without a limit, and limited when asked: the same to the caller, and one step less in every write.
        return self._size if self._size < _MAX_SIZE else _MAX_SIZE

    def write(self, data: int | bytes | bytearray | memoryview) -> Done:
        """These bytes as they are; or one byte, the low 8 bits of an int. Java: `write(byte[])`, `write(int)`.

        Raises `OverflowError` for an int beyond Java's (32 bits), `TypeError` for anything else.
        """
        if isinstance(data, (bytes, bytearray, memoryview)):
            return self._put(bytes(data))
        return self._put(BYTE.pack(data))

    def write_boolean(self, value: bool) -> Done:
        """One byte, 01 for True and 00 for False. Java: `writeBoolean`. Raises `TypeError` for what is no bool."""
        return self._put(BOOLEAN.pack(value))

    def write_byte(self, value: int) -> Done:
        """One byte, the low 8 bits of an int: 300 is written as 2C. Java: `writeByte`.

        Raises `OverflowError` for an int beyond Java's (-2**31 to 2**31 - 1), `TypeError` for what is no int.
        """
        return self._put(BYTE.pack(value))

    def write_short(self, value: int) -> Done:
        """Two bytes, big-endian, the low 16 bits of an int: 65,536 is written as 00 00. Java: `writeShort`.

        Raises `OverflowError` for an int beyond Java's (-2**31 to 2**31 - 1), `TypeError` for what is no int.
        """
        return self._put(SHORT.pack(value))

    def write_char(self, value: str | int) -> Done:
        """Two bytes, big-endian: one UTF-16 unit, as a `str` of one, or the low 16 bits of an int. Java: `writeChar`.

        Raises `ValueError` for a `str` of none or several units (a character above U+FFFF is two), `OverflowError` for
        an int beyond Java's (-2**31 to 2**31 - 1), `TypeError` for anything else.
        """
        return self._put(pack_char(value))

    def write_int(self, value: int) -> Done:
        """Four bytes, big-endian, two's complement, -2**31 to 2**31 - 1. Java: `writeInt`.

        Raises `OverflowError` beyond that range (`to_int32` wraps, where wrapping is meant), `TypeError` for what is no
        int.
        """
        return self._put(INT.pack(value))

    def write_long(self, value: int) -> Done:
        """Eight bytes, big-endian, two's complement, -2**63 to 2**63 - 1. Java: `writeLong`.

        Raises `OverflowError` beyond that range (`to_int64` wraps, where wrapping is meant), `TypeError` for what is no
        int.
        """
        return self._put(LONG.pack(value))

    def write_float(self, value: float) -> Done:
        """Four bytes, IEEE 754, of the float nearest to `value`. Java: `writeFloat((float) value)`.

        What is too large for a float is written as an infinity, what is too small as a zero, both with their sign;
        every NaN is 7F C0 00 00. Raises `TypeError` for what is no number, `OverflowError` for an int that no double
        comes near.
        """
        return self._put(FLOAT.pack(value))

    def write_double(self, value: float) -> Done:
        """Eight bytes, IEEE 754; every NaN is 7F F8 00 00 00 00 00 00. Java: `writeDouble`.

        Raises `TypeError` for what is no number, `OverflowError` for an int that no double comes near.
        """
        return self._put(DOUBLE.pack(value))

    def write_bytes(self, text: str) -> Done:
        """One byte for each UTF-16 unit of `text`, its low 8 bits, without a length. Java: `writeBytes`.

        What is beyond U+00FF is lost. Raises `TypeError` for what is no `str` (bytes go through `write`).
        """
        return self._put(_units("write_bytes", text)[1::2])

    def write_chars(self, text: str) -> Done:
        """Two bytes for each UTF-16 unit of `text`, big-endian, without a length. Java: `writeChars`.

        Raises `TypeError` for what is no `str`.
        """
        return self._put(_units("write_chars", text))

    def write_utf(self, text: str) -> Done:
        """The number of bytes that follow, in two bytes, then `text` in modified UTF-8. Java: `writeUTF`.

        Raises `UTFDataFormatError`, with the JDK's message, where more than 65,535 bytes would follow: nothing is
        written then, and `size()` stays. Raises `TypeError` for what is no `str`.
        """
        return self._put(UTF.pack(text))


def _units(name: str, text: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"{name}: expected a str, got {text!r} ({type(text).__name__})")
    return utf16_units(text)
