"""The commands as the processes that they are, and small peers for them to meet."""

from __future__ import annotations

import argparse
import io
import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.cli import main
from conformance.formatting import Language
from javaio import DataInputStream, DataOutputStream, to_int32

_ENGLISH = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8"}
ROOT = Path(__file__).resolve().parents[2]
LONG = 30.0  # a wait that ends sooner wherever things work


class Command:
    """A command that runs."""

    def __init__(self, *words: object, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "conformance", *map(str, words)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_ENGLISH, **environment},
        )
        self.lines: list[str] = []
        self._came: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._came.put(line.decode().rstrip("\r\n"))
        self._came.put(None)

    def line(self, wanted: str | Callable[[str], bool]) -> str:
        """The next line that has `wanted` in it, or for which it is true."""
        while True:
            try:
                line = self._came.get(timeout=LONG)
            except queue.Empty:
                raise AssertionError(f"no line with {wanted!r} came; there were {self.lines}") from None
            assert line is not None, f"it ended without a line with {wanted!r}: {self.lines} {self.errors()}"
            self.lines.append(line)
            if wanted in line if isinstance(wanted, str) else wanted(line):
                return line

    def event(self, **facts: Any) -> dict[str, Any]:
        """The next line of JSON in which all these facts are."""

        def fits(line: str) -> bool:
            return facts.items() <= {k: v for k, v in json.loads(line).items() if isinstance(v, str | int)}.items()

        found: dict[str, Any] = json.loads(self.line(fits))
        return found

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """The exit status, when it has ended by itself."""
        status = self.process.wait(LONG)
        while (line := self._came.get(timeout=LONG)) is not None:
            self.lines.append(line)
        return status

    def errors(self) -> str:
        """All of standard error, once it has ended."""
        assert self.process.stderr is not None
        self.process.wait(LONG)
        return self.process.stderr.read().decode()

    def kill(self) -> None:
        """Whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LONG)
        self._reader.join(LONG)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


class Tap(Command):
    """A `tap` that listens; `port` is where."""

    def __init__(self, to: int, protocol: object, *words: object, **environment: str) -> None:
        super().__init__(
            "tap", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{to}", "--protocol", protocol, *words, **environment
        )
        line = self.line("port")
        self.port = int(json.loads(line)["port"]) if line.startswith("{") else int(line.split("port ")[1].split()[0])


@contextmanager
def ended(command: Command) -> Iterator[Command]:
    """The command, killed at the end if it still runs."""
    try:
        yield command
    finally:
        command.kill()


def run(*words: object, **environment: str) -> Command:
    """A command that has ended."""
    command = Command(*words, **environment)
    command.end()
    return command


@dataclass(frozen=True)
class Ended:
    """What a command came to that ran in this process."""

    status: int
    lines: list[str]
    errors: str

    @property
    def told(self) -> list[dict[str, Any]]:
        """Its lines of JSON."""
        return [json.loads(line) for line in self.lines]


def run_here(*words: object, lang: Language = "en") -> Ended:
    """A command that ends by itself, in this process: in no time, where a process takes most of a second."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    kept = {name: vars(argparse)[name] for name in ("_", "ngettext")}
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(["--lang", lang, *map(str, words)])
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            vars(argparse).update(kept)
    shown, errors = (stream.buffer.getvalue().decode() for stream in (out, err))
    return Ended(status, shown.splitlines(), errors)


class Server:
    """Serves every client in a thread of its own with `serve`, or one at a time; it `survives` these errors."""

    def __init__(
        self,
        serve: Callable[[socket.socket], None],
        *,
        one_at_a_time: bool = False,
        host: str = "127.0.0.1",
        survives: tuple[type[Exception], ...] = (OSError, EOFError),
    ):
        self._serve = serve
        self._one_at_a_time = one_at_a_time
        self._survives = survives
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def listen(self, backlog: int) -> None:
        """How many connections may wait from now on."""
        self._listener.listen(backlog)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                if self._one_at_a_time:
                    self._one(connection)
                else:
                    threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, suppress(*self._survives):
            self._serve(connection)


def adds(connection: socket.socket) -> None:
    """A right addition server."""
    with connection.makefile("rwb", buffering=0) as stream:
        inp, out = DataInputStream(stream), DataOutputStream(stream)
        inp.read_utf()
        while True:
            out.write_int(to_int32(inp.read_int() + inp.read_int()))


def adds_little_endian(connection: socket.socket) -> None:
    """An addition server whose answers have their lowest byte first."""
    with connection.makefile("rwb", buffering=0) as stream:
        inp = DataInputStream(stream)
        inp.read_utf()
        while True:
            connection.sendall(struct.pack("<i", inp.read_int() + inp.read_int()))


def listens(connection: socket.socket) -> None:
    """A server that takes in everything and says nothing."""
    while connection.recv(1 << 20):
        pass


def greets(connection: socket.socket) -> None:
    """A service of another kind, which speaks first."""
    connection.sendall(b"220 mail ready\r\n")
    listens(connection)


def hangs_up(connection: socket.socket) -> None:
    """A server that closes as soon as it has heard something."""
    connection.recv(1 << 16)


def connect(port: int) -> socket.socket:
    """A connection to it."""
    return socket.create_connection(("127.0.0.1", port), LONG)


def utf(text: str) -> bytes:
    """The bytes of `writeUTF`, for ASCII."""
    return struct.pack(">H", len(text)) + text.encode()


def ints(*numbers: int) -> bytes:
    """The bytes of some `writeInt`."""
    return struct.pack(f">{len(numbers)}i", *numbers)


def received(sock: socket.socket, size: int) -> bytes:
    """Exactly so many bytes, or what came before the end."""
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
