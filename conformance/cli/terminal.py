"""Lines for a person or a program: in UTF-8 whatever the locale, coloured where a terminal shows colours."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Literal, TextIO

__all__ = ["BackgroundPrinter", "Colour", "Paint", "has_colours", "print_line"]

Colour = Literal["bold", "dim", "red", "green", "yellow", "cyan"]
_CODES: dict[Colour, int] = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}

_HELD_LIMIT = 4 << 20


def has_colours() -> bool:
    """Whether standard output is a terminal that shows colours, and nobody asked for none by setting NO_COLOR."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return False
    # Of the consoles of Windows, those that say one of these understand colours as they are.
    return os.name != "nt" or any(name in os.environ for name in ("WT_SESSION", "TERM", "ANSICON"))


class Paint:
    """Gives text a colour, or leaves it as it is."""

    def __init__(self, coloured: bool) -> None:
        self._coloured = coloured

    def __call__(self, text: str, *colours: Colour) -> str:
        """The text in these colours."""
        if not self._coloured or not colours:
            return text
        return f"\x1b[{';'.join(str(_CODES[colour]) for colour in colours)}m{text}\x1b[0m"


def print_line(line: str) -> None:
    """Prints a line, and waits until it is out. `BrokenPipeError` where nobody reads any more."""
    _write(sys.stdout, line.encode("utf-8", "backslashreplace") + b"\n")


class BackgroundPrinter:
    """Prints lines in a thread, so that a slow terminal holds nobody up.

    What is too much is left out; `left_out` makes the line that says how many lines are missing.
    """

    def __init__(self, left_out: Callable[[int], str]) -> None:
        self._left_out_line = left_out
        self._lines: deque[bytes] = deque()
        self._held = 0
        self._left_out = 0
        self._closing = False
        self._changed = threading.Condition()
        self.broken = threading.Event()
        self._thread = threading.Thread(target=self._print, daemon=True)
        self._thread.start()

    def __call__(self, line: str) -> None:
        """Has the line printed as soon as possible."""
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        with self._changed:
            if self._held > _HELD_LIMIT:
                self._left_out += 1
                return
            self._tell_left_out()
            self._lines.append(data)
            self._held += len(data)
            self._changed.notify()

    def close(self) -> None:
        """Returns once all is printed."""
        with self._changed:
            self._tell_left_out()
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _tell_left_out(self) -> None:
        if self._left_out:
            data = self._left_out_line(self._left_out).encode() + b"\n"
            self._lines.append(data)
            self._held += len(data)
            self._left_out = 0

    def _print(self) -> None:
        while True:
            with self._changed:
                while not self._lines and not self._closing:
                    self._changed.wait()
                if not self._lines:
                    return
                lines = b"".join(self._lines)
                self._lines.clear()
            try:
                _write(sys.stdout, lines)
            except OSError:
                self.broken.set()
                return
            with self._changed:
                self._held -= len(lines)


def _write(stream: TextIO, data: bytes) -> None:
    stream.buffer.write(data)
    stream.buffer.flush()
