"""What a running program prints, line by line as it comes, with the times; and waiting for a line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from conformance.judge.verdict import ConsoleLine, Stream

__all__ = ["MOST_BYTES", "MOST_LINES", "ConsoleLog"]

# A program that prints for ever must not fill the memory of whoever judges it; 40,000 rounds of the course's servers
# are 160,000 lines, 7 MB.
MOST_BYTES = 16 << 20
MOST_LINES = 500_000


class ConsoleLog:
    """The lines of one program, which can print no more once it is `closed`. One thread feeds, others look or wait."""

    def __init__(self) -> None:
        self.closed = False
        self._changed = threading.Condition(threading.RLock())
        self._lines: list[ConsoleLine] = []
        self._counts: dict[Stream, int] = {"out": 0, "err": 0}
        self._open: dict[Stream, bytearray] = {"out": bytearray(), "err": bytearray()}
        self._size = 0

    @property
    def lines(self) -> list[ConsoleLine]:
        """All lines so far, in the order in which they came: a copy, and not for a loop."""
        return self.since(0)

    def since(self, count: int) -> list[ConsoleLine]:
        """The lines behind the first `count`."""
        with self._changed:
            return self._lines[count:]

    def count(self, stream: Stream) -> int:
        """How many lines that stream has so far."""
        return self._counts[stream]

    @property
    def overflowed(self) -> bool:
        """Whether it printed more than `MOST_BYTES` or `MOST_LINES`; the rest was dropped."""
        return self._size > MOST_BYTES or len(self._lines) > MOST_LINES

    def feed(self, stream: Stream, data: bytes) -> None:
        """Takes in what the program has just printed."""
        now = time.monotonic()
        with self._changed:
            if not self.overflowed:
                self._size += len(data)
            if self.overflowed:
                return
            rest = self._open[stream]
            rest += data
            if b"\n" in data:
                *ended, self._open[stream] = rest.split(b"\n")
                room = MOST_LINES + 1 - len(self._lines)
                self._add([ConsoleLine(now, stream, _text(line)) for line in ended[:room]])

    def end(self) -> None:
        """The program can print no more; a line without its end is kept as such."""
        now = time.monotonic()
        with self._changed:
            if not self.closed:
                self.closed = True
                rests = self._open.items()
                self._add([ConsoleLine(now, stream, _text(rest), whole=False) for stream, rest in rests if rest])

    def _add(self, lines: list[ConsoleLine]) -> None:
        self._lines += lines
        for line in lines:
            self._counts[line.stream] += 1
        self._changed.notify_all()

    def wait_for(self, seen: Callable[[ConsoleLog], bool], until: float) -> bool:
        """Waits until `seen` holds, the program has ended, or it is `until` by time.monotonic(); tells if it held.

        `seen` is asked anew whenever lines come: it must look at what is new only.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.closed or seen(self), until - time.monotonic())
            return seen(self)


def _text(line: bytearray) -> str:
    return line.decode("utf-8", "backslashreplace").removesuffix("\r")
