"""Batched output: the lines of many threads, written in one system call every two milliseconds.

A thread that prints releases the interpreter lock during the system call and then waits for it again. With a hundred
threads that takes longer than all other work. Here a thread only appends its line to a queue, which one thread writes.
"""

import atexit
import sys
import threading
import time
from collections import deque

from pyconsole.console import encoded, out_encoded

__all__ = ["BatchedOutput"]

_BATCH_SECONDS = 0.002
_QUEUED_LINES = 10_000  # a console that is read has far fewer


class BatchedOutput:
    """Standard output for many threads. `flush` must be called before the program ends or prints in another way."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._some = threading.Event()
        self._one_writer_at_a_time = threading.Lock()
        atexit.register(self.flush)
        threading.Thread(target=self._write_for_ever, daemon=True).start()

    def out(self, line: str) -> None:
        """Prints a line within a few milliseconds. Java: `System.out.println(line)`.

        Waits, as Java does, while the console takes nothing in and 10,000 lines are queued.
        """
        self._lines.append(encoded(line))
        if sys.platform == "win32" or len(self._lines) > _QUEUED_LINES:
            self.flush()  # on Windows Ctrl-C ends the program without running Python code, and queued lines are lost
        elif not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Prints the lines that are queued."""
        with self._one_writer_at_a_time:
            lines = []
            while self._lines:
                lines.append(self._lines.popleft())
            if lines:
                out_encoded(b"".join(lines))

    def _write_for_ever(self) -> None:
        while True:
            self._some.wait()
            time.sleep(_BATCH_SECONDS)
            self._some.clear()
            self.flush()
