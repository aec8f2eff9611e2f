"""Lines for a person or a program, coloured where a terminal shows colours."""

from __future__ import annotations

import functools
import os
import re
import sys
import threading
from collections.abc import Callable
from typing import Literal, TextIO

from conformance.formatting.escapes import escaped

__all__ = ["BackgroundPrinter", "Colour", "paint", "print_error", "print_line"]

Colour = Literal["bold", "dim", "red", "green", "yellow", "cyan"]
_CODES: dict[Colour, int] = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}

_OURS = re.compile("(\x1b\\[(?:[0-2]|3[1-6])(?:;[0-2])?m|\n)")  # what `paint` makes, and the ends of lines
_HELD_LIMIT = 4 << 20  # characters of lines


def paint(text: str, *colours: Colour) -> str:
    """The text in these colours, if standard output is a terminal that shows them, and NO_COLOR is not set."""
    if not colours or not _shows_colours(sys.stdout):
        return text
    return f"\x1b[{';'.join(str(_CODES[colour]) for colour in colours)}m{text}\x1b[0m"


@functools.lru_cache(maxsize=1)
def _shows_colours(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    # Of the consoles of Windows, those that say one of these understand colours as they are.
    return os.name != "nt" or any(name in os.environ for name in ("WT_SESSION", "TERM", "ANSICON"))


def print_line(line: str) -> None:
    """Prints a line, and waits until it is out. `BrokenPipeError` where nobody reads any more."""
    print(_safe(line), flush=True)


def print_error(line: str) -> None:
    """Prints a line to standard error."""
    print(_safe(line), file=sys.stderr, flush=True)


def _safe(line: str) -> str:
    """The line with all that could move a terminal's cursor, or hide, as escapes; its colours stay."""
    return "".join(part if number % 2 else escaped(part) for number, part in enumerate(_OURS.split(line)))


class BackgroundPrinter:
    """Prints lines in a thread, so that a slow terminal holds nobody up; `broken` once nobody reads any more.

    What is too much is left out; `left_out` makes the line that says how many lines are missing.
    """

    def __init__(self, left_out: Callable[[int], str]) -> None:
        self._left_out_line = left_out
        self._lines: list[str] = []
        self._held = self._left_out = 0
        self._closing = False
        self._changed = threading.Condition()
        self.broken = threading.Event()
        self._thread = threading.Thread(target=self._print, daemon=True)
        self._thread.start()

    def __call__(self, line: str) -> None:
        with self._changed:
            if self._held > _HELD_LIMIT:
                self._left_out += 1
            else:
                self._hold(line)
            self._changed.notify()

    def close(self) -> None:
        """Returns once all is printed."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _hold(self, line: str) -> None:
        self._lines.append(_safe(line))
        self._held += len(self._lines[-1]) + 1

    def _print(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._left_out or self._closing)
                if self._left_out:
                    self._hold(self._left_out_line(self._left_out))
                    self._left_out = 0
                lines = "".join(f"{line}\n" for line in self._lines)
                self._lines.clear()
            if not lines:
                return
            try:
                print(lines, end="", flush=True)
            except OSError:
                self.broken.set()
                return
            with self._changed:
                self._held -= len(lines)
