"""What a process is doing, as far as Linux tells: whether it does nothing but wait for bytes that others must send.

`/proc/PID/task/TID/syscall` has the system call that a thread is in, with its arguments: which socket it reads, and
whether it waits with a limit of time. So a program that thinks for a while can be told from one that waits for ever.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import psutil

__all__ = ["waits_for_bytes"]

_Call = Literal["bytes", "poll", "ppoll", "select", "epoll", "lock", "child", "sleep"]

# By machine: the numbers of the calls; and per call which argument is its limit of time, if it has one.
_NUMBERS: Final[dict[str, dict[int, _Call]]] = {
    "x86_64": {
        **dict.fromkeys((0, 45, 47, 43, 288), "bytes"),  # read, recvfrom, recvmsg, accept, accept4
        7: "poll",
        271: "ppoll",
        **dict.fromkeys((23, 270), "select"),  # select, pselect6
        **dict.fromkeys((232, 281), "epoll"),  # epoll_wait, epoll_pwait
        202: "lock",  # futex
        **dict.fromkeys((61, 247), "child"),  # wait4, waitid
        **dict.fromkeys((35, 230), "sleep"),  # nanosleep, clock_nanosleep
    },
    "aarch64": {
        **dict.fromkeys((63, 207, 212, 202, 242), "bytes"),
        73: "ppoll",
        72: "select",
        22: "epoll",
        98: "lock",
        **dict.fromkeys((260, 95), "child"),
        **dict.fromkeys((101, 115), "sleep"),
    },
}
_LIMIT_ARGUMENT: Final = {"poll": 2, "ppoll": 2, "select": 4, "epoll": 3, "lock": 3}
_FOR_EVER: Final = 0xFFFFFFFF  # -1, as an int
_LOOKS_UP: Final = 1000  # ms: who wakes up so often only looks whether to end, as socketserver does


def waits_for_bytes(pid: int, timers: Collection[str]) -> bool | None:
    """Whether the process and its children only wait for bytes of others; False while they work, or sleep for a while.

    Who was stopped (SIGSTOP) waits too.

    None where that cannot be seen: on other systems, or in calls that tell too little. `timers` are the names of
    threads of the runtime itself, which wake up by time and do nothing for the program.
    """
    numbers = _NUMBERS.get(platform.machine())
    if sys.platform != "linux" or numbers is None:
        return None
    try:
        root = psutil.Process(pid)
        if root.status() == psutil.STATUS_STOPPED:
            return True  # it does nothing until somebody lets it go on
        states = [
            _state(thread, numbers, timers)
            for process in (root, *root.children(recursive=True))
            for thread in Path(f"/proc/{process.pid}/task").iterdir()
        ]
    except (psutil.Error, OSError):
        return None
    if "works" in states:
        return False
    return None if "unknown" in states or "bytes" not in states else True


def _state(thread: Path, numbers: dict[int, _Call], timers: Collection[str]) -> str:
    """`bytes`, `works`, `rests` (it waits for another thread), or `unknown`."""
    told = (thread / "syscall").read_text().split()
    if told[0] == "running":
        return "works"
    call, arguments = numbers.get(int(told[0])), [int(word, 16) for word in told[1:7]]
    if call == "bytes":
        return "bytes" if _is_socket(thread, arguments[0]) else "rests"
    if call == "child":
        return "rests"
    if call == "sleep":
        return "works"
    if call is None:
        return "unknown"
    limit = arguments[_LIMIT_ARGUMENT[call]]
    if call == "lock":
        return "rests" if not limit or (thread / "comm").read_text().strip() in timers else "works"
    if call in ("select", "ppoll"):  # their limit is in the memory of the program
        return "unknown" if limit else "bytes"
    limit &= _FOR_EVER
    return "bytes" if limit == _FOR_EVER or (call == "poll" and limit <= _LOOKS_UP) else "works"


def _is_socket(thread: Path, number: int) -> bool:
    with suppress(OSError):
        return str((thread / "fd" / str(number)).readlink()).startswith("socket:")
    return False
