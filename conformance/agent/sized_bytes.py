"""Bytes of which something before them tells how many: what Java writes with `write(byte[])`, reads with `readFully`.

javaio's own types say their size themselves. This one is made for each field anew, once its size is known.
"""

from __future__ import annotations

from conformance.agent.hexdump import show
from javaio import WireType

__all__ = ["BYTES", "CountedBytes", "SizeError"]

BYTES = "bytes"


class SizeError(ValueError):
    """No bytes are so many: one sentence."""


class CountedBytes(WireType[bytes]):
    """`size` bytes, as they are."""

    def __init__(self, size: object) -> None:
        """Raises `SizeError` where `size` is no number of bytes."""
        if not isinstance(size, int) or size < 0:
            raise SizeError(f"their size must be a whole number from 0 on, and is {size!r}")
        super().__init__(BYTES, size, self._pack, bytes)

    def _pack(self, value: bytes) -> bytes:
        if len(value) != self.size:
            raise SizeError(f"there must be {self.size} of them, and there are {len(value)}")
        return bytes(value)

    def describe(self, value: bytes) -> str:
        """How many, and the first of them."""
        return f"{len(value)} bytes {show(value)}".rstrip()
