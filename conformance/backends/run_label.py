"""Who a program or a container belongs to: the run that started it, told so that a later run can see if it still lives.

Whatever a run starts carries its mark. A run that was killed cannot clean up; the next one finds marks whose run is
gone, and removes what carries them. A run that lives is left alone, so that two can go on side by side.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["MARK_VARIABLE", "end_marked_processes", "is_gone", "mark", "marked_folder", "remove_marked_folders"]

MARK_VARIABLE = "JAVA_PYTHON_SOCKETS_RUN"
_FOLDER = "java-python-sockets-"
_FOLDER_MARK = "run.txt"
_UNSURE_SECONDS = 3.0  # the two times of `_began` may be rounded, or read on both sides of a change of the clock


def mark() -> str:
    """The mark of this run: host, process id and when that process began."""
    return f"{platform.node()}/{os.getpid()}/{_began(psutil.Process()):.2f}"


def is_gone(other: str) -> bool:
    """Whether the run of that mark was on this host and has ended; a run of another host is none of our business."""
    host, _, rest = other.partition("/")
    pid, began, *_ = *rest.split("/"), ""  # who made it may have added something of its own
    if host != platform.node() or not pid.isdigit():
        return False
    try:
        process = psutil.Process(int(pid))
        return process.status() == psutil.STATUS_ZOMBIE or abs(_began(process) - float(began)) > _UNSURE_SECONDS
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, ValueError):
        return False


def _began(process: psutil.Process) -> float:
    """Seconds from the start of the system: the time of the day may be set meanwhile, and would move both."""
    started = psutil.boot_time()
    return process.create_time() - started


def end_marked_processes() -> int:
    """Ends the processes that runs which are gone have left behind; says how many."""
    left = list(_left_behind())
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=5)
    return len(left)


def marked_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder with this run's mark."""
    folder = tempfile.TemporaryDirectory(prefix=_FOLDER, ignore_cleanup_errors=True)
    Path(folder.name, _FOLDER_MARK).write_text(mark(), encoding="utf-8")
    return folder


def remove_marked_folders() -> None:
    """Removes the temporary folders of runs that are gone."""
    for file in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*/{_FOLDER_MARK}"):
        with suppress(OSError):
            if is_gone(file.read_text(encoding="utf-8")):
                shutil.rmtree(file.parent, ignore_errors=True)


def _left_behind() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            owner = process.environ().get(MARK_VARIABLE)
            if owner is not None and is_gone(owner):
                yield process
