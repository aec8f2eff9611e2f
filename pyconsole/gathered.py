"""Lines of many threads, written in one piece every few milliseconds.

A thread that prints gives way to the others while the system takes its line, and then waits for its turn again: with a
hundred threads that costs more than all the rest. Here it only leaves the line behind, for one thread that writes.
"""

import atexit
import sys
import threading
import time
from collections import deque

from pyconsole.console import encoded, out_encoded

__all__ = ["GatheredLines"]

_GATHERING = 0.002  # seconds for which a line waits for others


class GatheredLines:
    """Standard output for the threads of a program. `flush` comes before whatever ends it, or prints past it."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._some = threading.Event()
        self._one_writer_at_a_time = threading.Lock()
        atexit.register(self.flush)
        threading.Thread(target=self._write_for_ever, daemon=True).start()

    def out(self, line: str) -> None:
        """Prints a line, soon. Java: `System.out.println(line)`."""
        self._lines.append(encoded(line))
        if sys.platform == "win32":
            self.flush()  # Ctrl-C ends the program there without asking Python: nothing may be left behind
        elif not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Prints what has been left behind so far."""
        with self._one_writer_at_a_time:
            lines = []
            while self._lines:
                lines.append(self._lines.popleft())
            if lines:
                out_encoded(b"".join(lines))

    def _write_for_ever(self) -> None:
        while True:
            self._some.wait()
            time.sleep(_GATHERING)
            self._some.clear()
            self.flush()
