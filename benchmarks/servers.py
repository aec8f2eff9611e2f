"""Servers under load, which are processes whose console is a file."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import UnavailableError

__all__ = ["Server", "pyserver", "running", "under_load", "visited"]

_LISTENING = re.compile(r"### Écoute sur le port (\d+)\n")
_LIMIT = 20.0  # seconds that a server may take to start


@dataclass(frozen=True)
class Server:
    """A server that is listening."""

    process: subprocess.Popen[bytes]
    port: int
    console: Path


def pyserver(name: str) -> tuple[str, ...]:
    """The command of a server of this project."""
    return (sys.executable, "-m", "pyserver", name, "--port", "0")


@contextmanager
def running(command: Sequence[str], folder: Path, says: re.Pattern[str] = _LISTENING) -> Iterator[Server]:
    """Starts a server, whose first line has its port, and ends it after the context."""
    with (
        tempfile.NamedTemporaryFile(dir=folder, prefix="console-") as console,
        subprocess.Popen(command, stdout=console, stderr=console) as process,
    ):
        try:
            yield Server(process, _port(process, Path(console.name), says), Path(console.name))
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], console: Path, says: re.Pattern[str]) -> int:
    end = time.monotonic() + _LIMIT
    while time.monotonic() < end and process.poll() is None:
        found = says.match(console.read_text(encoding="utf-8"))
        if found:
            return int(found[1])
        time.sleep(0.01)
    raise UnavailableError(f"the server does not listen: {console.read_text(encoding='utf-8').strip()}")


def under_load(load: str, *arguments: object) -> dict[str, float]:
    """Runs the load; returns its counts by name. Raises `UnavailableError` if it fails."""
    done = subprocess.run([load, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(done.stderr.strip())
    return _counts(done.stdout)


@contextmanager
def visited(load: str, port: int, clients: int) -> Iterator[dict[str, float]]:
    """Connects clients, each of which is served once and stays connected inside the context."""
    command = [load, "visit", str(port), str(clients)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        if not line:
            raise UnavailableError(process.stderr.read().strip())
        yield _counts(line)


def _counts(line: str) -> dict[str, float]:
    return {name: float(value) for name, value in (pair.split("=") for pair in line.split())}
