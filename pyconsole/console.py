"""Lines on the console: in UTF-8 whatever the locale is, whole even from many threads, and visible at once.

Each line is one system call, without the buffers of `sys.stdout`. So nothing has to be flushed when the program ends,
and no thread can be stopped while it holds a buffer's lock.
"""

import io
import os
import sys
import threading
import time
from typing import Protocol, TextIO, cast

__all__ = ["encoded", "err", "out", "out_encoded", "use_utf8"]

# One lock for both streams, which are often the same terminal.
_one_line_at_a_time = threading.Lock()


class _RawStream(Protocol):
    def write(self, data: memoryview, /) -> int | None: ...


def out(line: str) -> None:
    """Prints a line on standard output. Java: `System.out.println(line)`."""
    _write(sys.stdout, encoded(line))


def err(line: str) -> None:
    """Prints a line on standard error. Java: `System.err.println(line)`."""
    _write(sys.stderr, encoded(line))


def out_encoded(lines: bytes) -> None:
    r"""Prints many lines in one system call. They are in UTF-8, and each ends with `\n`."""
    _write(sys.stdout, lines)


def encoded(line: str) -> bytes:
    """A line as `out_encoded` takes it. A lone surrogate, which UTF-8 does not have, becomes `?` as in Java."""
    return (line + "\n").encode("utf-8", "replace")


def use_utf8() -> None:
    """Makes Python itself print UTF-8 too: `--help`, and errors in the arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _write(stream: TextIO | None, data: bytes) -> None:
    if stream is None:  # there is no console, as under pythonw
        return
    try:
        with _one_line_at_a_time:
            _write_all(_raw(stream), data)
    except BrokenPipeError:
        _console_closed()
    except OSError as error:
        if os.name == "nt" and error.errno == _WINDOWS_BROKEN_PIPE:
            _console_closed()
        # Otherwise the disk is full or the terminal is closed: the line is lost, and the program goes on.


_WINDOWS_BROKEN_PIPE = 22  # EINVAL: the error on Windows if the reader of a pipe has closed it


def _raw(stream: TextIO) -> _RawStream:
    return cast(_RawStream, getattr(stream.buffer, "raw", stream.buffer))  # with `python -u`, `buffer` is raw already


def _write_all(raw: _RawStream, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = raw.write(rest)
        if written is None:  # another program has made the terminal non-blocking, and it is full
            time.sleep(0.01)
        else:
            rest = rest[written:]


def _console_closed() -> None:
    """The reader of the console has closed it, as in `... | head`: ends the program silently, from any thread."""
    os._exit(1)
