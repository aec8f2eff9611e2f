"""The interface of a backend: workers side by side, each runs one cell after another; programs, and what they print."""

from __future__ import annotations

import errno
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from conformance.agent.problem import HarnessError, ProblemError
from conformance.backends.helpers import Control, PlayerControl, TapControl
from conformance.judge.verdict import ConsoleLine, Stream, program_problem
from conformance.model.program import Program

__all__ = [
    "MOST_BYTES",
    "MOST_LINES",
    "Backend",
    "ConsoleLog",
    "Handle",
    "Output",
    "Places",
    "ProgramError",
    "Progress",
    "Run",
    "Started",
    "Worker",
    "build",
]

Progress: TypeAlias = Callable[[str], None]
Run: TypeAlias = Callable[[Sequence[str], Path], tuple[int, list[str]]]
"""Runs a command in a folder; returns its exit status and the lines it printed."""

# A program that prints for ever must not fill the memory of whoever judges it; 40,000 rounds of the course's servers
# are 160,000 lines, 7 MB.
MOST_BYTES = 16 << 20
MOST_LINES = 500_000


# What compilers print when the machine has no more of something.
_OF_THE_MACHINE = {
    "harness-disk": os.strerror(errno.ENOSPC),
    "harness-memory": "insufficient memory for the Java Runtime Environment",
}


class ProgramError(Exception):
    """A program cannot be built or started: one sentence with the reason, perhaps with output of the build below."""


@dataclass(frozen=True)
class Places:
    """The addresses of a cell: the server's for the tap, and the tap's for clients."""

    server: tuple[str, int]
    tap: tuple[str, int]


class ConsoleLog:
    """The lines of one program, which can print no more once it is `closed`. One thread feeds, others look or wait."""

    def __init__(self) -> None:
        self.closed = False
        self._changed = threading.Condition(threading.RLock())
        self._lines: list[ConsoleLine] = []
        self._counts: dict[Stream, int] = {"out": 0, "err": 0}
        self._open: dict[Stream, bytearray] = {"out": bytearray(), "err": bytearray()}
        self._size = 0

    @property
    def lines(self) -> list[ConsoleLine]:
        """All lines so far, in the order in which they came: a copy, and not for a loop."""
        return self.since(0)

    def since(self, count: int) -> list[ConsoleLine]:
        """The lines behind the first `count`."""
        with self._changed:
            return self._lines[count:]

    def count(self, stream: Stream) -> int:
        """How many lines that stream has so far."""
        return self._counts[stream]

    @property
    def overflowed(self) -> bool:
        """Whether it printed more than `MOST_BYTES` or `MOST_LINES`; the rest was dropped."""
        return self._size > MOST_BYTES or len(self._lines) > MOST_LINES

    def feed(self, stream: Stream, data: bytes) -> None:
        """Takes in what the program has just printed."""
        now = time.monotonic()
        with self._changed:
            if self.closed:
                return
            if not self.overflowed:
                self._size += len(data)
            if self.overflowed:
                return
            rest = self._open[stream]
            rest += data
            if b"\n" in data:
                *ended, self._open[stream] = rest.split(b"\n")
                room = MOST_LINES + 1 - len(self._lines)
                self._add([ConsoleLine(now, stream, _text(line)) for line in ended[:room]])

    def end(self) -> None:
        """The program can print no more; a line without its end is kept as such."""
        now = time.monotonic()
        with self._changed:
            if self.closed:
                return
            self.closed = True
            rests = self._open.items()
            self._add([ConsoleLine(now, stream, _text(rest), whole=False) for stream, rest in rests if rest])

    def _add(self, lines: list[ConsoleLine]) -> None:
        self._lines += lines
        for line in lines:
            self._counts[line.stream] += 1
        self._changed.notify_all()

    def wait_for(self, seen: Callable[[ConsoleLog], bool], until: float) -> bool:
        """Waits until `seen` holds, the program has ended, or it is `until` by time.monotonic(); tells if it held.

        `seen` is asked anew whenever lines come: it must look at what is new only.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.closed or seen(self), until - time.monotonic())
            return seen(self)


def _text(line: bytearray) -> str:
    return line.decode("utf-8", "backslashreplace").removesuffix("\r")


Output: TypeAlias = ConsoleLog | Control  # is fed with what a program prints, and told when it can print no more


class Handle(ABC):
    """A running program."""

    @abstractmethod
    def type(self, text: str) -> None:
        """Writes to its standard input. It is no error if the program has ended."""

    @abstractmethod
    def end_input(self) -> None:
        """Closes its standard input."""

    @abstractmethod
    def processor_seconds(self) -> float | None:
        """Processor time that it and its children have used, in seconds; None if that is not known."""

    def waits_for_bytes(self) -> bool | None:
        """Whether it does nothing but wait for bytes; False while it works or sleeps, None where that is not seen."""
        return None

    @abstractmethod
    def wait(self, until: float) -> int | None:
        """Waits for its end until `until` on the monotonic clock; returns its exit status, or None if it still runs."""

    @abstractmethod
    def stop(self) -> int | None:
        """Ends it and its children; returns its exit status if it had ended before. All it printed is then fed."""


@dataclass(frozen=True)
class Started:
    """A running program and its console."""

    handle: Handle
    console: ConsoleLog


class Worker(ABC):
    """Runs one cell at a time: owns a tap, and starts programs on both sides of it."""

    patience = 1.0
    """How many times as long as usual is waited in it, for machines that are overloaded."""

    def __init__(self) -> None:
        self.tap = TapControl()
        self._helpers: list[Handle] = []

    @abstractmethod
    def places(self, server: Program, clients: Iterable[Program], port: int) -> AbstractContextManager[Places]:
        """The addresses of one cell, valid inside the context; `port` is the protocol's default port."""

    @abstractmethod
    def _start_helper(self, control: Control) -> Handle:
        """Starts the program of `control`, and connects the two."""

    @abstractmethod
    def _start(self, program: Program, values: Mapping[str, str], console: ConsoleLog, typed: bool) -> Handle:
        """Starts a program. Raises `ProgramError`."""

    def start(
        self, program: Program, values: Mapping[str, str], member: str | None = None, *, typed: bool = False
    ) -> Started:
        """Starts a program, for a member of a scenario, with its standard input open where it is `typed` to.

        ProblemError where that fails.
        """
        console = ConsoleLog()
        try:
            return Started(self._start(program, values, console, typed), console)
        except ProgramError as error:
            raise ProblemError(program_problem(program, member, "cannot-start", reason=str(error))) from error

    def relaying(self) -> bool:
        """Whether its tap is seen to have work to do, or not to be let to."""
        return False

    @property
    def broken(self) -> bool:
        """Whether its tap or its player has ended, or no longer answers."""
        player: PlayerControl | None = self.__dict__.get("player")
        return self.tap.broken or (player is not None and player.broken)

    @cached_property
    def player(self) -> PlayerControl:
        """The worker's player, started when it is first needed. It reaches servers, and clients reach it."""
        player = PlayerControl()
        self._helpers.append(self._start_helper(player))
        return player

    def close(self) -> None:
        """Ends the tap, the player and everything else that the worker still holds."""
        for helper in reversed(self._helpers):
            helper.stop()


class Backend(ABC):
    """A way to run programs. `why` is the reason for which it was chosen."""

    name: str
    why: str
    trouble = "harness-failed"
    """The code of what goes wrong in it, where nothing is known better."""

    @abstractmethod
    def unable(self, server: Program, clients: Iterable[Program]) -> str | None:
        """Why these programs cannot run together here; None if they can."""

    @abstractmethod
    def prepare(self, programs: Iterable[Program], progress: Progress) -> None:
        """Builds what these programs need: images, compiled classes. Raises `ProgramError`."""

    @abstractmethod
    def worker(self) -> Worker:
        """Starts a new worker."""

    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """The versions of the system, the runtimes and the engine, for the records."""

    @abstractmethod
    def abort(self) -> None:
        """Ends every running program and starts no more, so that nothing waits for one."""

    @abstractmethod
    def close(self) -> None:
        """Removes everything that this run has created."""


def build(program: Program, words: Iterable[str], folder: Path, run: Run) -> None:
    """Runs the build of a program in the folder of its sources. ProgramError where it fails.

    HarnessError where it fails by the machine. A word with `*` stands for the files that match it, as in a shell.
    """
    command: list[str] = []
    for word in words:
        files = sorted(file.relative_to(folder).as_posix() for file in folder.glob(word)) if "*" in word else []
        command += files or [word]
    status, output = run(command, folder)
    if status:
        for line in output:
            if code := next((code for code, told in _OF_THE_MACHINE.items() if told in line), None):
                raise HarnessError(code, reason=line.strip())
        first, *more = [line for line in output if line.strip()] or ["and printed nothing"]
        failure = f"{program.where}.build: {command[0]} ended with status {status}: {first}"
        raise ProgramError("\n".join([failure, *more]))
