"""The process: how it ends on Ctrl-C, how many connections it may have, which processor it runs on."""

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
    """Makes Ctrl-C and SIGTERM end the program at once, without a traceback and with Java's exit status, 130 or 143.

    `last` is called before the end, for instance to print queued lines; it may take one second. Nothing else has to be
    cleaned up: every other line is printed already, and the system closes the sockets.
    """
    if sys.platform == "win32":
        # On Windows no Python code runs during accept or recv. The default handler needs none.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return

    def end(number: int, _frame: FrameType | None) -> None:
        if last is None:
            os._exit(128 + number)
        # In a thread: the main thread may be inside `last` already, and must be able to finish it.
        threading.Thread(target=_finish, args=(last, 128 + number), daemon=True).start()

    # The default handlers would not end a program that is the first process of a container.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


def _finish(last: Callable[[], None], status: int) -> None:
    doing = threading.Thread(target=last, daemon=True)
    doing.start()
    doing.join(_LAST_SECONDS)  # printing blocks forever on a console that nobody reads
    os._exit(status)


def allow_many_connections() -> None:
    """Raises the limit of open files as far as the system allows, as the JVM does; it is often 1,024."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MANY if hard == resource.RLIM_INFINITY else min(_MANY, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that it does not report
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def stay_on_one_processor() -> None:
    """Keeps all threads of the program on one processor, where the system allows it.

    Python runs one thread at a time. Switching to a thread on another processor has to wake that processor, which takes
    longer than an addition.
    """
    if sys.platform == "linux" and getattr(sys, "_is_gil_enabled", lambda: True)():
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {random.choice(sorted(os.sched_getaffinity(0)))})
