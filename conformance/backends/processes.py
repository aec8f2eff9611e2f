"""Programs as processes on the loopback interface, for machines without a container engine."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

import psutil

from conformance.agent.events import SERVER
from conformance.agent.problem import HarnessError
from conformance.backends.base import Backend, ConsoleLog, Handle, Output, Places, ProgramError, Progress, Worker, build
from conformance.backends.helpers import Control
from conformance.backends.ports import port_of_its_own, the_port
from conformance.backends.run_label import RUN_LABEL_VARIABLE, kill_labelled, labelled_folder, reap, run_label
from conformance.backends.runtimes import HARNESS_RUNTIME, ROOT, Runtime, Toolchain, joined
from conformance.backends.sight import waits_for_bytes
from conformance.judge.verdict import Stream
from conformance.model.program import Program

__all__ = ["ProcessBackend"]

_LOOPBACK = "127.0.0.1"
_BUILD_SECONDS = 120
_END_SECONDS = 5.0
_ENDING_SECONDS = 1.0
_CONSOLE_SECONDS = 1.0  # for what a program that has ended left in its console to be read


class ProcessBackend(Backend):
    """Runs programs as processes, with the toolchains of this machine."""

    name = "processes"

    def __init__(self, runtimes: Mapping[str, Runtime], why: str) -> None:
        self.why = why
        self.stopping = False
        self._runtimes = runtimes
        self._folder = labelled_folder()
        self.environment = {
            **os.environ,
            RUN_LABEL_VARIABLE: f"{run_label()}/{uuid4().hex[:12]}",  # one process may have two backends
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
        }
        self.environment.pop("JAVA_TOOL_OPTIONS", None)
        self._built: set[Path] = set()
        self._used = {(runtimes[HARNESS_RUNTIME].key, platform.python_version())}
        self._building = threading.Lock()
        reap()

    def unable(self, server: Program, clients: Iterable[Program]) -> str | None:
        programs = [server, *clients]
        for program in programs:
            language = program.entry.language
            if program.entry.image is not None:
                return f"{program.name} is an image, and needs the backend `containers`"
            if language and (reason := self._runtimes[language].not_on_this_machine(program.variant)):
                return reason
        if server.fixed_port and any(client.fixed_port for client in programs[1:]):
            return "both programs insist on one port of 127.0.0.1, which leaves none for the tap; containers have room"
        return None

    def prepare(self, programs: Iterable[Program], progress: Progress) -> None:
        for program in programs:
            if toolchain := self.toolchain(program):
                self._used.add((toolchain.runtime.key, toolchain.variant))
                if program.folder is None and toolchain.home is None:
                    folder = Path(self._folder.name)
                    toolchain.home = toolchain.runtime.home(toolchain, folder, self._run, progress)

    def worker(self) -> Worker:
        return _ProcessWorker(self)

    def versions(self) -> Mapping[str, str]:
        return {"system": platform.platform(), **joined(self._used)}

    def abort(self) -> None:
        self.stopping = True
        mine = f"{self.environment[RUN_LABEL_VARIABLE]}/"
        kill_labelled(lambda label: label.startswith(mine))

    def close(self) -> None:
        self._folder.cleanup()

    def toolchain(self, program: Program) -> Toolchain | None:
        """What the program runs with; None where it is a command of this machine."""
        language = program.entry.language
        return self._runtimes[language].toolchain(program.variant) if language else None

    def _run(self, command: Sequence[str], folder: Path) -> tuple[int, list[str]]:
        log = ConsoleLog()
        started = ProcessHandle(command, folder, self.environment, log)
        try:
            status = started.wait(time.monotonic() + _BUILD_SECONDS)
        finally:
            started.stop()
        if status is None:
            raise ProgramError(f"{command[0]} did not end within {_BUILD_SECONDS} s")
        return status, [line.text for line in log.lines]

    def built(self, program: Program) -> Path:
        """The folder that `{build}` stands for; runs the program's build on the first call. Raises `ProgramError`."""
        toolchain = self.toolchain(program)
        variant = toolchain.variant if toolchain else None
        folder = Path(self._folder.name) / f"{program.role}-{program.name}-{variant}"
        with self._building:
            if folder not in self._built:
                folder.mkdir(exist_ok=True)
                if program.entry.build and program.folder:
                    words = program.build({"build": str(folder), "folder": str(program.folder)})
                    build(program, words, program.folder, lambda words, at: self._run(self.argv(program, words), at))
                self._built.add(folder)
        return folder

    def argv(self, program: Program, command: Sequence[str]) -> list[str]:
        """The command with the path of its executable. Raises `ProgramError`."""
        toolchain = self.toolchain(program)
        if toolchain and (argv := toolchain.runtime.argv(toolchain, command)):
            return argv
        first, *rest = command
        found = shutil.which(first) or shutil.which(first, path=str(program.file.parent))
        if found is None:
            raise ProgramError(f"{program.where}.command: no such program: {first}")
        return [found, *rest]


class _ProcessWorker(Worker):
    def __init__(self, backend: ProcessBackend) -> None:
        super().__init__()
        self._backend = backend
        self._tap = self._start_helper(self.tap)
        self._helpers = [self._tap]

    @contextmanager
    def places(self, server: Program, clients: Iterable[Program], port: int) -> Iterator[Places]:
        with ExitStack() as stack:

            def a_port(fixed: bool) -> int:
                if not fixed:
                    return stack.enter_context(port_of_its_own())
                stack.enter_context(the_port(port, lambda: self._backend.stopping))
                return port

            server_port = a_port(server.role == SERVER and server.fixed_port)
            tap_port = a_port(any(client.fixed_port for client in clients))
            yield Places((_LOOPBACK, server_port), (_LOOPBACK, tap_port))

    def relaying(self) -> bool:
        return not self._tap.sleeps()

    def _start_helper(self, control: Control) -> ProcessHandle:
        argv = [sys.executable, "-m", control.module]
        handle = ProcessHandle(argv, ROOT, self._backend.environment, control, typed=True)
        control.write = handle.type
        return handle

    def _start(self, program: Program, values: Mapping[str, str], console: ConsoleLog, typed: bool) -> Handle:
        backend = self._backend
        if backend.stopping:
            raise HarnessError("harness-failed", reason="the run was stopped")
        toolchain = backend.toolchain(program)
        folder = program.folder or (toolchain and toolchain.home) or program.file.parent
        filled = {**values, "folder": str(folder), "build": str(backend.built(program))}
        argv = backend.argv(program, program.command(filled))
        timers = toolchain.runtime.entry.timers if toolchain else ()
        return ProcessHandle(argv, folder, backend.environment, console, typed=typed, timers=timers)


class ProcessHandle(Handle):
    """A process and its children: they have its run label, with a part of their own."""

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        output: Output,
        *,
        typed: bool = False,
        timers: Sequence[str] = (),
    ) -> None:
        self._timers = timers
        self._label = f"{environment.get(RUN_LABEL_VARIABLE) or run_label()}/{uuid4().hex}"
        self._output = output
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=folder,
                env={**environment, RUN_LABEL_VARIABLE: self._label},
                stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C must reach the run only, which ends its programs itself.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except (OSError, MemoryError) as error:
            trouble = HarnessError.of(error)
            if trouble.problem.code != "harness-failed":
                raise trouble from error
            raise ProgramError(f"{argv[0]} cannot be started: {trouble.problem.values['reason']}") from error
        self._stopped = self._silent = False
        self._status: int | None = None
        self._reader = threading.Thread(target=self._pass_on, args=(output,), daemon=True)
        self._reader.start()

    def _hear_out(self) -> None:
        """Reads what the program, which has ended, left in its console; children that keep that open are killed."""
        self._reader.join(_CONSOLE_SECONDS)
        if self._reader.is_alive():
            self._kill()
            kill_labelled(lambda label: label == self._label)
            self._reader.join(_CONSOLE_SECONDS)
            self._output.end()  # whoever keeps it now is none of ours

    def _pass_on(self, output: Output) -> None:
        def read(stream: Stream, pipe: IO[bytes]) -> None:
            with pipe:
                while data := os.read(pipe.fileno(), 65536):
                    output.feed(stream, data)

        assert self._process.stdout is not None
        errors = threading.Thread(target=read, args=("err", self._process.stderr), daemon=True)
        errors.start()
        read("out", self._process.stdout)
        errors.join()
        self._silent = True
        output.end()

    def type(self, text: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()

    def end_input(self) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def processor_seconds(self) -> float | None:
        try:
            program = psutil.Process(self._process.pid)
            used = [process.cpu_times() for process in (program, *program.children(recursive=True))]
        except psutil.Error:
            return None
        return sum(times.user + times.system for times in used)

    def sleeps(self) -> bool:
        """Whether it has nothing to do; not where it runs, or would if a processor were free, or is stopped."""
        try:
            return psutil.Process(self._process.pid).status() == psutil.STATUS_SLEEPING
        except psutil.Error:
            return True

    def waits_for_bytes(self) -> bool | None:
        return waits_for_bytes(self._process.pid, self._timers)

    def wait(self, until: float) -> int | None:
        if self._stopped:
            return self._status
        try:
            status = self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        self._hear_out()
        return status

    def stop(self) -> int | None:
        if not self._stopped:
            if self._silent:  # it has closed both outputs, so it is ending: waits for its exit status
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_ENDING_SECONDS)
            self._stopped, self._status = True, self._process.poll()
            self._kill()
            with suppress(subprocess.TimeoutExpired):  # the system does not let it go
                self._process.wait(_END_SECONDS)
            self._hear_out()
            self.end_input()
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
