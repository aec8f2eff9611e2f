"""The console of a running program: its lines with the times at which they came, and waiting for a line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from conformance.judge.console_line import ConsoleLine, Stream

__all__ = ["ConsoleLog"]

# Bytes that are kept: a program that prints for ever must not fill the memory.
_LIMIT = 8 << 20


class ConsoleLog:
    """The lines of one program. One thread feeds it; others read it, or wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._lines: list[ConsoleLine] = []
        self._open: dict[Stream, bytearray] = {"out": bytearray(), "err": bytearray()}
        self._size = 0
        self._closed = False

    @property
    def lines(self) -> list[ConsoleLine]:
        """The lines so far, in the order in which they came."""
        with self._changed:
            return list(self._lines)

    def since(self, count: int) -> list[ConsoleLine]:
        """The lines behind the first `count`."""
        with self._changed:
            return self._lines[count:]

    def texts(self, stream: Stream) -> list[str]:
        """The texts of the lines of one stream."""
        return [line.text for line in self.lines if line.stream == stream]

    @property
    def closed(self) -> bool:
        """Whether the program can no longer print."""
        return self._closed

    @property
    def overflowed(self) -> bool:
        """Whether the program printed more than is kept; the rest was dropped."""
        return self._size > _LIMIT

    def feed(self, stream: Stream, data: bytes) -> None:
        """Adds what the program has printed."""
        now = time.monotonic()
        with self._changed:
            self._size += len(data)
            if self.overflowed:
                return
            *ended, rest = bytes(self._open[stream] + data).split(b"\n")
            self._open[stream] = bytearray(rest)
            self._lines.extend(ConsoleLine(now, stream, _text(line)) for line in ended)
            self._changed.notify_all()

    def close(self) -> None:
        """Marks the end of the program's output. A last line without its newline is kept, with `whole=False`."""
        now = time.monotonic()
        with self._changed:
            for stream, rest in self._open.items():
                if rest and not self._closed:
                    self._lines.append(ConsoleLine(now, stream, _text(rest), whole=False))
            self._closed = True
            self._changed.notify_all()

    def wait_for(self, seen: Callable[[ConsoleLog], bool], until: float) -> bool:
        """Waits until `seen` is true, the output ends or `until` on the monotonic clock; returns what `seen` says."""
        with self._changed:
            while not seen(self):
                left = until - time.monotonic()
                if self._closed or left <= 0 or not self._changed.wait(left):
                    return seen(self)
            return True

    def wait_for_line(self, text: str, until: float) -> bool:
        """Waits for that line of standard output, and looks at each line once; tells if it has come."""
        looked_at = 0

        def seen(log: ConsoleLog) -> bool:
            nonlocal looked_at
            lines = log.since(looked_at)
            looked_at += len(lines)
            return any(line.stream == "out" and line.text == text for line in lines)

        return self.wait_for(seen, until)


def _text(line: bytes | bytearray) -> str:
    return bytes(line).decode("utf-8", "backslashreplace").removesuffix("\r")
