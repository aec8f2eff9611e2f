"""The harness's own trouble: it is tried again, and then told as such, and never as a fault of a program."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from docker.errors import APIError
from testcontainers.core.exceptions import ContainerStartException

from conformance.agent.problem import HarnessError, Problem
from conformance.backends import Backend, choose_backend, containers, ports, processes
from conformance.backends.base import ConsoleLog, ProgramError, Worker, build
from conformance.model.cells import Cell, all_cells
from conformance.runner import scheduler as scheduling
from conformance.runner.cell_run import CellResult, Limits, found_port_taken, not_run, run_cell
from conformance.runner.scheduler import Scheduler, Work
from tests.conformance.building import REGISTRY
from tests.conformance.running import ROOT, arguments, environment, read_records, run_matrix

CELL = "addition/python-async/python-simple/direct"
KEY = "a piece of work"
LONG = 30.0
HELD_UP_SECONDS = 4.0  # twice as long as a stalemate takes to be certain


@dataclass(frozen=True)
class Made:
    """A result with these codes."""

    codes: tuple[str, ...] = ()
    port_taken: bool = False
    timed_out: bool = False

    @property
    def problems(self) -> Sequence[Problem]:
        return [Problem(code) for code in self.codes]

    def ours(self, problem: Problem) -> Made:
        return replace(self, codes=(problem.code,))


class FakeWorker:
    patience = 1.0
    broken = False
    closed = False

    def close(self) -> None:
        self.closed = True


class FakeBackend:
    trouble = "harness-engine"

    def __init__(self) -> None:
        self.workers: list[FakeWorker] = []

    def worker(self) -> FakeWorker:
        self.workers.append(FakeWorker())
        return self.workers[-1]

    def abort(self) -> None:
        pass


@contextmanager
def scheduler(backend: FakeBackend | Backend, workers: int = 1) -> Iterator[Scheduler]:
    made = Scheduler(cast(Backend, backend), workers)
    try:
        yield made
    finally:
        made.close()


def outcome(backend: FakeBackend, *tries: Made | Exception) -> tuple[Made, int]:
    """What is believed of work that comes to this on each try; and how often it was tried."""
    left = list(tries)

    def run(names: Sequence[str], worker: Worker) -> Mapping[str, Made]:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return dict.fromkeys(names, found)

    with scheduler(backend) as made:
        made.submit(KEY, Work(["it"], run, lambda name, error: Made((error.problem.code,))))
        return made.result(KEY)["it"], len(tries) - len(left)


GOOD, BAD = Made(), Made(("wrong-value",))
TAP = HarnessError("harness-tap", reason="it ended")


def test_a_failure_is_believed_at_once() -> None:
    assert outcome(FakeBackend(), BAD, GOOD) == (BAD, 1)


@pytest.mark.parametrize(
    "trouble", [TAP, Made(("harness-player",)), OSError(errno.EMFILE, "too many"), ValueError("a bug")]
)
def test_trouble_is_tried_again_once(trouble: Made | Exception) -> None:
    assert outcome(FakeBackend(), trouble, GOOD) == (GOOD, 2)
    assert outcome(FakeBackend(), trouble, BAD) == (BAD, 2)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (TAP, "harness-tap"),
        (OSError(errno.EMFILE, "too many"), "harness-files"),
        (OSError(errno.ENOSPC, "full"), "harness-disk"),
        (OSError(errno.EAGAIN, "no fork"), "harness-memory"),
        (MemoryError(), "harness-memory"),
        (ConnectionResetError("the engine went away"), "harness-engine"),
    ],
)
def test_trouble_that_stays_has_a_code_of_its_own(trouble: Exception, code: str) -> None:
    assert outcome(FakeBackend(), trouble, trouble) == (Made((code,)), 2)


def test_the_second_try_is_in_a_fresh_worker() -> None:
    backend = FakeBackend()
    outcome(backend, TAP, GOOD)
    assert [worker.closed for worker in backend.workers] == [True, True]
    assert len(backend.workers) == 2


def test_a_server_that_found_its_port_taken_gets_another_one_twice() -> None:
    taken = Made(("never-listened",), port_taken=True)
    assert outcome(FakeBackend(), taken, taken, GOOD) == (GOOD, 3)
    assert outcome(FakeBackend(), taken, taken, taken) == (taken, 3)


@pytest.mark.parametrize(
    ("line", "is_it"),
    [
        ("OSError: [Errno 98] Address already in use", True),
        ('Exception in thread "main" java.net.BindException: Adresse déjà utilisée (Bind failed)', True),
        ("Error: listen EADDRINUSE: address already in use :::20001", True),
        ("The sum is 98", False),
    ],
)
def test_how_programs_say_that_a_port_is_taken(line: str, is_it: bool) -> None:
    console = ConsoleLog()
    console.feed("err", f"{line}\n".encode())
    assert not found_port_taken(console)  # it goes on, so it has one
    console.end()
    assert found_port_taken(console) is is_it


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("error: error while writing Client: build/Client.class: No space left on device", "harness-disk"),
        ("# There is insufficient memory for the Java Runtime Environment to continue.", "harness-memory"),
    ],
)
def test_a_build_that_fails_by_the_machine_is_no_fault_of_the_program(line: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as raised:
        build(the_cell().server, ["javac"], tmp_path, lambda command, folder: (1, ["Client.java:1:", line]))
    assert raised.value.problem.code == code
    with pytest.raises(ProgramError):
        build(the_cell().server, ["javac"], tmp_path, lambda command, folder: (1, ["Client.java:1: ';' expected"]))


@pytest.mark.parametrize(
    ("status", "explanation", "raises"),
    [
        (500, "failed to create endpoint on network bridge: no space left on device", HarnessError),
        (500, 'OCI runtime create failed: exec: "serveur": executable file not found in $PATH', ProgramError),
        (404, "No such image: mine:latest", ProgramError),
    ],
)
def test_a_container_that_does_not_start_by_the_engine_is_no_fault_of_the_program(
    monkeypatch: pytest.MonkeyPatch, status: int, explanation: str, raises: type[Exception]
) -> None:
    class Container:
        tmpfs: ClassVar[dict[str, str]] = {}

        def __init__(self, *_: Any, **__: Any) -> None: ...

        def start(self) -> None:
            raise APIError("it failed", cast(Any, SimpleNamespace(status_code=status)), explanation)

        def get_wrapped_container(self) -> None:
            raise ContainerStartException

    monkeypatch.setattr(containers, "_Container", Container)
    with pytest.raises(raises):
        containers.ContainerHandle(cast(Any, SimpleNamespace(engine=None, labels={})), "image", [], ConsoleLog())


# Overloaded ----------------------------------------------------------------------------------------------------------

SLOW = Made(("ends-inside", "still-running"))


class Late:
    """Was late by so much in each try."""

    def __init__(self, *seconds: float) -> None:
        self._seconds = list(seconds)

    def since(self, began: float) -> float:
        return self._seconds.pop(0)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("late", "tries", "believed"),
    [
        ((0.0,), (SLOW, GOOD), SLOW),
        ((3.0, 0.0), (SLOW, GOOD), GOOD),
        ((3.0, 0.0), (SLOW, SLOW), SLOW),
        ((3.0, 3.0), (SLOW, SLOW), Made(("harness-overloaded",))),
        ((3.0,), (BAD, GOOD), BAD),
        ((3.0,), (GOOD, BAD), GOOD),
    ],
)
def test_what_came_too_late_proves_nothing_while_the_harness_was_late(
    monkeypatch: pytest.MonkeyPatch, late: Sequence[float], tries: Sequence[Made], believed: Made
) -> None:
    monkeypatch.setattr(scheduling, "_Lateness", lambda: Late(*late))
    assert outcome(FakeBackend(), *tries) == (believed, len(late))


def test_on_a_crowded_machine_it_is_tried_again_and_then_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_crowded", lambda: True)
    assert outcome(FakeBackend(), SLOW, GOOD) == (GOOD, 2)
    assert outcome(FakeBackend(), SLOW, SLOW) == (SLOW, 2)
    assert outcome(FakeBackend(), BAD, GOOD) == (BAD, 1)
    hung = Made(("never-sent",), timed_out=True)
    assert outcome(FakeBackend(), hung, GOOD) == (GOOD, 2)
    assert outcome(FakeBackend(), hung, Made(("hung-before",))) == (hung, 2)


def test_the_second_try_has_more_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_Lateness", lambda: Late(3.0, 0.0, 0.0))
    patience: list[float] = []

    def run(names: Sequence[str], worker: Worker) -> Mapping[str, Made]:
        patience.append(worker.patience)
        return dict.fromkeys(names, SLOW if len(patience) == 1 else GOOD)

    with scheduler(FakeBackend()) as made:
        for key in ("first", "second"):
            made.submit(key, Work([key], run, lambda name, error: Made((error.problem.code,))))
            made.result(key)
    assert patience == [1.0, 4.0, 1.0]
    assert Limits().times(4.0).listen == 4 * Limits().listen


def test_it_is_then_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_Lateness", lambda: Late(3.0, 0.0, *[0.0] * 20))
    running: set[str] = set()
    beside: list[int] = []
    first = threading.Event()

    def work(name: str) -> Work:
        def run(names: Sequence[str], worker: Worker) -> Mapping[str, Made]:
            running.add(name)
            beside.append(len(running)) if name == "slow" else first.wait(LONG)
            running.discard(name)
            first.set()
            return {name: SLOW if name == "slow" and len(beside) == 1 else GOOD}

        return Work([name], run, lambda name, error: Made((error.problem.code,)))

    with scheduler(FakeBackend(), 4) as made:
        for name in ("slow", "a", "b", "c", "d", "e"):
            made.submit(name, work(name))
        assert made.result("slow")["slow"] == GOOD
        assert beside[1] == 1


# Injected ------------------------------------------------------------------------------------------------------------


def the_cell(name: str = CELL) -> Cell:
    return next(cell for cell in all_cells(REGISTRY, {}) if cell.name == name)


def tried(before: Callable[[int, Worker], None]) -> tuple[CellResult, int]:
    """The result of a cell that is run as in the matrix, and how often; `before` is done before each try."""
    backend = choose_backend("processes", REGISTRY.runtimes)
    cell, count = the_cell(), 0

    def run(names: Sequence[str], worker: Worker) -> Mapping[str, CellResult]:
        nonlocal count
        count += 1
        before(count, worker)
        return {cell.name: run_cell(cell, worker)}

    try:
        backend.prepare(cell.programs, lambda text: None)
        with scheduler(backend) as made:
            made.submit(KEY, Work([cell.name], run, lambda name, error: not_run(cell, error.problem)))
            return made.result(KEY)[cell.name], count
    finally:
        backend.close()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_port_that_another_program_takes_meanwhile(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The server of a cell is given a port on which somebody listens: so it ends, which is believed the third time."""
    real, listening = ports.port_of_its_own, socket.create_server(("", 0))
    given = 0

    @contextmanager
    def a_port() -> Iterator[int]:
        nonlocal given
        given += 1
        with real() as port:
            yield listening.getsockname()[1] if given % 2 and given < 2 * times else port  # the server's, not the tap's

    monkeypatch.setattr(processes, "port_of_its_own", a_port)
    with listening:
        result, count = tried(lambda number, worker: None)
    believed = ["never-listened"] if times == 3 else []
    assert ([problem.code for problem in result.problems], count) == (believed, min(times + 1, 3))


def kill_the_tap(number: int, worker: Worker) -> None:
    cast(Any, worker)._tap.stop()


def test_a_tap_that_is_killed_is_replaced() -> None:
    result, count = tried(lambda number, worker: kill_the_tap(number, worker) if number == 1 else None)
    assert (result.problems, count) == ((), 2)


def test_a_tap_that_is_killed_again_is_an_error() -> None:
    result, count = tried(kill_the_tap)
    assert ([problem.code for problem in result.problems], count) == (["harness-tap"], 2)


def test_a_tap_that_dies_in_the_middle_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill_later(number: int, worker: Worker) -> None:
        started = worker.start

        def start(*told: Any, **options: Any) -> Any:
            found = started(*told, **options)
            if told[0].role == "client":
                kill_the_tap(number, worker)
            return found

        monkeypatch.setattr(worker, "start", start)

    result, count = tried(kill_later)
    assert ([problem.code for problem in result.problems], count) == (["harness-tap"], 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")
def test_a_tap_that_is_held_up_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile both programs wait for bytes, which lie in its sockets: that is no stalemate."""

    def hold_up(number: int, worker: Worker) -> None:
        started, tap = worker.start, cast(Any, worker)._tap._process

        def start(*told: Any, **options: Any) -> Any:
            if told[0].role == "client":
                tap.send_signal(signal.SIGSTOP)
                threading.Timer(HELD_UP_SECONDS, tap.send_signal, [signal.SIGCONT]).start()
            return started(*told, **options)

        monkeypatch.setattr(worker, "start", start)

    result, count = tried(hold_up)
    assert (result.problems, count) == ((), 1)
    assert result.seconds >= HELD_UP_SECONDS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_no_more_files_is_an_error() -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def none_left(number: int, worker: Worker) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))  # what is open stays so

    try:
        result, count = tried(none_left)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert ([problem.code for problem in result.problems], count) == (["harness-files"], 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of the size of files")
def test_on_a_full_disk_records_are_whole_or_not_there(tmp_path: Path) -> None:
    """The disk that is full is a limit of the size of files: records of the cells are some smaller and some larger."""
    limited = (
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (13_500, 13_500)); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = arguments(tmp_path, "--backend", "processes", "-k", "addition/python-simple/python-simple/")
    done = subprocess.run(
        [sys.executable, "-c", limited, *command], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=False
    )
    output = done.stdout.decode()
    records, _ = read_records(tmp_path)  # all that are there can be read
    assert {record["verdict"] for record in records.values()} == {"passed"}
    assert 0 < len(records) < 5, output
    assert f"{len(records)} passed" in output
    assert "1 error" in output
    assert "Traceback" not in output
    assert not [*tmp_path.rglob("*.part")]


def test_results_that_cannot_be_a_folder_are_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "results"
    file.touch()
    run = run_matrix(file, "--backend", "processes", "-k", CELL)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert str(file) in run.output
    assert len(run.output.strip().splitlines()) == 1


def test_a_full_disk_is_an_error_of_the_run_and_no_failure(tmp_path: Path) -> None:
    run = run_matrix(tmp_path, "-p", "tests.conformance.full_disk", "--backend", "processes", "-k", CELL)
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert "1 error" in run.output
    assert "failed" not in run.output.splitlines()[-1]
    assert "No space left on device" in run.output
    assert "Traceback" not in run.output
