"""The run label: which run started a process, a container or a folder, and whether that run is still alive.

Everything that a run starts carries the run's label. A run that is killed cannot clean up; the next run removes what
carries the label of a run that has ended. Runs that are alive do not disturb each other.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["RUN_LABEL_VARIABLE", "is_gone", "kill_labelled", "labelled_folder", "reap", "run_label"]

RUN_LABEL_VARIABLE = "JAVA_PYTHON_SOCKETS_RUN"
"""The environment variable that carries the label."""

_UNSURE_SECONDS = 3.0  # the two times may be rounded, or read before and after a change of the clock
_FOLDER, _LABEL_FILE = "java-python-sockets-", "run.txt"
_END_SECONDS = 5


def run_label() -> str:
    """The label of this run: `host/process id/seconds from the start of the system to the start of the process`."""
    return f"{platform.node()}/{os.getpid()}/{_began(psutil.Process()):.2f}"


def is_gone(label: str) -> bool:
    """Whether the run of that label was on this host and has ended; False for a run of another host.

    A label may have more parts behind the three that `run_label` gives.
    """
    host, pid, began, *_ = *label.split("/"), "", ""
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
    # Relative to the start of the system, since setting the clock changes both times.
    return process.create_time() - psutil.boot_time()


def labelled_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that carries this run's label."""
    folder = tempfile.TemporaryDirectory(prefix=_FOLDER, ignore_cleanup_errors=True)
    Path(folder.name, _LABEL_FILE).write_text(run_label(), encoding="utf-8")
    return folder


def reap() -> None:
    """Kills the processes of runs that have ended, and removes their temporary folders."""
    kill_labelled(is_gone)
    for file in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*/{_LABEL_FILE}"):
        with suppress(OSError):
            if is_gone(file.read_text(encoding="utf-8")):
                shutil.rmtree(file.parent, ignore_errors=True)


def kill_labelled(unwanted: Callable[[str], bool]) -> None:
    """Kills the processes whose run label is unwanted, wherever they are: a child may have left its parent's session.

    Waits until they have ended, for 5 s.
    """
    left: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if (label := process.environ().get(RUN_LABEL_VARIABLE)) and unwanted(label):
                process.kill()
                left.append(process)
    psutil.wait_procs(left, timeout=_END_SECONDS)
