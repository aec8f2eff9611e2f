"""Lines on the console: in UTF-8 whatever the locale, whole even from many threads, visible as they happen.

A line goes to the system at once and in one piece, past the buffers of `sys.stdout`: nothing is left to flush when the
program ends, however it ends, and nothing is held when a thread is cut short.
"""

import io
import os
import sys
import threading
import time
from typing import Protocol, TextIO, cast

__all__ = ["encoded", "err", "out", "out_encoded", "use_utf8"]

# One for both streams: they are often the same terminal.
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
    r"""Prints several lines in one piece, already in UTF-8 and each ended by `\n`: for who prints very many."""
    _write(sys.stdout, lines)


def encoded(line: str) -> bytes:
    """A line as `out_encoded` takes it. A lone surrogate has no UTF-8; it is shown as `?`, as Java does."""
    return (line + "\n").encode("utf-8", "replace")


def use_utf8() -> None:
    """From now on, what Python itself prints is in UTF-8 too: `--help`, and what is wrong with the arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _write(stream: TextIO | None, data: bytes) -> None:
    if stream is None:  # started without a console, as pythonw is
        return
    try:
        with _one_line_at_a_time:
            _write_all(_raw(stream), data)
    except BrokenPipeError:
        _console_closed()
    except OSError as error:
        if os.name == "nt" and error.errno == _WINDOWS_BROKEN_PIPE:
            _console_closed()
        # Otherwise a full disk, a terminal that has gone: the line is lost, the service goes on.


_WINDOWS_BROKEN_PIPE = 22  # EINVAL: what Windows says when the reader of a pipe has gone


def _raw(stream: TextIO) -> _RawStream:
    return cast(_RawStream, getattr(stream.buffer, "raw", stream.buffer))  # with `python -u`, it is raw already


def _write_all(raw: _RawStream, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = raw.write(rest)
        if written is None:  # another program made the terminal non-blocking, and it is full
            time.sleep(0.01)
        else:
            rest = rest[written:]


def _console_closed() -> None:
    """Whoever read these lines has gone, as in `... | head`: the program ends without a word, from any thread."""
    os._exit(1)
