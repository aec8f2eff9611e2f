"""Ports of this machine: a port is one cell's at a time, whatever other workers, runs and programs do.

A process that gives a port to a cell locks the byte of that number in a file that all runs of this machine share. The
system releases the lock when the process ends, however it ends. Programs that know nothing of the file are found by a
bind: the port is used only where nothing listens and no connection of it lingers.
"""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

from conformance.agent.problem import HarnessError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["port_of_its_own", "the_port"]

_FILE: Final = "java-python-sockets-ports.lock"
# Systems give higher ports to outgoing connections, so that no client takes a server's port.
_FIRST, _LAST = 20000, 29999
_LINUX_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FEWEST = 1000  # a range smaller than this is no use to several runs
_CELLS_SECONDS = 600.0  # for the cells of this and of other runs that insist on the same port: they take turns
_PROGRAM_SECONDS = 5.0  # for a program that is about to end
_LOOK_SECONDS = 0.1


class _Locks:
    """The ports that this process has. POSIX locks belong to the process, so its threads are kept apart by a set."""

    def __init__(self, file: Path) -> None:
        self._file = _open_shared(file)
        self._mine: set[int] = set()
        self._guard = threading.Lock()
        ports = _ports()
        start = secrets.randbelow(len(ports))
        # In turn, so that a port rests for long before it is given out again.
        self._turn = itertools.cycle([*ports[start:], *ports[:start]])
        self._count = len(ports)

    def take(self) -> int:
        """A port that nobody has. HarnessError where there is none."""
        for _ in range(self._count):
            with self._guard:
                port: int = next(self._turn)
            if self.lock(port):
                if is_free(port):
                    return port
                self.release(port)
        raise HarnessError("harness-port", reason=f"none of {self._count} ports is free")

    def lock(self, port: int) -> bool:
        """Locks the port; False where another cell has it."""
        with self._guard:
            if port in self._mine:
                return False
            try:
                self._set(port, True)
            except OSError:
                return False
            self._mine.add(port)
            return True

    def release(self, port: int) -> None:
        with self._guard:
            self._mine.discard(port)
            with suppress(OSError):
                self._set(port, False)

    def _set(self, port: int, lock: bool) -> None:
        if sys.platform == "win32":
            os.lseek(self._file, port, os.SEEK_SET)
            msvcrt.locking(self._file, msvcrt.LK_NBLCK if lock else msvcrt.LK_UNLCK, 1)
        else:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB if lock else fcntl.LOCK_UN, 1, port)


@contextmanager
def port_of_its_own() -> Iterator[int]:
    """A port that is nobody else's inside the context. Raises `HarnessError`."""
    locks = _locks()
    port = locks.take()
    try:
        yield port
    finally:
        locks.release(port)


@contextmanager
def the_port(port: int, stopping: Callable[[], bool]) -> Iterator[None]:
    """Waits until that port is this cell's and nobody listens on it, for programs that insist on it.

    Raises `HarnessError`: other runs or another program keep it, or this run is `stopping`.
    """
    locks = _locks()
    until = time.monotonic() + _CELLS_SECONDS
    while not locks.lock(port):
        if stopping() or time.monotonic() >= until:
            raise HarnessError("harness-port", port=port, reason="another run of the matrix has it")
        time.sleep(_LOOK_SECONDS)
    try:
        until = time.monotonic() + _PROGRAM_SECONDS
        while not is_free(port, lingering=True):
            if stopping() or time.monotonic() >= until:
                raise HarnessError("harness-port", port=port, reason="another program of this machine listens on it")
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        locks.release(port)


def is_free(port: int, *, lingering: bool = False) -> bool:
    """Whether a program could listen on the port now, on every address of this machine.

    `lingering` is for ports that cannot be chosen: connections that are over and linger (TIME_WAIT) then do not count.
    """
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            attempt = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # this machine has no IPv6
        with attempt:
            if family == socket.AF_INET6:
                attempt.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if sys.platform == "win32":
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            elif lingering:
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((host, port))
                attempt.listen(1)
            except OSError as error:
                if family == socket.AF_INET or error.errno == errno.EADDRINUSE:
                    return False
    return True


@cache
def _locks() -> _Locks:
    return _Locks(Path(tempfile.gettempdir(), _FILE))


def _open_shared(file: Path) -> int:
    """Opens the file that the runs of all users lock parts of; made where there is none."""
    try:
        with suppress(FileExistsError):
            made = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            if sys.platform != "win32":
                os.fchmod(made, 0o666)  # whatever the umask: runs of other users share it
            os.close(made)
        return os.open(file, os.O_RDWR)
    except OSError as error:
        raise HarnessError("harness-port", reason=f"{file}: {error.strerror}") from error


def _ports() -> range:
    """The ports to choose from: outside of those that the system gives to outgoing connections, if that can be."""
    usual = range(_FIRST, _LAST + 1)
    try:
        low, high = map(int, _LINUX_RANGE.read_text().split())
    except (OSError, ValueError):
        return usual
    below, above = range(max(1024, low - len(usual)), low), range(high + 1, min(65536, high + 1 + len(usual)))
    if low > _LAST or high < _FIRST:
        return usual
    return max((below, above), key=len) if max(len(below), len(above)) >= _FEWEST else usual
