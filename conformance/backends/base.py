"""The interface of a backend. Each worker runs one cell after another; several workers run side by side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from conformance.backends.console_log import ConsoleLog
from conformance.backends.helpers import Control, PlayerControl, TapControl
from conformance.model.program import Program

__all__ = [
    "Backend",
    "Handle",
    "NoBackendError",
    "Output",
    "Places",
    "ProgramError",
    "Progress",
    "Started",
    "Worker",
    "build_failure",
    "expand",
    "joined",
]

Output: TypeAlias = ConsoleLog | Control  # is fed with what a program prints, and told when it can print no more
Progress: TypeAlias = Callable[[str], None]


class NoBackendError(Exception):
    """No backend can be used here: one sentence that says what to install."""


class ProgramError(Exception):
    """A program cannot be built or started: one sentence with the reason, perhaps with output of the build below."""


@dataclass(frozen=True)
class Places:
    """The addresses of a cell: the server's for the tap, and the tap's for clients."""

    server: tuple[str, int]
    tap: tuple[str, int]


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
    def start(self, program: Program, values: Mapping[str, str], *, typed: bool = False) -> Started:
        """Starts a program, with its standard input open where it is `typed` to; raises ProgramError if that fails."""

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


def build_failure(program: Program, command: str, status: int, output: Sequence[str]) -> str:
    """The sentence about a failed build, and below it what the build printed."""
    first, *more = [line for line in output if line.strip()] or ["and printed nothing"]
    return "\n".join([f"{program.where}.build: {command} ended with status {status}: {first}", *more])


def expand(words: Iterable[str], folder: Path) -> list[str]:
    """Replaces each word with `*` by the files of `folder` that match it, as a shell does."""

    def files(word: str) -> list[str]:
        return sorted(file.relative_to(folder).as_posix() for file in folder.glob(word)) if "*" in word else []

    return [file for word in words for file in files(word) or [word]]


def joined(versions: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The versions under each name, as one text."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for name, version in sorted(versions):
        by_name[name].append(version)
    return {name: ", ".join(found) for name, found in by_name.items()}
