"""How a program behaves as a process: how it ends on Ctrl-C, how many connections it may have, where it runs."""

import contextlib
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["allow_many_connections", "end_on_ctrl_c", "stay_on_one_processor"]

_MANY = 65_536
_LAST_SECONDS = 1.0


def end_on_ctrl_c(last: Callable[[], None] | None = None) -> None:
    """From now on Ctrl-C, and SIGTERM, end the program at once and without a traceback, with Java's status (130, 143).

    `last` is what is still to be done then, such as lines to be written; it may take a second. Otherwise there is
    nothing to put in order: every line is on the console already, and the system closes the sockets.
    """
    if sys.platform == "win32":
        # No Python code runs while accept or recv waits, there; the system's own way to end it needs none.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return

    def end(number: int, _frame: FrameType | None) -> None:
        if last is None:
            os._exit(128 + number)
        # Not here: the main thread may be in the midst of the same thing, and goes on with it meanwhile.
        threading.Thread(target=_finish, args=(last, 128 + number), daemon=True).start()

    # Not the system's own way, here: it spares the first process of a container.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


def _finish(last: Callable[[], None], status: int) -> None:
    doing = threading.Thread(target=last, daemon=True)
    doing.start()
    doing.join(_LAST_SECONDS)  # a console that nobody reads takes no lines
    os._exit(status)


def allow_many_connections() -> None:
    """Asks the system for as many open files as it grants, as the JVM does: often 1,024 unless asked."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MANY if hard == resource.RLIM_INFINITY else min(_MANY, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def stay_on_one_processor() -> None:
    """Keeps the threads of a program together, where the system lets it: they take turns anyway.

    Python runs one thread at a time. Handing over to a thread on another processor means to wake that one, which takes
    longer than an addition.
    """
    if sys.platform == "linux" and getattr(sys, "_is_gil_enabled", lambda: True)():
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {random.choice(sorted(os.sched_getaffinity(0)))})
