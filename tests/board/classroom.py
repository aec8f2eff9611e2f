"""A class at work behind a board: servers of both languages, one with its sums wrong, a chat, and their clients."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

from tests.cli.running import Command, Server, adds_little_endian, free_port
from tests.programs.programs import (
    CHAT_CLIENTS,
    CHAT_SERVERS,
    MANY_CLIENTS,
    MULTITHREADED_SERVERS,
    SIMPLE_CLIENTS,
    Program,
    environment,
)
from tests.programs.running import ROOT, Running

__all__ = ["Board", "Classroom"]

_JAVA_SERVER, _PYTHON_SERVER = MULTITHREADED_SERVERS[:2]
_CHAT_SERVER = CHAT_SERVERS[1]
_PORT = re.compile(r" port (\d+) ")
_ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+/)")


class Board(Command):
    """A `board` in front of servers, given by their names; `ports` is where the clients of each go."""

    def __init__(self, servers: dict[str, tuple[str, int]]) -> None:
        words = [f"--server={name}={protocol}:0:127.0.0.1:{port}" for name, (protocol, port) in servers.items()]
        super().__init__("board", "--listen", "127.0.0.1:0", *words)
        self.ports = {name: int(_found(_PORT, self.line(f"{name}: "))) for name in servers}
        self.address = _found(_ADDRESS, self.line("http://"))


class Classroom:
    """Alice's server is in Java, Bob's in Python, Carol's has its sums wrong, David's is off, and Emma's is a chat."""

    def __init__(self, classes: Path) -> None:
        self._classes = classes
        self._stack = ExitStack()

    def __enter__(self) -> Classroom:
        with ExitStack() as stack:
            self._stack = stack
            self.chat = self.start(_CHAT_SERVER, 0)
            self.board = Board(
                {
                    "alice": ("addition", self.start(_JAVA_SERVER, 0).port),
                    "bob": ("addition", self.start(_PYTHON_SERVER, 0).port),
                    "carol": ("addition", stack.enter_context(Server(adds_little_endian)).port),
                    "david": ("addition", free_port()),
                    "emma": ("chat", self.chat.port),
                }
            )
            stack.callback(self.board.kill)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, program: Program, *arguments: object) -> Running:
        """Starts a program; it is ended with the class."""
        folder = self._classes if program.java else ROOT
        running = Running(program.command(*arguments), folder, environment(LC_ALL="C.UTF-8"))
        self._stack.callback(running.kill)
        return running

    def client(self, language: str, server: str) -> Running:
        """A client that has three pairs added, in `java` or in `python`."""
        return self._client(SIMPLE_CLIENTS, language, "127.0.0.1", self.board.ports[server])

    def many(self, language: str, server: str, clients: int = 100) -> Running:
        """Many clients at once, with a pair each."""
        return self._client(MANY_CLIENTS, language, "127.0.0.1", self.board.ports[server], clients)

    def talker(self, language: str, author: str) -> Running:
        """Somebody who chats."""
        return self._client(CHAT_CLIENTS, language, author, "127.0.0.1", self.board.ports["emma"])

    def _client(self, programs: list[Program], language: str, *arguments: object) -> Running:
        return self.start(next(program for program in programs if language in program.name), *arguments)


def _found(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    assert found, line
    return found[1]
