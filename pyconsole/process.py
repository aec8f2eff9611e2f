"""How a program behaves as a process: how it ends on Ctrl-C, how many connections the system lets it have."""

import contextlib
import os
import signal
import sys
from types import FrameType

__all__ = ["allow_many_connections", "end_on_ctrl_c"]

_MANY = 65_536


def end_on_ctrl_c() -> None:
    """From now on Ctrl-C, and SIGTERM, end the program at once and without a traceback, with Java's status (130, 143).

    There is nothing to put in order first: every line is on the console already, and the system closes the sockets.
    """
    if sys.platform == "win32":
        # No Python code runs while accept or recv waits, there; the system's own way to end it needs none.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    else:
        # Not the system's own way, here: it spares the first process of a container.
        signal.signal(signal.SIGINT, _end)
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)


def allow_many_connections() -> None:
    """Asks the system for as many open files as it grants, as the JVM does: often 1,024 unless asked."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MANY if hard == resource.RLIM_INFINITY else min(_MANY, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
