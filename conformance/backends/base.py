"""The interface of a backend. Each worker runs one cell after another; several workers run side by side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from conformance.backends.console_log import ConsoleLog
from conformance.backends.player_client import PlayerControl
from conformance.backends.tap_client import TapControl
from conformance.judge.console_line import Stream
from conformance.model.program import Program

__all__ = [
    "Backend",
    "Feed",
    "Handle",
    "NoBackendError",
    "Places",
    "ProgramError",
    "Progress",
    "Started",
    "Worker",
    "build_failure",
    "expand",
]

Feed = Callable[[Stream, bytes], None]
Progress = Callable[[str], None]


class NoBackendError(Exception):
    """No programs can be run here: one sentence that says what to install."""


class ProgramError(Exception):
    """A program cannot be built or started: one sentence with the reason."""


@dataclass(frozen=True)
class Places:
    """Who is where in a cell: the server's port, its address for the tap, and where clients find the tap."""

    server_port: int
    server: tuple[str, int]
    tap: tuple[str, int]


class Handle(ABC):
    """A program that was started."""

    @abstractmethod
    def type(self, text: str) -> None:
        """Writes to its standard input; a program that is gone reads nothing, and that is no error here."""

    @abstractmethod
    def end_input(self) -> None:
        """Ends its standard input."""

    @abstractmethod
    def processor_seconds(self) -> float | None:
        """How much processor time it has used, with all that it started; None where that cannot be known."""

    @abstractmethod
    def wait(self, until: float) -> int | None:
        """Its exit status once it has ended, or None where it has not by `until`, on the monotonic clock."""

    @abstractmethod
    def stop(self) -> int | None:
        """Ends it, and all that it started; all it printed has been fed by then. Its status, if it had ended before."""


@dataclass(frozen=True)
class Started:
    """A handle together with the console it feeds."""

    handle: Handle
    console: ConsoleLog


class Worker(ABC):
    """Runs one cell at a time: owns a tap, and starts programs on both sides of it."""

    tap: TapControl

    @abstractmethod
    def places(self, server: Program, clients: Iterable[Program], port: int) -> AbstractContextManager[Places]:
        """The addresses of one cell, valid inside the context; `port` is the protocol's default port."""

    @abstractmethod
    def player(self) -> PlayerControl:
        """The worker's player, started on the first call. It reaches servers, and clients reach it."""

    @abstractmethod
    def start(self, program: Program, values: Mapping[str, str], *, typed: bool = False) -> Started:
        """Starts a program, with its standard input open where it is `typed` to; raises ProgramError if that fails."""

    @abstractmethod
    def close(self) -> None:
        """Ends the tap, the player and everything else that the worker still holds."""


class Backend(ABC):
    """A way to run programs."""

    name: str
    why: str

    @abstractmethod
    def unable(self, server: Program, clients: Iterable[Program]) -> str | None:
        """Why these programs cannot meet here, or None where they can."""

    @abstractmethod
    def prepare(self, programs: Iterable[Program], progress: Progress) -> None:
        """Makes ready what these programs need: images, compiled classes."""

    @abstractmethod
    def worker(self) -> Worker:
        """A new worker."""

    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """What runs underneath, by name, for the records."""

    @abstractmethod
    def abort(self) -> None:
        """Ends every program that runs, and starts no more: whoever waits for one is released."""

    @abstractmethod
    def close(self) -> None:
        """Removes all that this run has made."""


def build_failure(program: Program, command: str, status: int, output: Sequence[str]) -> str:
    """The sentence about a build that failed, and below it all that the build printed."""
    lines = [line for line in output if line.strip()] or ["and printed nothing"]
    return "\n".join([f"{program.where}.build: {command} ended with status {status}: {lines[0]}", *lines[1:]])


def expand(words: Iterable[str], folder: Path) -> list[str]:
    """A word with `*` becomes the files of `folder` that it fits, as a shell would have it."""
    expanded: list[str] = []
    for word in words:
        files = sorted(file.relative_to(folder).as_posix() for file in folder.glob(word)) if "*" in word else []
        expanded += files or [word]
    return expanded
