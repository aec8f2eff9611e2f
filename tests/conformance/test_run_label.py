"""The run label tells whether its run is still alive, whatever happens to the clock."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import psutil
import pytest

from conformance.backends import choose_backend
from conformance.backends.containers import ContainerBackend, connect_engine
from conformance.backends.run_label import is_gone, run_label
from tests.conformance.building import REGISTRY


def test_a_run_that_lives_is_not_gone() -> None:
    assert not is_gone(run_label())
    assert not is_gone(f"{run_label()}/and-something")


def test_it_is_not_gone_because_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting it an hour back moves the time of the day at which the system started, and that of every process."""
    told = run_label()
    started, created = psutil.boot_time(), psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: started - 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: created(process) - 3600)
    assert not is_gone(told)


def test_a_run_that_has_ended_is_gone_and_so_is_one_whose_number_another_process_has_now() -> None:
    command = [sys.executable, "-c", "import conformance.backends.run_label as label; print(label.run_label())"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert is_gone(told)
    host, pid, began = run_label().split("/")
    assert int(pid) == os.getpid()
    assert is_gone(f"{host}/{pid}/{float(began) - 60:.2f}")


@pytest.mark.parametrize("other", ["elsewhere/1/2.00", f"{platform.node()}/x/2.00", "", f"{platform.node()}/1/x"])
def test_what_cannot_be_judged_is_left_alone(other: str) -> None:
    assert not is_gone(other)


def test_a_backend_that_ends_leaves_another_of_the_same_process_alone() -> None:
    engine, answer = connect_engine()
    if engine is None:
        pytest.skip(answer)
    first, second = (choose_backend("containers", REGISTRY.runtimes) for _ in range(2))
    assert isinstance(first, ContainerBackend)
    try:
        second.close()
        assert engine.networks.get(str(first.network.id)).attrs["Internal"]
    finally:
        first.close()
        engine.close()
