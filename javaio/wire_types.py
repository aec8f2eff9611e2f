"""The table of wire types: how each type of `java.io.DataInput` is encoded and decoded.

A `WireType` does no input or output. The blocking streams, the asyncio streams and decoders of recorded bytes all use
this table, so that they cannot disagree.

Ten of the eleven types have a fixed size. A UTF begins with 2 bytes that say how many follow.
"""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

from javaio.errors import IncompleteValueError, UTFDataFormatError
from javaio.modified_utf8 import decode_modified_utf8, encode_modified_utf8, join_surrogates, utf16_units

__all__ = [
    "BOOLEAN",
    "BYTE",
    "CHAR",
    "DOUBLE",
    "FLOAT",
    "INT",
    "LONG",
    "SHORT",
    "SHORT_HEADS",
    "UNSIGNED_BYTE",
    "UNSIGNED_SHORT",
    "UTF",
    "WIRE_TYPES",
    "Decoded",
    "WireType",
    "check_int",
    "check_size",
    "pack_char",
]

T = TypeVar("T")

_SHOWN = 60  # characters of a description


class Decoded(NamedTuple, Generic[T]):
    """A decoded value, and the number of bytes it takes."""

    value: T
    size: int


class WireType(Generic[T]):
    """One kind of value on the wire. Its attributes cannot be changed.

    name    Java's name: `int`, `unsignedShort`, `UTF`
    size    the number of bytes to read first
    pack    makes all the bytes of a value
    unpack  makes the value of its bytes; where there is `rest`, of the bytes after the first `size`
    rest    makes the number of bytes that follow, of the first `size` bytes
    """

    # This is what a frozen dataclass does. Importing dataclasses takes as long as importing the rest of this package.
    __slots__ = ("name", "pack", "rest", "size", "unpack")

    name: str
    size: int
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]
    rest: Callable[[bytes], int] | None

    def __init__(
        self,
        name: str,
        size: int,
        pack: Callable[[T], bytes],
        unpack: Callable[[bytes], T],
        rest: Callable[[bytes], int] | None = None,
    ) -> None:
        for slot, value in (("name", name), ("size", size), ("pack", pack), ("unpack", unpack), ("rest", rest)):
            object.__setattr__(self, slot, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} of a wire type cannot be changed")

    def __repr__(self) -> str:
        return f"WireType({self.name!r}, {self.size})"

    def encode(self, value: T) -> bytes:
        """The bytes of `value` on the wire, as Java writes them. Raises what the stream's method raises."""
        return self.pack(value)

    def decode(self, buffer: bytes | bytearray | memoryview, offset: int = 0) -> Decoded[T]:
        """The value whose first byte is at `offset`, and the number of bytes it takes.

        Raises `IncompleteValueError` if the buffer ends inside the value, `UTFDataFormatError` for malformed text and
        `ValueError` for a negative offset.
        """
        if offset < 0:
            raise ValueError(f"{self.name}: expected an offset from 0, got {offset}")
        data = bytes(buffer[offset : offset + self.size])
        if len(data) < self.size:
            raise IncompleteValueError(self.name, self.size, len(data))
        if self.rest is None:
            return Decoded(self.unpack(data), self.size)
        size = self.size + self.rest(data)
        data = bytes(buffer[offset + self.size : offset + size])
        if self.size + len(data) < size:
            raise IncompleteValueError(self.name, size, self.size + len(data))
        return Decoded(self.unpack(data), size)

    def describe(self, value: T) -> str:
        """The type and the value on one line: `int 182`, `UTF 'bonjour'`. The middle of long text is left out."""
        shown = repr(value)
        if len(shown) > _SHOWN:
            shown = f"{shown[: _SHOWN // 2]}...{shown[-_SHOWN // 2 :]}"
        return f"{self.name} {shown}"


# Values that Java does not have --------------------------------------------------------------------------------------


def _refused(name: str, value: object, bits: int) -> Exception:
    if not isinstance(value, int):
        return _mistyped(name, "an int", value)
    limits = f"{-(1 << bits - 1)} to {(1 << bits - 1) - 1}"
    return OverflowError(f"{name}: expected a Java {'int' if bits == 32 else 'long'}, {limits}, got {_shown(value)}")


def check_int(name: str, value: int) -> None:
    """Raises `TypeError` for what is no int, `OverflowError` beyond -2**31 to 2**31 - 1."""
    if not isinstance(value, int) or not -1 << 31 <= value < 1 << 31:
        raise _refused(name, value, 32)


def check_size(name: str, size: int) -> None:
    """Raises `ValueError` for a size below 0, `OverflowError` beyond 2**31 - 1, `TypeError` for what is no int."""
    check_int(name, size)
    if size < 0:
        raise ValueError(f"{name}: expected a size from 0, got {size}")


def _mistyped(name: str, expected: str, value: object) -> TypeError:
    return TypeError(f"{name}: expected {expected}, got {value!r} ({type(value).__name__})")


def _shown(value: int) -> str:
    # Python raises ValueError for the text of an int of more than 4,300 digits.
    return str(value) if value.bit_length() <= 128 else f"an int of {value.bit_length()} bits"


# Integers ------------------------------------------------------------------------------------------------------------

_pack_int32 = struct.Struct(">i").pack
_pack_int64 = struct.Struct(">q").pack
_pack_uint16 = struct.Struct(">H").pack
_unpack_int8 = struct.Struct(">b").unpack
_unpack_int16 = struct.Struct(">h").unpack
_unpack_int32 = struct.Struct(">i").unpack
_unpack_int64 = struct.Struct(">q").unpack


def _low_bytes_of_int(name: str, size: int) -> Callable[[int], bytes]:
    """Packs the low bytes of a Java int, as `writeByte` and `writeShort` do; refuses what is beyond an int."""
    skipped = 4 - size

    def pack(value: int) -> bytes:
        try:
            return _pack_int32(value)[skipped:]
        except (struct.error, OverflowError):
            raise _refused(name, value, 32) from None

    return pack


def _pack_int(value: int) -> bytes:
    try:
        return _pack_int32(value)
    except (struct.error, OverflowError):
        raise _refused("int", value, 32) from None


def _pack_long(value: int) -> bytes:
    try:
        return _pack_int64(value)
    except (struct.error, OverflowError):
        raise _refused("long", value, 64) from None


_pack_byte = _low_bytes_of_int("byte", 1)
_pack_short = _low_bytes_of_int("short", 2)


def _unpack_byte(data: bytes) -> int:
    value: int = _unpack_int8(data)[0]
    return value


def _unpack_short(data: bytes) -> int:
    value: int = _unpack_int16(data)[0]
    return value


def _unpack_int(data: bytes) -> int:
    value: int = _unpack_int32(data)[0]
    return value


def _unpack_long(data: bytes) -> int:
    value: int = _unpack_int64(data)[0]
    return value


def _unpack_unsigned(data: bytes) -> int:
    return int.from_bytes(data, "big")


# Boolean and char ----------------------------------------------------------------------------------------------------


def _pack_boolean(value: bool) -> bytes:
    if value is True:
        return b"\x01"
    if value is False:
        return b"\x00"
    raise _mistyped("boolean", "True or False", value)


def _unpack_boolean(data: bytes) -> bool:
    return data != b"\x00"


_pack_low_16 = _low_bytes_of_int("char", 2)


def pack_char(value: str | int) -> bytes:
    """The two bytes of a char: of the one UTF-16 unit of a `str`, or the low 16 bits of an int."""
    if not isinstance(value, str):
        return _pack_low_16(value)
    units = utf16_units(value)
    if len(units) != 2:
        raise ValueError(f"char: expected one UTF-16 unit, got {value!r}, which is {len(units) // 2}")
    return units


# Floating point ------------------------------------------------------------------------------------------------------
# Java writes every NaN with the same bits, and reads every NaN with the bits it has. A conversion between float and
# double in hardware or in a C library may change the bits of a NaN, so NaNs are not converted that way here.

_float = struct.Struct(">f")
_double = struct.Struct(">d")
_CANONICAL_FLOAT_NAN = b"\x7f\xc0\x00\x00"
_CANONICAL_DOUBLE_NAN = b"\x7f\xf8\x00\x00\x00\x00\x00\x00"
_FLOAT_INFINITY = b"\x7f\x80\x00\x00"
_FLOAT_MINUS_INFINITY = b"\xff\x80\x00\x00"


def _unreal(name: str, value: object) -> Exception:
    if isinstance(value, int):  # an int is converted to the nearest double; this one is too large
        return OverflowError(f"{name}: expected at most 1.7976931348623157e+308, got {_shown(value)}")
    return _mistyped(name, "a float", value)


def _pack_float(value: float) -> bytes:
    if value != value:
        return _CANONICAL_FLOAT_NAN
    try:
        return _float.pack(value)
    except OverflowError:
        # Finite, and nearer to 2**128 than to any float. Java's narrowing cast makes it an infinity.
        return _FLOAT_INFINITY if value > 0 else _FLOAT_MINUS_INFINITY
    except struct.error:
        raise _unreal("float", value) from None


def _unpack_float(data: bytes) -> float:
    value: float = _float.unpack(data)[0]
    if value != value:
        return _widen_nan(int.from_bytes(data, "big"))
    return value


def _widen_nan(bits: int) -> float:
    """The double NaN with the sign and the payload bits of a float NaN."""
    wide = bits >> 31 << 63 | 0x7FF << 52 | (bits & 0x7FFFFF) << 29
    return _unpack_double(wide.to_bytes(8, "big"))


def _pack_double(value: float) -> bytes:
    if value != value:
        return _CANONICAL_DOUBLE_NAN
    try:
        return _double.pack(value)
    except (struct.error, OverflowError):
        raise _unreal("double", value) from None


def _unpack_double(data: bytes) -> float:
    value: float = _double.unpack(data)[0]
    return value


# Text ----------------------------------------------------------------------------------------------------------------


SHORT_HEADS = tuple(_pack_uint16(size) for size in range(256))
"""The length of a UTF in two bytes, by the length. A look-up takes a fifth of the time of packing."""


def _pack_utf(text: str) -> bytes:
    data = encode_modified_utf8(text)
    size = len(data)
    if size < len(SHORT_HEADS):
        return SHORT_HEADS[size] + data
    try:
        return _pack_uint16(size) + data
    except struct.error:
        # The JDK shows eight UTF-16 units, not characters, of both ends, and so perhaps half of a surrogate pair.
        head, tail = utf16_units(text[:8])[:16], utf16_units(text[-8:])[-16:]
        raise UTFDataFormatError(
            f"encoded string ({join_surrogates(head)}...{join_surrogates(tail)}) too long: {size} bytes"
        ) from None


# The table -----------------------------------------------------------------------------------------------------------

BOOLEAN: WireType[bool] = WireType("boolean", 1, _pack_boolean, _unpack_boolean)
BYTE: WireType[int] = WireType("byte", 1, _pack_byte, _unpack_byte)
UNSIGNED_BYTE: WireType[int] = WireType("unsignedByte", 1, _pack_byte, _unpack_unsigned)
SHORT: WireType[int] = WireType("short", 2, _pack_short, _unpack_short)
UNSIGNED_SHORT: WireType[int] = WireType("unsignedShort", 2, _pack_short, _unpack_unsigned)
CHAR: WireType[str] = WireType("char", 2, pack_char, lambda data: chr(_unpack_unsigned(data)))
INT: WireType[int] = WireType("int", 4, _pack_int, _unpack_int)
LONG: WireType[int] = WireType("long", 8, _pack_long, _unpack_long)
FLOAT: WireType[float] = WireType("float", 4, _pack_float, _unpack_float)
DOUBLE: WireType[float] = WireType("double", 8, _pack_double, _unpack_double)
UTF: WireType[str] = WireType("UTF", 2, _pack_utf, decode_modified_utf8, rest=_unpack_unsigned)

_ALL: tuple[WireType[Any], ...] = (
    BOOLEAN,
    BYTE,
    UNSIGNED_BYTE,
    SHORT,
    UNSIGNED_SHORT,
    CHAR,
    INT,
    LONG,
    FLOAT,
    DOUBLE,
    UTF,
)

WIRE_TYPES: Mapping[str, WireType[Any]] = MappingProxyType({wire.name: wire for wire in _ALL})
"""Every wire type by Java's name: `int`, `unsignedShort`, `UTF`, as in `readInt`, `readUnsignedShort`, `readUTF`."""
