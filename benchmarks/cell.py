"""A cell of the matrix: the seconds it takes beyond its two programs, which are also started by hand.

By hand: start the server, wait for the line that says it listens, start the client, wait for its end, end the server.
Nothing is recorded or judged. The programs are Python's, which start soonest, so that the overhead weighs most.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from benchmarks.rows import Figure, Row, UnavailableError
from benchmarks.sampling import Effort, in_turns
from benchmarks.servers import pyserver
from conformance.backends import NoBackendError, choose_backend
from conformance.backends.base import Backend
from conformance.model import load_registry
from conformance.model.cells import Cell, all_cells
from conformance.runner.cell_run import run_cell

__all__ = ["by_hand", "measure_containers", "measure_processes"]

_NAME = "addition/python-simple/python-simple/direct"
_LISTENING = "### Écoute sur le port "
# The limits that the matrix sets, as options of `docker run`.
_ALLOWED = (
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--read-only",
    "--tmpfs=/tmp",
    "--memory=512m",
    "--pids-limit=512",
)


def measure_processes(effort: Effort) -> Iterator[Row]:
    """Seconds beyond the programs, which run as processes."""
    with _cell("processes") as (run, _, _):
        cells, processes = in_turns(effort.rounds, run, _processes_by_hand)
    yield _beyond("a cell, beyond two processes started by hand", cells, processes, at_most=0.1)


def measure_containers(effort: Effort) -> Iterator[Row]:
    """Seconds beyond the programs, which run in containers."""
    with _cell("containers") as (run, cell, backend), _network() as network:
        from conformance.backends.containers import ContainerBackend  # the docker package may be missing

        assert isinstance(backend, ContainerBackend)
        image = backend.image(cell.server)
        cells, containers, processes = in_turns(
            effort.rounds, run, lambda: _containers_by_hand(image, network), _processes_by_hand
        )
    yield _beyond("a cell in containers, beyond two started by docker run", cells, containers, at_most=0.4)
    yield _beyond("a cell in containers, beyond two processes started by hand", cells, processes, at_most=0.4)


def _beyond(work: str, cells: list[float], programs: list[float], at_most: float) -> Figure:
    beyond = [ours - theirs for ours, theirs in zip(cells, programs, strict=True)]
    return Figure(work, beyond, "s", at_most=at_most)


@contextmanager
def _cell(backend_name: str) -> Iterator[tuple[Callable[[], float], Cell, Backend]]:
    """Times the cell in a worker that is already started, as all cells of a run but the first ones are."""
    registry = load_registry()
    cell = next(cell for cell in all_cells(registry, {}) if cell.name == _NAME)
    with ExitStack() as stack:
        try:
            backend = choose_backend(backend_name, registry.runtimes)
        except NoBackendError as reason:
            raise UnavailableError(str(reason)) from None
        stack.callback(backend.close)
        backend.prepare(cell.programs, lambda line: print(line, flush=True))
        worker = backend.worker()
        stack.callback(worker.close)

        def run() -> float:
            result = run_cell(cell, worker)
            assert not result.verdict.problems, result.verdict.problems
            return result.seconds

        yield run, cell, backend


def _processes_by_hand() -> float:
    def client(port: str) -> list[str]:
        return [sys.executable, "-m", "pyclient", "simple", "--port", port]

    return by_hand(pyserver("simple"), client, lambda process: process.kill())


def _containers_by_hand(image: str, network: str) -> float:
    name = f"server-{uuid4().hex}"
    run = ["docker", "run", "--rm", "--network", network, *_ALLOWED]

    def client(port: str) -> list[str]:
        return [*run, image, "python3", "-m", "pyclient", "simple", "--host", name, "--port", port]

    server = [*run, "--name", name, image, "python3", "-m", "pyserver", "simple"]
    return by_hand(server, client, lambda _process: _docker("rm", "--force", name))


def by_hand(
    server: Sequence[str], client: Callable[[str], list[str]], end: Callable[[subprocess.Popen[bytes]], object]
) -> float:
    """Seconds from the start of the server to its end; the client gets the port that the server prints."""
    began = time.perf_counter()
    with subprocess.Popen(server, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            if not line.startswith(_LISTENING):
                raise UnavailableError(f"the server does not listen, but says {line!r}")
            subprocess.run(client(line.removeprefix(_LISTENING).strip()), stdout=subprocess.DEVNULL, check=True)
        finally:
            end(process)
    return time.perf_counter() - began


@contextmanager
def _network() -> Iterator[str]:
    if shutil.which("docker") is None:
        raise UnavailableError("there is no docker on the PATH")
    name = f"benchmarks-{uuid4().hex}"
    _docker("network", "create", "--internal", name)
    try:
        yield name
    finally:
        _docker("network", "rm", name)


def _docker(*words: str) -> None:
    subprocess.run(["docker", *words], stdout=subprocess.DEVNULL, check=True)
