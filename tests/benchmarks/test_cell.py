"""What a cell takes beyond its programs: both sides do run them."""

import sys

import pytest

from benchmarks.cell import by_hand, measure_containers, measure_processes
from benchmarks.rows import UnavailableError
from benchmarks.sampling import Effort
from conformance.backends.containers import connect_engine


def test_a_cell_and_its_programs_are_run_as_processes() -> None:
    (row,) = measure_processes(Effort(rounds=1, seconds=0.0))
    assert row.work == "a cell, beyond two processes started by hand"
    (seconds,) = row.values
    assert -10 < seconds < 10


def test_a_cell_and_its_programs_are_run_in_containers() -> None:
    engine, answer = connect_engine()
    if engine is None:
        pytest.skip(answer)
    works = [row.work for row in measure_containers(Effort(rounds=1, seconds=0.0))]
    assert works == [
        "a cell in containers, beyond two started by docker run",
        "a cell in containers, beyond two processes started by hand",
    ]


def test_by_hand_the_client_is_given_the_port_that_the_server_says() -> None:
    ports: list[str] = []
    server = [sys.executable, "-c", "print('### Écoute sur le port 4711', flush=True); input()"]

    def client(port: str) -> list[str]:
        ports.append(port)
        return [sys.executable, "-c", ""]

    assert by_hand(server, client, lambda process: process.kill()) > 0
    assert ports == ["4711"]


def test_by_hand_a_server_that_does_not_listen_is_no_server() -> None:
    server = [sys.executable, "-c", "print('no')"]
    with pytest.raises(UnavailableError, match="does not listen, but says 'no"):
        by_hand(server, lambda port: [], lambda process: process.kill())
