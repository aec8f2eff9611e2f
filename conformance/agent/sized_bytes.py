"""Sized bytes, whose number the protocol computes; and bytes for human eyes. Java: `write(byte[])`, `readFully`."""

from __future__ import annotations

from javaio import WireType

__all__ = ["BYTES", "SizeError", "SizedBytes", "show"]

BYTES = "bytes"
_SHOWN_BYTES = 16


class SizeError(ValueError):
    """A size is no number of bytes, or not that of a value: one sentence."""


class SizedBytes(WireType[bytes]):
    """The wire type of `size` bytes, created for each field once its size is known."""

    def __init__(self, size: object) -> None:
        """Raises `SizeError` if `size` is not a whole number from 0 on."""
        if not isinstance(size, int) or size < 0:
            raise SizeError(f"their size must be a whole number from 0 on, and is {size!r}")
        super().__init__(BYTES, size, self._pack, bytes)

    def _pack(self, value: bytes) -> bytes:
        if len(value) != self.size:
            raise SizeError(f"there must be {self.size} of them, and there are {len(value)}")
        return bytes(value)


def show(data: bytes) -> str:
    """Bytes for human eyes: two hexadecimal digits each, the tail of many left out."""
    shown = data[:_SHOWN_BYTES].hex(" ").upper()
    return f"{shown} ... ({len(data)} bytes)" if len(data) > _SHOWN_BYTES else shown
