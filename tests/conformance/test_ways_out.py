"""Every wait has an end, and on every way out nothing of a run is left: programs, their children, builds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from conformance.backends import choose_backend, processes
from conformance.backends.base import ConsoleLog, ProgramError
from conformance.backends.processes import ProcessBackend, ProcessHandle
from conformance.backends.run_label import RUN_LABEL_VARIABLE, run_label
from tests.conformance.building import REGISTRY
from tests.conformance.running import HERE, arguments, environment

LONG = 30.0
ENVIRONMENT = {**os.environ, RUN_LABEL_VARIABLE: f"{run_label()}/tests"}

# A program that prints, leaves a child with its console, and ends; and one whose child leaves its session as well.
LEAVES_A_CHILD = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(75)']{})"
IN_ITS_SESSION = LEAVES_A_CHILD.format("") + "; print('told')"
IN_ANOTHER = LEAVES_A_CHILD.format(", start_new_session=True") + "; print('told')"


def labelled(label: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_LABEL_VARIABLE, "").startswith(label):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def gone(label: str, until: float) -> bool:
    """Whether nothing has that label any more by then."""
    while labelled(label):
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def backend() -> Iterator[ProcessBackend]:
    made = choose_backend("processes", REGISTRY.runtimes)
    assert isinstance(made, ProcessBackend)
    yield made
    made.close()


@pytest.mark.parametrize("code", [IN_ITS_SESSION, IN_ANOTHER], ids=["in its session", "in another"])
def test_a_console_ends_with_its_program(code: str) -> None:
    log = ConsoleLog()
    handle = ProcessHandle([sys.executable, "-c", code], HERE, ENVIRONMENT, log)
    began = time.monotonic()
    assert handle.wait(began + LONG) == 0
    assert time.monotonic() - began < LONG
    assert log.closed
    assert [line.text for line in log.lines] == ["told"]
    assert gone(ENVIRONMENT[RUN_LABEL_VARIABLE], time.monotonic() + LONG)


def test_a_program_that_is_stopped_takes_its_children_with_it() -> None:
    log = ConsoleLog()
    code = f"{IN_ANOTHER}; sys.stdout.flush(); sys.stdin.read()"
    handle = ProcessHandle([sys.executable, "-c", code], HERE, ENVIRONMENT, log, typed=True)
    assert log.wait_for(lambda log: log.count("out") == 1, time.monotonic() + LONG)
    assert handle.stop() is None
    assert log.closed
    assert gone(ENVIRONMENT[RUN_LABEL_VARIABLE], time.monotonic() + LONG)


def test_a_build_that_leaves_a_child_is_over(backend: ProcessBackend) -> None:
    status, lines = backend._run([sys.executable, "-c", IN_ANOTHER], HERE)
    assert (status, lines) == (0, ["told"])
    assert gone(backend.environment[RUN_LABEL_VARIABLE], time.monotonic() + LONG)


def test_a_build_that_never_ends_is_no_program(backend: ProcessBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_BUILD_SECONDS", 0.5)
    with pytest.raises(ProgramError):
        backend._run([sys.executable, "-c", "import time; time.sleep(75)"], HERE)
    assert gone(backend.environment[RUN_LABEL_VARIABLE], time.monotonic() + LONG)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send to a process")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_run_that_is_told_to_end_ends_its_programs(number: signal.Signals, tmp_path: Path) -> None:
    programs = HERE / "hanging" / "programs.yaml"
    options = ("--backend", "processes", "--programs", str(programs), "-k", "silent and waits-for-ever and direct")
    command = arguments(tmp_path, *options)
    # What runs in the background of a shell ignores SIGINT.
    restored = f"import os, signal, sys; signal.signal({number.value}, signal.SIG_DFL)"
    python = [sys.executable, "-c", f"{restored}; os.execv(sys.argv[1], sys.argv[1:])"]
    with subprocess.Popen([*python, *command], cwd=HERE.parents[1], env=environment(), stdout=subprocess.PIPE) as run:
        label = f"{os.uname().nodename}/{run.pid}/"
        until = time.monotonic() + LONG
        # The tap, the server, and the client.
        while len(labelled(label)) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(labelled(label)) == 3
        run.send_signal(number)
        run.communicate(timeout=2 * LONG)
        assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert gone(label, time.monotonic() + LONG)
