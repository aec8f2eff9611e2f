"""What a running program prints, line by line as it comes, with the times; and waiting for a line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from conformance.judge.console_line import ConsoleLine, Stream

__all__ = ["MOST_BYTES", "MOST_LINES", "ConsoleLog"]

# A program that prints for ever must not fill the memory of whoever judges it; 40,000 rounds of the course's servers
# are 160,000 lines, 7 MB.
MOST_BYTES = 16 << 20
MOST_LINES = 500_000


class ConsoleLog:
    """The lines of one program. One thread feeds it, others look or wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._lines: list[ConsoleLine] = []
        self._counts: dict[Stream, int] = {"out": 0, "err": 0}
        self._open: dict[Stream, bytearray] = {"out": bytearray(), "err": bytearray()}
        self._size = 0
        self._closed = False

    @property
    def lines(self) -> list[ConsoleLine]:
        """All lines so far, in the order in which they came: a copy, and not for a loop."""
        return self.since(0)

    def since(self, count: int) -> list[ConsoleLine]:
        """The lines behind the first `count`."""
        with self._changed:
            return self._lines[count:]

    def texts(self, stream: Stream) -> list[str]:
        """The lines of one stream: a copy, and not for a loop."""
        return [line.text for line in self.lines if line.stream == stream]

    def count(self, stream: Stream) -> int:
        """How many lines that stream has so far."""
        return self._counts[stream]

    @property
    def closed(self) -> bool:
        """Whether the program can print no more."""
        return self._closed

    @property
    def overflowed(self) -> bool:
        """Whether it printed more than `MOST_BYTES` or `MOST_LINES`; the rest was dropped."""
        return self._size > MOST_BYTES or len(self._lines) > MOST_LINES

    def feed(self, stream: Stream, data: bytes) -> None:
        """Takes in what the program has just printed."""
        now = time.monotonic()
        with self._changed:
            if self.overflowed:
                return
            self._size += len(data)
            if self.overflowed:
                return
            rest = self._open[stream]
            rest += data
            if b"\n" not in data:
                return
            *ended, last = bytes(rest).split(b"\n")
            self._open[stream] = bytearray(last)
            room = MOST_LINES + 1 - len(self._lines)
            self._lines += [ConsoleLine(now, stream, _text(line)) for line in ended[:room]]
            self._counts[stream] += min(room, len(ended))
            self._changed.notify_all()

    def close(self) -> None:
        """The program can print no more; a line without its end is kept as such."""
        now = time.monotonic()
        with self._changed:
            for stream, rest in self._open.items():
                if rest and not self._closed:
                    self._lines.append(ConsoleLine(now, stream, _text(rest), whole=False))
                    self._counts[stream] += 1
            self._closed = True
            self._changed.notify_all()

    def wait_for(self, seen: Callable[[ConsoleLog], bool], until: float) -> bool:
        """Waits until `seen` holds, the program has ended, or it is `until` by time.monotonic(); tells if it held.

        `seen` is asked anew whenever lines come: it must look at what is new only.
        """
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
