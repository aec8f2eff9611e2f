"""Wrapping of Python's unbounded integers to Java's fixed sizes.

`to_int32(a + b)` is what Java computes for `a + b`. The rest of this package wraps a value only where the Java method
does (`writeByte`, `writeShort`, `writeChar`, `writeBytes`).
"""

__all__ = ["to_int8", "to_int16", "to_int32", "to_int64", "to_uint8", "to_uint16", "to_uint32", "to_uint64"]

# In the signed functions, xor and subtraction change the weight of the sign bit from +2**(n-1) to -2**(n-1).


def to_int8(value: int) -> int:
    """The low 8 bits as a signed number, -128 to 127: Java's `(byte) value`."""
    return (value & 0xFF ^ 0x80) - 0x80


def to_int16(value: int) -> int:
    """The low 16 bits as a signed number, -32,768 to 32,767: Java's `(short) value`."""
    return (value & 0xFFFF ^ 0x8000) - 0x8000


def to_int32(value: int) -> int:
    """The low 32 bits as a signed number, -2**31 to 2**31 - 1: Java's `(int) value`."""
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def to_int64(value: int) -> int:
    """The low 64 bits as a signed number, -2**63 to 2**63 - 1: Java's `(long) value`."""
    return (value & 0xFFFFFFFFFFFFFFFF ^ 0x8000000000000000) - 0x8000000000000000


def to_uint8(value: int) -> int:
    """The low 8 bits as they are, 0 to 255: Java's `value & 0xFF`, `Byte.toUnsignedInt`."""
    return value & 0xFF


def to_uint16(value: int) -> int:
    """The low 16 bits as they are, 0 to 65,535: Java's `value & 0xFFFF`, `Short.toUnsignedInt`."""
    return value & 0xFFFF


def to_uint32(value: int) -> int:
    """The low 32 bits as they are, 0 to 2**32 - 1: Java's `Integer.toUnsignedLong`."""
    return value & 0xFFFFFFFF


def to_uint64(value: int) -> int:
    """The low 64 bits as they are, 0 to 2**64 - 1: what `Long.toUnsignedString` shows."""
    return value & 0xFFFFFFFFFFFFFFFF
