"""Bytes for human eyes."""

from __future__ import annotations

__all__ = ["show"]

_SHOWN_BYTES = 16


def show(data: bytes) -> str:
    """Bytes for human eyes: two hexadecimal digits each, the tail of many left out."""
    shown = data[:_SHOWN_BYTES].hex(" ").upper()
    return f"{shown} ... ({len(data)} bytes)" if len(data) > _SHOWN_BYTES else shown
