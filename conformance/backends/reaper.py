"""The reaper: removes the processes and the temporary folders of runs that have ended. `engine.py` has containers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from conformance.backends.run_label import RUN_LABEL_VARIABLE, is_gone, run_label

__all__ = ["labelled_folder", "reap_folders", "reap_processes"]

_FOLDER = "java-python-sockets-"
_LABEL_FILE = "run.txt"
_END_SECONDS = 5


def labelled_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that carries this run's label."""
    folder = tempfile.TemporaryDirectory(prefix=_FOLDER, ignore_cleanup_errors=True)
    Path(folder.name, _LABEL_FILE).write_text(run_label(), encoding="utf-8")
    return folder


def reap_folders() -> None:
    """Removes the temporary folders of runs that have ended."""
    for file in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*/{_LABEL_FILE}"):
        with suppress(OSError):
            if is_gone(file.read_text(encoding="utf-8")):
                shutil.rmtree(file.parent, ignore_errors=True)


def reap_processes() -> int:
    """Kills the processes of runs that have ended; returns how many there were."""
    left = list(_left_behind())
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=_END_SECONDS)
    return len(left)


def _left_behind() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            label = process.environ().get(RUN_LABEL_VARIABLE)
            if label is not None and is_gone(label):
                yield process
