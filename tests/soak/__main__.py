"""`make soak ARGS="--minutes 60"`: servers of both languages, behind a board and a tap, under clients of both."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.soak.chart import draw
from tests.soak.load import Load, WrongAnswerError
from tests.soak.slopes import Slope, slope_of
from tests.soak.watched import TOLERANCES, Latencies, Samples

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT = 30.0
_SAMPLES_AT_LEAST = 40
_PYTHON_SERVER = (sys.executable, "-m", "pyserver")
_JVM = ("java", "-Xmx64m")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", type=Path, default=Path("results/soak.json"))
    parser.add_argument("--chart", type=Path, default=Path("results/soak.svg"))
    arguments = parser.parse_args()
    samples, done, wrong = soak(60 * arguments.minutes)
    slopes: dict[str, dict[str, Slope]] = {what: {} for what in TOLERANCES}
    for what, name, series in samples.all():
        slopes[what][name] = slope_of(series, *TOLERANCES[what])
    content: dict[str, Any] = {
        "minutes": arguments.minutes,
        "done": dict(done),
        "wrong": wrong,
        "slopes": {what: {name: one.to_json() for name, one in by.items()} for what, by in slopes.items()},
        "series": samples.series,
    }
    for path in (arguments.json, arguments.chart):
        path.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(content))
    draw(samples, arguments.chart)
    print(table(slopes))
    print(", ".join(f"{count:,} {name}" for name, count in sorted(done.items())))
    grows = [f"{what} of {name}" for what, by in slopes.items() for name, one in by.items() if one.word == "grows"]
    for problem in [*([wrong] if wrong else []), *(f"{one} grows" for one in grows)]:
        print(f"!!! {problem}")
    return 1 if wrong or grows else 0


def table(slopes: Mapping[str, Mapping[str, Slope]]) -> str:
    """A row for each process and measure."""
    rows = ["| what | of | typical | an hour adds | tolerated | |", "|---|---|---|---|---|---|"]
    for what, by in slopes.items():
        for name, one in sorted(by.items()):
            adds = f"{one.per_hour:+.2f} ± {one.error:.2f}"
            rows.append(f"| {what} | {name} | {one.typical:.1f} | {adds} | {one.tolerated:.1f} | {one.word} |")
    return "\n".join(rows)


def soak(seconds: float) -> tuple[Samples, Mapping[str, int], str]:
    """The samples, what was done, and what went wrong (empty where nothing did)."""
    latencies = Latencies()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        java = _compiled(folder)
        servers = {
            "python multithreaded": ("addition", [*_PYTHON_SERVER, "multithreaded", "--port"]),
            "python async": ("addition", [*_PYTHON_SERVER, "async", "--port"]),
            "python chat": ("chat", [*_PYTHON_SERVER, "chat", "--port"]),
        }
        if java:
            servers |= {
                "MultithreadedServer": ("addition", [*java, "MultithreadedServer"]),
                "ChatServer": ("chat", [*java, "ChatServer"]),
            }
        ports = {name: _free_port() for name in servers}
        processes = {}
        for name, (_, command) in servers.items():
            processes[name] = [stack.enter_context(_running([*command, str(ports[name])], ports[name])).pid]
        behind = {name: _free_port() for name in servers}
        words = [f"{name}={protocol}:{behind[name]}:127.0.0.1:{ports[name]}" for name, (protocol, _) in servers.items()]
        page = _free_port()
        board = [sys.executable, "-m", "conformance", "board", "--listen", f"127.0.0.1:{page}"]
        for word in words:
            board += ["--server", word]
        started = stack.enter_context(_running(board, page))
        for port in behind.values():  # the page listens before the relays do
            _wait_for(started, port)
        processes["board"] = [started.pid]
        processes["board's relays"] = [one.pid for one in psutil.Process(started.pid).children()]
        tapped = _free_port()
        to = f"127.0.0.1:{ports['python multithreaded']}"
        tap = [
            sys.executable,
            "-m",
            "conformance",
            "tap",
            "--listen",
            f"127.0.0.1:{tapped}",
            "--to",
            to,
            "--protocol",
            "addition",
        ]
        one = stack.enter_context(_running(tap, tapped))
        processes["tap"] = [one.pid, *(child.pid for child in psutil.Process(one.pid).children())]

        load = Load(latencies)
        for name, (protocol, _) in servers.items():
            for port in (ports[name], behind[name]):
                (load.adds if protocol == "addition" else load.chats)(name, port)
        load.adds("through the tap", tapped)
        _programs(load, behind, java)
        samples, wrong = Samples(processes), ""
        every, until = seconds / max(_SAMPLES_AT_LEAST, min(1000, int(seconds))), time.monotonic() + seconds
        try:
            while time.monotonic() < until and not load.failed.wait(every):
                samples.take(latencies)
        except psutil.NoSuchProcess as error:
            wrong = f"a process has ended: {error}"
        try:
            load.stop()
        except (WrongAnswerError, OSError, EOFError, subprocess.SubprocessError) as error:
            wrong = wrong or f"{type(error).__name__}: {error}"
        return samples, load.done, wrong


def _programs(load: Load, ports: Mapping[str, int], java: Sequence[str]) -> None:
    """The clients as programs of their own, now and then."""
    python, typed = [sys.executable, "-m", "pyclient"], "bonjour\nsalut\n"
    load.runs("pyclient simple", [*python, "simple", "--port", str(ports["python async"])], "", 5.0)
    load.runs("pyclient chat", [*python, "chat", "zoe", "--port", str(ports["python chat"])], typed, 5.0)
    if java:
        port, chat = str(ports["MultithreadedServer"]), str(ports["ChatServer"])
        load.runs("SimpleClient", [*java, "SimpleClient", "127.0.0.1", port], "", 10.0)
        load.runs("ChatClient", [*java, "ChatClient", "yann", "127.0.0.1", chat], typed, 10.0)
        load.runs("pyclient chat, ChatServer", [*python, "chat", "xavier", "--port", chat], typed, 10.0)


def _compiled(folder: Path) -> list[str]:
    """The command that runs the Java programs, compiled there; empty where there is no JDK."""
    if not (compiler := shutil.which("javac")):
        print("no JDK: without the Java programs")
        return []
    sources = map(str, sorted((_ROOT / "java-reference").glob("*.java")))
    subprocess.run([compiler, "-encoding", "UTF-8", "-d", str(folder), *sources], check=True)
    return [*_JVM, "-cp", str(folder)]


@contextlib.contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The program, once it listens on that port."""
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(process, port)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    """Returns once somebody listens there. OSError where the process ends before, or nobody does in time."""
    until = time.monotonic() + _LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), _LIMIT).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
