"""Files are written whole, or not at all: whoever reads one finds no half of it, whatever happened to the disk."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from uuid import uuid4

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Writes the file, in the place of one that is there. OSError where it cannot be; then nothing has changed."""
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
