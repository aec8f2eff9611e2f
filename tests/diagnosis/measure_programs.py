"""Measures what `check` says of the programs of the corpus: mistakes that show over several cases.

Two programs are tried at a time. Programs whose language is not installed are left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.model.yaml_file import read_yaml
from tests.diagnosis.corpus.entry import Entry, Source, labels
from tests.diagnosis.measure import Measured, Said

__all__ = ["Program", "measure_programs", "programs"]

_CORPUS = Path(__file__).with_name("corpus")
_ROOT = _CORPUS.parents[2]
_PATIENCE = 120.0  # seconds for one program; a check that takes longer has said nothing
_TIMEOUT = "4"  # seconds for what a wrong program owes; a right one has the time that users give it
_STARTS = 10.0


@dataclass(frozen=True)
class Program:
    """A program to be tried: how it is started, with `{port}` and `{host}`, and by which cases."""

    entry: Entry
    role: Side
    command: tuple[str, ...]
    only: str = ""


def programs(build: Path) -> Iterator[Program]:
    """The programs of `programs.yaml` whose language is there, those of Java and C compiled to `build`."""
    listed = read_yaml(_CORPUS / "programs.yaml")
    start = _ready(build)
    for each in listed["programs"]:
        name, must, codes = each["command"], each.get("must", ""), frozenset(each.get("codes", ()))
        role, wrong = SERVER if name.endswith("server") else CLIENT, bool(must or codes)
        language, *words = listed["commands"][name]
        for way in each["ways"] if language in start else ():
            kind = each.get("report") or f"{name}: {way if wrong else f'right: {way}'}"
            source: Source = "right" if not wrong else "reports" if "report" in each else "own"
            may = frozenset({"both-sides-waiting"} if wrong else ())
            told = "chat" if name.startswith("chat") else "addition"
            entry = Entry(f"{kind} (checked)", kind, source, told, (), labels(must, role), may, codes=codes)
            command = (*start[language], *(word.replace("{way}", way) for word in words))
            yield Program(entry, role, command, each.get("only", ""))


def _ready(build: Path) -> dict[str, list[str]]:
    """How a program is started, by its language."""
    start = {"python": [sys.executable]}
    for name, tool in (("node", "node"), ("perl", "perl")):
        if path := shutil.which(tool):
            start[name] = [path]
    sources = _CORPUS / "programs"
    if (javac := shutil.which("javac")) and (java := shutil.which("java")):
        subprocess.run([javac, "-encoding", "UTF-8", "-d", str(build), *map(str, sources.glob("*.java"))], check=True)
        start["java"] = [java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", str(build)]
    if gcc := shutil.which("gcc"):
        subprocess.run([gcc, "-O1", "-o", str(build / "server"), str(sources / "addition_server.c")], check=True)
        start["c"] = [str(build / "server")]
    return start


def measure_programs(
    only: str = "", workers: int = 2, tell: Callable[[Measured], None] | None = None
) -> list[Measured]:
    """What `check` says of each; `tell` hears it as soon as it is known."""
    with tempfile.TemporaryDirectory() as build:
        chosen = [each for each in programs(Path(build)) if only in each.entry.kind]
        with ThreadPoolExecutor(workers) as pool:
            told = []
            for each in pool.map(measure, chosen):
                told.append(each)
                if tell is not None:
                    tell(each)
            return told


def measure(program: Program) -> Measured:
    """Starts it, and has it checked."""
    port = _free_port()
    lines = _check_server(program, port) if program.role == SERVER else _check_client(program, port)
    told = [json.loads(line) for line in lines if line.startswith("{")]
    said = tuple(_said(told))
    problems = tuple(dict.fromkeys(each["code"] for each in told if each.get("code")))
    if not any(each.get("event") == "summary" for each in told):
        problems = (*problems, "no-summary")  # check was stopped, or failed itself
    return Measured(program.entry, "check", said, problems)


def _said(told: Sequence[dict[str, Any]]) -> Iterator[Said]:
    """What the summary names, if it names anything; else what the cases do, each once."""
    findings = [finding for each in told if each.get("event") == "summary" for finding in _findings(each)]
    findings = findings or [finding for each in told for finding in _findings(each)]
    seen: dict[tuple[str, str], bool] = {}
    for finding in findings:
        place = finding["key"], finding["side"]
        certain = finding["certainty"] == "certain" if "certainty" in finding else not finding["guess"]
        seen[place] = seen.get(place, False) or certain
    return (Said(key, CLIENT if side == CLIENT else SERVER, certain) for (key, side), certain in seen.items())


def _findings(told: Any) -> Iterator[dict[str, Any]]:
    """Every finding in it, however deep."""
    if isinstance(told, dict):
        if "key" in told and "side" in told:
            yield told
            return
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from _findings(each)


def _check_server(program: Program, port: int) -> list[str]:
    with _started(program, port):
        _until_listening(port)
        check = _check("server", f"127.0.0.1:{port}", program)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return check.communicate(timeout=_PATIENCE)[0].splitlines()
        check.kill()
        return check.communicate()[0].splitlines()


def _check_client(program: Program, port: int) -> list[str]:
    check = _check("client", "--port", f"127.0.0.1:{port}", program)
    late = threading.Timer(_PATIENCE, check.kill)
    late.start()
    lines: list[str] = []
    assert check.stdout is not None
    with contextlib.ExitStack() as started, check, check.stdout:
        for line in check.stdout:
            lines.append(line)
            if '"event": "start"' in line:
                started.close()
                started.enter_context(_started(program, port))
    late.cancel()
    return lines


def _check(*words: str | Program) -> subprocess.Popen[str]:
    *places, program = words
    assert isinstance(program, Program)
    only = ["--only", program.only] if program.only else []
    wrong = program.entry.must or program.entry.codes
    options = ["--protocol", program.entry.protocol, "--json", *(["--timeout", _TIMEOUT] if wrong else []), *only]
    command = [sys.executable, "-m", "conformance", "check", *map(str, places), *options]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@contextlib.contextmanager
def _started(program: Program, port: int) -> Iterator[None]:
    command = [word.replace("{port}", str(port)).replace("{host}", "127.0.0.1") for word in program.command]
    null = subprocess.DEVNULL
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    process = subprocess.Popen(command, cwd=_CORPUS, stdin=null, stdout=null, stderr=null, env=environment)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _until_listening(port: int) -> None:
    until = time.monotonic() + _STARTS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


def main() -> int:
    """For one kind by hand: `python -m tests.diagnosis.measure_programs TEXT`."""
    began = time.monotonic()

    def tell(each: Measured) -> None:
        said, problems = ", ".join(map(str, each.said)) or "no name", ", ".join(each.problems) or "none"
        passed = time.monotonic() - began
        print(f"{passed:6.1f} s  {each.outcome}: {each.entry.name}; said {said}; problems {problems}", flush=True)

    measure_programs(sys.argv[1] if len(sys.argv) > 1 else "", tell=tell)
    return 0


if __name__ == "__main__":
    sys.exit(main())
