"""A port is one cell's at a time: among the threads of a run, among runs, and among other programs."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.agent.problem import HarnessError
from conformance.backends import ports
from conformance.backends.ports import is_free, port_of_its_own, the_port
from tests.conformance.running import ROOT

# Takes ports in several threads, and keeps them until its input ends: how many a thread keeps, and first gives back.
DRAWER = """
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from conformance.backends.ports import port_of_its_own

kept, given_back = map(int, sys.argv[1:])

def draw(_):
    for _ in range(given_back):
        with port_of_its_own():
            pass
    return [stack.enter_context(port_of_its_own()) for _ in range(kept)]

stack = ExitStack()
with stack, ThreadPoolExecutor(4) as pool:
    print(*(port for drawn in pool.map(draw, range(4)) for port in drawn), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Locks of their own: these tests take more ports than they leave to the runs of others."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    ports._locks.cache_clear()
    yield
    ports._locks.cache_clear()


def test_no_port_is_handed_out_twice_by_processes_at_once() -> None:
    command = [sys.executable, "-c", DRAWER, "250", "100"]
    with ExitStack() as stack:
        drawers = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(4)
        ]
        drawn = [int(port) for drawer in drawers if drawer.stdout for port in drawer.stdout.readline().split()]
        assert len(drawn) == 4000
        assert len(set(drawn)) == len(drawn)
        for drawer in drawers:
            drawer.communicate()


def test_a_process_that_is_killed_gives_its_ports_back() -> None:
    drawer = subprocess.Popen(
        [sys.executable, "-c", DRAWER, "1", "0"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with drawer:
        assert drawer.stdout is not None
        port = int(drawer.stdout.readline().split()[0])
        assert not ports._locks().lock(port)
        drawer.kill()
        drawer.wait()
        assert ports._locks().lock(port)


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, ""), (socket.AF_INET6, "::1")]
)
def test_a_port_that_another_program_has_is_passed_over(family: socket.AddressFamily, host: str) -> None:
    with port_of_its_own() as port:
        pass
    following = port + 1 if port + 1 in ports._ports() else ports._ports()[0]
    try:
        taken = socket.create_server((host, following), family=family)
    except OSError as error:
        pytest.skip(f"{host} port {following}: {error.strerror}")
    with taken:
        assert not is_free(following)
        with port_of_its_own() as given:
            assert given != following


def test_a_port_whose_last_connection_lingers_is_passed_over() -> None:
    with port_of_its_own() as port, socket.create_server(("127.0.0.1", port)) as server:
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = server.accept()
        served.close()  # it ends first, so its address waits for a while (TIME_WAIT)
        assert client.recv(1) == b""
        client.close()
    assert is_free(port, lingering=True)
    assert sys.platform != "linux" or not is_free(port)


def test_the_ports_are_outside_of_those_of_outgoing_connections(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "range"
    monkeypatch.setattr(ports, "_LINUX_RANGE", told)
    for low, high in ((32768, 60999), (15000, 61000), (1024, 40000), (25000, 65535)):
        told.write_text(f"{low}\t{high}\n")
        chosen = ports._ports()
        assert len(chosen) >= 1000
        assert chosen[-1] < low or chosen[0] > high
        assert chosen[0] >= 1024
        assert chosen[-1] <= 65535
    told.write_text("1024\t65535\n")
    assert len(ports._ports()) >= 1000  # there is no other; cells try again


def test_cells_that_insist_on_one_port_take_turns_and_another_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("_CELLS_SECONDS", "_PROGRAM_SECONDS"):
        monkeypatch.setattr(ports, limit, 0.2)
    with port_of_its_own() as port, pytest.raises(HarnessError) as another_cell, the_port(port, lambda: False):
        pass
    with the_port(port, lambda: False), socket.create_server(("127.0.0.1", port)):
        pass
    listening = socket.create_server(("127.0.0.1", port))
    with listening, pytest.raises(HarnessError) as another_program, the_port(port, lambda: False):
        pass
    problems = [raised.value.problem for raised in (another_cell, another_program)]
    assert [(problem.code, problem.values["port"]) for problem in problems] == [("harness-port", port)] * 2
    assert problems[0].values["reason"] != problems[1].values["reason"]
