"""The load: clients of both languages that come, ask, and leave, again and again; every answer is checked."""

from __future__ import annotations

import random
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from javaio import DataInputStream, DataOutputStream
from tests.soak.watched import Latencies

__all__ = ["Load", "WrongAnswerError"]

_LIMIT = 60.0  # seconds: who waits so long waits in vain
_REQUESTS = 20
_PAUSE = 0.02  # between the sessions of one thread
_LIVES = 5  # messages of a member until it leaves


class WrongAnswerError(AssertionError):
    """A server answered, passed on or ended otherwise than it must."""


class Load:
    """Threads that do their part again and again until `stop`; the first error ends all, and is raised there."""

    def __init__(self, latencies: Latencies) -> None:
        self.done: Counter[str] = Counter()
        self.failed = threading.Event()
        self._latencies = latencies
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None

    def adds(self, name: str, port: int) -> None:
        """Clients that ask for sums, one after the other."""
        self._again(lambda: self._session(name, port))

    def chats(self, name: str, port: int) -> None:
        """Members that join, say some things, hear what all say, and leave, one after the other."""
        self._again(lambda: self._visit(name, port))

    def runs(self, name: str, command: Sequence[str], typed: str, seconds: float) -> None:
        """A client as a program of its own, with that input, and a pause behind it; it must end with status 0."""

        def run() -> None:
            ended = subprocess.run(
                command,
                input=typed.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_LIMIT,
                check=False,
            )
            if ended.returncode or b"!!!" in ended.stdout:
                raise WrongAnswerError(f"{name} ended with status {ended.returncode}: {ended.stdout[-300:]!r}")
            self.done[name] += 1
            self._stopping.wait(seconds)

        self._again(run)

    def stop(self) -> None:
        """Ends all of it. Raises what went wrong in it."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(2 * _LIMIT)
        if self._error is not None:
            raise self._error

    def _again(self, part: Callable[[], None]) -> None:
        def work() -> None:
            try:
                while not self._stopping.is_set():
                    part()
                    self._stopping.wait(_PAUSE)
            except BaseException as error:
                self._error = self._error or error
                self._stopping.set()
                self.failed.set()

        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _session(self, name: str, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), _LIMIT) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            out = DataOutputStream(sock.makefile("wb"))
            inp = DataInputStream(sock.makefile("rb"))
            out.write_utf("127.0.0.1")
            for _ in range(_REQUESTS):
                first, second = (random.randint(-(2**31), 2**31 - 1) for _ in range(2))
                began = time.monotonic()
                out.write_int(first)
                out.write_int(second)
                out.flush()
                answer = inp.read_int()
                self._latencies.add(name, time.monotonic() - began)
                wanted = (first + second + 2**31) % 2**32 - 2**31
                if answer != wanted:
                    raise WrongAnswerError(f"{name}: {first} + {second} is {wanted}, and {answer} came")
                self.done[name] += 1

    def _visit(self, name: str, port: int) -> None:
        author = f"{name}-{random.getrandbits(64):x}"
        with socket.create_connection(("127.0.0.1", port), _LIMIT) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            out = DataOutputStream(sock.makefile("wb"))
            inp = DataInputStream(sock.makefile("rb"))
            out.write_utf("127.0.0.1")
            for number in range(_LIVES):
                began = time.monotonic()
                out.write_utf(author)
                out.write_utf(f"{number} é 😀")
                out.flush()
                # What the others say comes in between, whole.
                while (said := (inp.read_utf(), inp.read_utf()))[0] != author:
                    if not said[0].startswith(name) and "-" not in said[0] and not said[0].isalpha():
                        raise WrongAnswerError(f"{name}: {said!r} was never said")
                self._latencies.add(name, time.monotonic() - began)
                if said[1] != f"{number} é 😀":
                    raise WrongAnswerError(f"{name}: message {number} came back as {said[1]!r}")
                self.done[name] += 1
            sock.shutdown(socket.SHUT_WR)
            while inp.read(1 << 16):
                pass
