"""A program under test, as its user sees it: what it prints, what is typed to it, how it ends."""

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

__all__ = ["LIMIT", "ROOT", "Running", "text_of"]

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 20.0
"""Seconds after which a test gives up waiting. Nothing that works comes near it."""

_LISTENING = re.compile(r"### Écoute sur le port (\d+)")


class Running:
    """A process whose consoles are read while it runs."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._changed = threading.Condition()
        self._overheard = False
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def port(self) -> int:
        """The port that the server says it listens on, once it does."""
        self.wait_until(lambda: bool(self.out))
        found = _LISTENING.fullmatch(self.out[0])
        assert found, self._consoles()
        return int(found[1])

    def wait_for(self, line: str, times: int = 1) -> None:
        """Until standard output has shown this line so many times."""
        self.wait_until(lambda: self.out.count(line) >= times, f"{times} x {line!r} on standard output")

    def wait_for_error(self, line: str, times: int = 1) -> None:
        self.wait_until(lambda: self.err.count(line) >= times, f"{times} x {line!r} on standard error")

    def wait_until(self, condition: Callable[[], bool], wanted: str = "a condition") -> None:
        with self._changed:
            if not self._changed.wait_for(condition, LIMIT):
                raise AssertionError(f"waited for {wanted}\n{self._consoles()}")

    def overhear(self) -> None:
        """From now on, what it prints is read and forgotten: there will be very much of it."""
        self._overheard = True

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def status(self) -> int:
        """The status of the program, which must end now."""
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end\n{self._consoles()}") from None
        for reader in self._readers:
            reader.join(LIMIT)
        return status

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT)
        for reader in self._readers:
            reader.join(LIMIT)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _read(self, stream: IO[bytes], lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line.decode("utf-8").removesuffix("\n").removesuffix("\r" if os.name == "nt" else ""))
                self._changed.notify_all()
            while self._overheard and stream.read(1 << 20):
                pass

    def _consoles(self) -> str:
        return "\n".join(["[out]", *self.out[-30:], "[err]", *self.err[-30:]])


def text_of(lines: Sequence[str]) -> str:
    """Lines for a comparison whose failure reads well."""
    return "".join(f"{line}\n" for line in lines)
