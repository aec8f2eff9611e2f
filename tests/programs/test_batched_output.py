"""Batched output: no line is late, none is lost however the program ends, none is out of order."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pyserver import tick as tick_module
from pyserver.tick import Tick
from tests.programs.programs import MULTITHREADED_SERVERS, Program, Start, environment, python_command
from tests.programs.running import LIMIT, ROOT
from tests.programs.wire import Peer, ints, utf

BATCHING = [program for program in MULTITHREADED_SERVERS if program.python]
ON_AN_EVENT_LOOP = [program for program in BATCHING if "async" in program.name]

ADDRESS = utf("127.0.0.1")
batching_servers = pytest.mark.parametrize("program", BATCHING, ids=lambda program: program.name)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


class Script(Program):
    """A few statements as a program."""

    def __init__(self, statements: str) -> None:
        super().__init__("script", python=python_command("-c", statements))


@batching_servers
def test_a_line_does_not_wait_for_the_next_one(start: Start, program: Program) -> None:
    server = start(program, 0)
    client = Peer.connect(server.port)
    server.wait_for("### Connexion établie (id client : 1).")
    client.send(ADDRESS)
    server.wait_for("--> Adresse du client : 127.0.0.1")
    client.send(ints(84))
    server.wait_for("--> Premier nombre reçu depuis 1 : 84")
    client.send(ints(98))
    server.wait_for("<-- Somme retournée à client 1 : 182")


@posix
@batching_servers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_what_was_answered_is_on_the_console_when_it_is_ended(
    start: Start, program: Program, number: signal.Signals
) -> None:
    server = start(program, 0)
    client = Peer.connect(server.port, ADDRESS)
    for request in range(50):
        client.send(ints(request, 1))
        assert client.read_ints() == [request + 1]
    server.process.send_signal(number)
    assert server.status() == 128 + number
    assert "<-- Somme retournée à client 1 : 50" in server.out


@posix
@pytest.mark.parametrize("program", ON_AN_EVENT_LOOP, ids=lambda program: program.name)
def test_nothing_is_answered_before_it_is_on_the_console(start: Start, program: Program) -> None:
    """A program that is killed has printed everything that it has sent."""
    server = start(program, 0)
    client = Peer.connect(server.port, ADDRESS, ints(84, 98))
    assert client.read_ints() == [182]
    server.process.kill()
    server.status()
    assert "<-- Somme retournée à client 1 : 182" in server.out


@posix
@batching_servers
def test_a_console_that_is_closed_later_ends_it_as_well(program: Program) -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        program.command(0),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writing)
        try:
            with os.fdopen(reading, encoding="utf-8") as console:
                port = int(console.readline().rpartition(" ")[2])
            Peer.connect(port, ADDRESS)
            _, complaints = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
    assert process.returncode == 1
    assert complaints == b""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory a process has")
def test_a_console_that_nobody_reads_holds_the_answers_back() -> None:
    """The server may not answer on and on, and keep the lines."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "pyserver", "multithreaded", "--port", "0"]
    with (
        subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=writing) as process,
        os.fdopen(reading, "rb", buffering=0) as console,
    ):
        os.close(writing)
        try:
            port = int(console.readline().rpartition(b" ")[2])
            answers, held = _answers(port), 64 << 20
            status = Path(f"/proc/{process.pid}/status")
            assert int(re.findall(r"VmRSS:\s*(\d+)", status.read_text())[0]) << 10 < held
            assert answers < 100_000
        finally:
            process.kill()


def _answers(port: int) -> int:
    """How many of a million requests, sent without waiting, are answered until nothing comes for a second."""
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        client.sendall(ADDRESS)
        requests = bytes(8 * 1_000_000)

        def ask() -> None:
            with contextlib.suppress(OSError):
                client.sendall(requests)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        client.settimeout(1)
        size = 0
        with contextlib.suppress(TimeoutError):
            while piece := client.recv(1 << 16):
                size += len(piece)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
    asking.join(LIMIT)
    return size // 4


def talkers(threads: int, lines: int, *, flushing: bool = False) -> Script:
    """So many threads, each of which prints so many lines."""
    return Script(
        "import threading\n"
        "from pyconsole import BatchedOutput\n"
        "console = BatchedOutput()\n"
        "def talk(name):\n"
        f"    for number in range({lines}):\n"
        "        console.out(f'{name} {number}')\n"
        f"        if {flushing}: console.flush()\n"
        f"threads = [threading.Thread(target=talk, args=(name,)) for name in range({threads})]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
    )


def test_lines_of_many_threads_are_whole_and_each_threads_in_order(start: Start) -> None:
    script = start(talkers(10, 1000))
    assert script.status() == 0
    for name in range(10):
        own = [line for line in script.out if line.startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(1000)], "and none is lost at the end of the program"
    assert len(script.out) == 10_000


def test_an_error_comes_after_the_lines_before_it(start: Start) -> None:
    """On the same terminal."""
    script = start(
        Script(
            "import os\n"
            "os.dup2(1, 2)\n"
            "from pyconsole import BatchedOutput, err\n"
            "console = BatchedOutput()\n"
            "for number in range(100):\n"
            "    console.out(f'before {number}')\n"
            "    console.flush()\n"
            "    err(f'error {number}')\n"
        )
    )
    assert script.status() == 0
    assert script.out == [line for number in range(100) for line in (f"before {number}", f"error {number}")]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process on one processor")
def test_threads_that_take_turns_stay_together(start: Start) -> None:
    script = start(
        Script(
            "import os\n"
            "from pyconsole import stay_on_one_processor\n"
            "stay_on_one_processor()\n"
            "print(len(os.sched_getaffinity(0)))\n"
        )
    )
    assert script.status() == 0
    assert script.out == ["1"]


class RecordedTransport:
    def __init__(self, events: list[bytes]) -> None:
        self.write = events.append


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What a tick has done: lines printed and answers sent, in order."""
    done: list[bytes] = []
    monkeypatch.setattr(tick_module, "out_encoded", done.append)
    return done


def test_a_tick_prints_all_its_lines_and_then_answers(events: list[bytes]) -> None:
    soon: list[Callable[[], None]] = []
    tick = Tick(soon.append)
    transport = RecordedTransport(events)
    tick.answer(b"first\n", transport, b"1")  # type: ignore[arg-type]  # all that a tick needs of it
    tick.out("then")
    tick.then(lambda: events.append(b"afterwards"))
    tick.answer(b"second\n", transport, b"2")  # type: ignore[arg-type]
    assert events == []
    for function in soon:
        function()
    assert events == [b"first\nthen\nsecond\n", b"1", b"2", b"afterwards"]


def test_a_tick_with_very_many_lines_prints_before_its_end(events: list[bytes]) -> None:
    tick = Tick(lambda _end: None)
    line = b"x" * 1023 + b"\n"
    for _ in range(64):
        tick.out(line.decode().rstrip("\n"))
    assert events == [64 * line]


def test_a_tick_that_is_flushed_before_its_end_is_one_tick(events: list[bytes]) -> None:
    """The event loop stays awake after two ticks that follow each other closely, and not after one."""
    soon: list[Callable[[], None]] = []
    tick = Tick(soon.append)
    tick.out("a message")
    tick.then(lambda: events.append(b"afterwards"))
    tick.flush()
    tick.out("another")
    (go_round,) = soon
    soon.clear()
    go_round()
    assert events == [b"a message\n", b"afterwards", b"another\n"]
    assert soon == []
    tick.out("the next tick")
    assert len(soon) == 1


def test_flush_writes_each_line_once(start: Start) -> None:
    """Several threads flush while one writes."""
    script = start(talkers(4, 300, flushing=True))
    assert script.status() == 0
    assert sorted(script.out) == sorted(f"{name} {number}" for name in range(4) for number in range(300))
