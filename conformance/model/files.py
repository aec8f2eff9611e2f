"""Files that come from outside are read up to a bound; those of ours are written whole, or not at all.

Whoever reads a file that was written here finds no half of it, whatever happened to the disk.
"""

from __future__ import annotations

import errno
import stat
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

__all__ = ["read_bounded", "write_whole"]


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a file; of one with more than `most` bytes, one byte more than these.

    OSError where it cannot be read, or is no regular file: a device or a pipe may have no end.
    """
    # A pipe that nobody writes to must not be waited for.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    with path.open("rb") as file:
        return file.read(most + 1)


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
