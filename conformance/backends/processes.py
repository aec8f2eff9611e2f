"""Programs as processes on loopback, where there is no container engine."""

from __future__ import annotations

import os
import platform
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from conformance.backends.base import (
    Backend,
    Feed,
    Handle,
    Places,
    ProgramError,
    Progress,
    Started,
    Worker,
    build_failure,
    expand,
)
from conformance.backends.console_log import ConsoleLog
from conformance.backends.jdks import find_jdks
from conformance.backends.player_client import PlayerControl
from conformance.backends.reaper import labelled_folder, reap_folders, reap_processes
from conformance.backends.run_label import RUN_LABEL_VARIABLE, run_label
from conformance.backends.tap_client import TapControl
from conformance.judge.console_line import Stream
from conformance.model.program import Program
from conformance.model.runtime import Runtime

__all__ = ["ProcessBackend"]

ROOT = Path(__file__).resolve().parents[2]
_LOOPBACK = "127.0.0.1"
# Below what systems hand out to connections on their own, so that no client takes a port before its server does.
_PORTS = range(20000, 30000)
_BUILD_SECONDS = 120
_END_SECONDS = 5.0
_ENDING_SECONDS = 1.0


class ProcessBackend(Backend):
    """Runs programs as processes, Java under the JDKs of this machine."""

    name = "processes"

    def __init__(self, runtimes: Mapping[str, Runtime], why: str) -> None:
        self.why = why
        self._stopping = False
        self._runtimes = runtimes
        self._jdks = find_jdks()
        self._folder = labelled_folder()
        self._environment = {
            **os.environ,
            RUN_LABEL_VARIABLE: run_label(),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
        }
        self._environment.pop("JAVA_TOOL_OPTIONS", None)
        self._builds: dict[tuple[str, str, int | None], Path] = {}
        self._reference: dict[int, Path] = {}
        self._prepared_jdks: set[int] = set()
        self._building = threading.Lock()
        self._own_port = threading.Lock()
        self._ports = random.Random(os.getpid())
        reap_processes()
        reap_folders()

    def unable(self, server: Program, clients: Iterable[Program]) -> str | None:
        programs = [server, *clients]
        for program in programs:
            if program.entry.image is not None:
                return f"{program.name} is an image, and needs the backend `containers`"
            if program.entry.language == "java" and self._jdk(program) is None:
                wanted = f"JDK {program.jdk}" if program.jdk else "no JDK (17 or later)"
                return f"{wanted} is not on this machine" if program.jdk else f"{wanted} was found on this machine"
        if server.fixed_port and any(client.fixed_port for client in programs[1:]):
            return "both programs insist on one port of 127.0.0.1, which leaves none for the tap; containers have room"
        return None

    def prepare(self, programs: Iterable[Program], progress: Progress) -> None:
        for program in programs:
            version = self._jdk(program) if program.entry.language == "java" else None
            if version is not None:
                self._prepared_jdks.add(version)
                if program.folder is None and version not in self._reference:
                    progress(f"compiling java-reference with JDK {version}")
                    self._reference[version] = self._compile_reference(version)

    def worker(self) -> Worker:
        return _ProcessWorker(self)

    def versions(self) -> Mapping[str, str]:
        return {
            "system": platform.platform(),
            "python": platform.python_version(),
            **({"jdk": ", ".join(map(str, sorted(self._prepared_jdks)))} if self._prepared_jdks else {}),
        }

    def abort(self) -> None:
        self._stopping = True
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error, OSError):
                if child.environ().get(RUN_LABEL_VARIABLE) == self._environment[RUN_LABEL_VARIABLE]:
                    child.kill()

    def close(self) -> None:
        self._folder.cleanup()

    def _jdk(self, program: Program) -> int | None:
        if program.jdk is not None:
            return program.jdk if program.jdk in self._jdks else None
        return next(iter(self._jdks), None)

    def _compile_reference(self, version: int) -> Path:
        classes = Path(self._folder.name) / f"java-{version}"
        sources = sorted(str(path) for path in (ROOT / "java-reference").glob("*.java"))
        compiler = str(self._jdks[version] / "bin" / "javac")
        status, output = self._run([compiler, "-encoding", "UTF-8", "-d", str(classes), *sources], ROOT)
        if status:
            raise ProgramError("\n".join([f"java-reference cannot be compiled with JDK {version}:", *output]))
        return classes

    def _run(self, command: Sequence[str], folder: Path) -> tuple[int, list[str]]:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()

    def built(self, program: Program) -> Path:
        """The folder that `{build}` stands for, after the program's build has run once."""
        key = (program.role, program.name, self._jdk(program))
        with self._building:
            if key not in self._builds:
                folder = Path(self._folder.name) / f"{program.role}-{program.name}-{key[2]}"
                folder.mkdir(exist_ok=True)
                if program.entry.build and program.folder:
                    words = program.build({"build": str(folder), "folder": str(program.folder)})
                    status, output = self._run(self._argv(program, expand(words, program.folder)), program.folder)
                    if status:
                        raise ProgramError(build_failure(program, words[0], status, output))
                self._builds[key] = folder
            return self._builds[key]

    def start(self, program: Program, values: Mapping[str, str], console: ConsoleLog, typed: bool) -> Handle:
        """Starts one program."""
        if self._stopping:
            raise ProgramError("the run was stopped")
        folder = program.folder or self._home(program)
        filled = {**values, "folder": str(folder), "build": str(self.built(program))}
        argv = self._argv(program, program.command(filled))
        return ProcessHandle(argv, folder, self._environment, console.feed, typed=typed, closed=console.close)

    def _home(self, program: Program) -> Path:
        version = self._jdk(program)
        if program.entry.language == "java" and version is not None:
            return self._reference[version]
        return ROOT if program.entry.language == "python" else program.file.parent

    def _argv(self, program: Program, command: Sequence[str]) -> list[str]:
        first, *rest = command
        version = self._jdk(program)
        if program.entry.language == "java" and version is not None and first in ("java", "javac"):
            options = self._runtimes["java"].options if first == "java" else ()
            return [str(self._jdks[version] / "bin" / first), *options, *rest]
        if program.entry.language == "python" and first in ("python", "python3"):
            return [sys.executable, *rest]
        found = shutil.which(first) or shutil.which(first, path=str(program.file.parent))
        if found is None:
            raise ProgramError(f"{program.where}.command: no such program: {first}")
        return [found, *rest]

    def helper(self, module: str, control: TapControl | PlayerControl) -> ProcessHandle:
        """Starts one of the harness's own programs, and connects its control to it."""
        handle = ProcessHandle(
            [sys.executable, "-m", module],
            ROOT,
            self._environment,
            control.feed,
            typed=True,
            closed=control.ended,
        )
        control.connect(handle.type)
        return handle

    @contextmanager
    def ports(self, server: Program, clients: Iterable[Program], port: int) -> Iterator[Places]:
        """The ports of one cell. Programs that insist on theirs get it, one cell at a time."""
        client_fixed = any(client.fixed_port for client in clients)
        if not server.fixed_port and not client_fixed:
            yield self._places(self._free_port(), 0)
            return
        with self._own_port:
            yield self._places(port if server.fixed_port else self._free_port(), port if client_fixed else 0)

    def _places(self, server_port: int, tap_port: int) -> Places:
        return Places(server_port, (_LOOPBACK, server_port), (_LOOPBACK, tap_port or self._free_port()))

    def _free_port(self) -> int:
        while True:
            port = self._ports.choice(_PORTS)
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt, suppress(OSError):
                attempt.bind(("", port))
                return port


class _ProcessWorker(Worker):
    def __init__(self, backend: ProcessBackend) -> None:
        self._backend = backend
        self.tap = TapControl()
        self._player: PlayerControl | None = None
        self._helpers = [backend.helper("conformance.agent.tap", self.tap)]

    @contextmanager
    def places(self, server: Program, clients: Iterable[Program], port: int) -> Iterator[Places]:
        with self._backend.ports(server, clients, port) as places:
            yield places

    def player(self) -> PlayerControl:
        if self._player is None:
            self._player = PlayerControl()
            self._helpers.append(self._backend.helper("conformance.agent.player", self._player))
        return self._player

    def start(self, program: Program, values: Mapping[str, str], *, typed: bool = False) -> Started:
        console = ConsoleLog()
        return Started(self._backend.start(program, values, console, typed), console)

    def close(self) -> None:
        for helper in self._helpers:
            helper.end_input()
            helper.stop()


class ProcessHandle(Handle):
    """One process, with the processes it starts."""

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        feed: Feed,
        *,
        typed: bool = False,
        closed: Callable[[], None] = lambda: None,
    ) -> None:
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C is for the run, which then ends its programs itself.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise ProgramError(f"{argv[0]} cannot be started: {error.strerror}") from error
        self._stopped = False
        self._status: int | None = None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        pipes: tuple[tuple[Stream, IO[bytes]], ...] = (("out", self._process.stdout), ("err", self._process.stderr))
        self._readers = [threading.Thread(target=_pass_on, args=(*pipe, feed), daemon=True) for pipe in pipes]
        self._closed = closed
        for reader in self._readers:
            reader.start()
        threading.Thread(target=self._drain, daemon=True).start()

    def type(self, text: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()

    def end_input(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def processor_seconds(self) -> float | None:
        try:
            program = psutil.Process(self._process.pid)
            used = [process.cpu_times() for process in (program, *program.children(recursive=True))]
        except psutil.Error:
            return None
        return sum(times.user + times.system for times in used)

    def wait(self, until: float) -> int | None:
        if self._stopped:
            return self._status
        try:
            status = self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        self._drain()
        return status

    def stop(self) -> int | None:
        if self._stopped:
            return self._status
        if not any(reader.is_alive() for reader in self._readers):
            # It has closed both outputs: it is ending, and its status is worth a moment.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_ENDING_SECONDS)
        self._stopped, self._status = True, self._process.poll()
        self._kill()
        self._process.wait(_END_SECONDS)
        self._drain()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        return self._status

    def _kill(self) -> None:
        if sys.platform == "win32":
            with suppress(psutil.Error):
                for child in psutil.Process(self._process.pid).children(recursive=True):
                    child.kill()
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _drain(self) -> None:
        for reader in self._readers:
            reader.join()
        self._closed()


def _pass_on(stream: Stream, pipe: IO[bytes], feed: Feed) -> None:
    with pipe:
        while data := os.read(pipe.fileno(), 65536):
            feed(stream, data)
