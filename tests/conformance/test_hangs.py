"""When a cell whose programs wait is over; that thinking is no hanging; and that nobody waits for the same again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from conformance.agent.problem import Problem
from conformance.backends.base import ConsoleLog, Started
from conformance.backends.runtimes import find_jdks
from conformance.backends.sight import waits_for_bytes
from conformance.model.cells import Cell, all_cells
from conformance.runner.cell_run import Hangs, Limits, _Stalemate, not_run
from tests.conformance.building import REGISTRY
from tests.conformance.running import HERE, run_matrix

PROGRAMS = ("--backend", "processes", "--programs", str(HERE / "hanging" / "programs.yaml"))
THINKING = ("sleeps", "reads-for-a-while", "computes")
HANGING = ("waits-for-ever",)
LONG = 20.0

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process is doing")


@contextmanager
def process(code: str) -> Iterator[int]:
    """A process that runs this, once it says that it is about to wait."""
    command = [sys.executable, "-c", f"import socket, sys, time, threading, select, asyncio\n{code}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == b"ready\n"
        try:
            yield made.pid
        finally:
            made.kill()


CONNECTED = """
server = socket.create_server(("127.0.0.1", 0))
sock = socket.create_connection(server.getsockname())
print("ready", flush=True)
"""
WAITS = {
    "reads": "sock.recv(1)",
    "accepts twice": "server.accept(); server.accept()",
    "selects": "select.select([sock], [], [])",
    "an event loop": "asyncio.run(asyncio.Event().wait())",
    "is stopped": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "another thread reads": "t = threading.Thread(target=sock.recv, args=(1,)); t.start(); t.join()",
    "looks up now and then, as socketserver does": "p = select.poll(); p.register(sock, 1)\nwhile True: p.poll(500)",
}
WORKS = {
    "sleeps": "time.sleep(100)",
    "sleeps while another thread reads": "threading.Thread(target=sock.recv, args=(1,)).start(); time.sleep(100)",
    "waits for an event, for a while": "threading.Event().wait(100)",
    "reads for a while": "sock.settimeout(100); sock.recv(1)",
    "sleeps in an event loop": "asyncio.run(asyncio.sleep(100))",
    "computes": "while True: pass",
}
UNSEEN = {
    "a select with a limit": "select.select([sock], [], [], 100)",
    "locks": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "reads its standard input": "sys.stdin.read()",
}


def comes_to(code: str, wanted: bool | None) -> bool:
    """Whether the process is seen to do that; it may take a moment after its `ready`."""
    with process(CONNECTED + code) as pid:
        until = time.monotonic() + LONG
        while waits_for_bytes(pid, ()) is not wanted:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True


@linux
@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        *(pytest.param(code, True, id=name) for name, code in WAITS.items()),
        *(pytest.param(code, False, id=name) for name, code in WORKS.items()),
        *(pytest.param(code, None, id=name) for name, code in UNSEEN.items()),
    ],
)
def test_what_a_process_is_doing(code: str, wanted: bool | None) -> None:
    assert comes_to(code, wanted)


# Cells ---------------------------------------------------------------------------------------------------------------


def names(clients: Sequence[str], server: str = "python-multithreaded", network: str = "direct") -> list[str]:
    return [f"addition/{server}/{client}/{network}" for client in clients]


def test_a_client_that_thinks_is_not_cut_off_and_one_that_waits_for_ever_is(tmp_path: Path) -> None:
    ways = [*THINKING, "sleeps-in-asyncio", "sleeps-in-an-event", "sleeps-in-select", "sleeps-beside"]
    if find_jdks():
        ways += ["java-sleeps", "java-sleeps-beside"]
    run = run_matrix(tmp_path, *PROGRAMS, "--workers", "10", "-k", " or ".join(names([*ways, *HANGING])))
    codes = run.codes()
    (hangs,) = names(HANGING)
    assert codes.pop(hangs) == "still-running"
    assert codes == dict.fromkeys(names(ways))
    problem = run.problem(hangs)
    assert problem is not None
    assert problem.where.program == "waits-for-ever"
    if sys.platform == "linux":
        assert problem.values["waiting"]


def test_whose_turn_it_is_has_hung_and_the_other_is_not_told_of(tmp_path: Path) -> None:
    (cell,) = names(["python-simple"], "silent")
    run = run_matrix(tmp_path, *PROGRAMS, "-k", cell)
    problems = [Problem.from_json(problem) for problem in run.records[cell]["problems"]]
    assert [(problem.code, problem.where.side, problem.where.program) for problem in problems] == [
        ("never-sent", "server", None)
    ]


def test_a_program_that_hung_three_times_is_probed_and_then_skipped(tmp_path: Path) -> None:
    run = run_matrix(tmp_path, *PROGRAMS, "--workers", "1", "-k", "addition/silent/python- or addition/silent/sleeps/")
    verdicts = [run.records[cell]["verdict"] for cell in run.facts["cells"]]
    assert verdicts == ["failed"] * 3 + ["skipped"] * (len(verdicts) - 3)
    skipped = [run.problem(cell) for cell in run.facts["cells"][3:]]
    assert {(one.code, one.where.program) for one in skipped if one} == {("hung-before", "silent")}
    assert run.status == pytest.ExitCode.TESTS_FAILED


def the_cells(server: str) -> list[Cell]:
    return [cell for cell in all_cells(REGISTRY, {}) if cell.server.name == server]


def test_a_probe_that_passes_clears_a_program() -> None:
    cell, *_ = the_cells("python-async")
    others, *_ = the_cells("python-simple")
    hung, passed = not_run(cell, Problem("never-sent")), not_run(cell, Problem("never-sent"))
    hung.hung = cell.server
    passed.verdict = type(passed.verdict)((), ())
    hangs = Hangs()
    for _ in range(3):
        assert hangs.limits(cell) == Limits()
        hangs.add(hung)
    probe = hangs.limits(cell)
    assert isinstance(probe, Limits)
    assert probe.clients < Limits().clients
    assert hangs.limits(others) == Limits()
    hangs.add(passed)
    assert hangs.limits(cell) == Limits()
    for _ in range(4):
        hangs.add(hung)
    assert isinstance(hangs.limits(cell), Problem)
    assert hangs.limits(others) == Limits()


# When a stalemate is certain ------------------------------------------------------------------------------------------


class Seen:
    """A program that is seen to do that, has used so much processor time, and may print."""

    def __init__(self, waits: bool | None) -> None:
        self.waits, self.used, self.console = waits, 0.0, ConsoleLog()
        self.handle = self

    def waits_for_bytes(self) -> bool | None:
        return self.waits

    def processor_seconds(self) -> float:
        return self.used


def over_after(
    *programs: Seen, moved: float = 0.0, meanwhile: Callable[[float], None] = lambda now: None
) -> float | None:
    """After how many seconds it is certain that nothing more comes; None where it is not within 30."""
    now = 0.0
    stalemate = _Stalemate(lambda: cast(Sequence[Started], programs), lambda: int(min(moved, now) * 4))
    for quarter in range(4, 4 * 30):
        now = quarter / 4
        meanwhile(now)
        if stalemate.lasts(now, Limits().silent):
            return now
    return None


def test_it_is_certain_after_two_seconds_in_which_all_are_seen_to_wait() -> None:
    assert over_after(Seen(True), Seen(True)) == 3.0  # the first look is at one second


def test_bytes_begin_it_anew() -> None:
    after = over_after(Seen(True), Seen(True), moved=5.0)
    assert after is not None
    assert after >= 7.0


def test_what_cannot_be_seen_takes_longer_and_what_works_is_waited_for() -> None:
    assert over_after(Seen(True), Seen(None)) == 1.0 + Limits().silent
    assert over_after(Seen(True), Seen(False)) is None
    assert over_after(Seen(None), Seen(False)) is None


def test_one_moment_of_work_begins_it_anew() -> None:
    program = Seen(True)

    def work_at_two(now: float) -> None:
        program.waits = now != 2.0

    assert over_after(Seen(True), program, meanwhile=work_at_two) == 4.0


def test_lines_and_processor_time_begin_it_anew() -> None:
    prints, computes, unseen = Seen(True), Seen(None), Seen(None)

    def print_at_two(now: float) -> None:
        if now == 2.0:
            prints.console.feed("out", b"still here\n")

    def compute(now: float) -> None:
        computes.used = now / 2

    assert over_after(Seen(True), prints, meanwhile=print_at_two) == 4.0
    assert over_after(Seen(True), computes, meanwhile=compute) is None
    assert over_after(Seen(True), unseen) is not None


def test_a_program_that_has_ended_is_no_longer_asked() -> None:
    ended = Seen(False)
    ended.console.end()
    assert over_after(Seen(True), ended) == 3.0
