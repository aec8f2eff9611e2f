"""Makes recordings, consoles and programs for the tests of the pure parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.agent.recording import Recording
from conformance.decoder import Conversation, read_conversations
from conformance.judge import ConsoleLine
from conformance.model import Console, Program, Protocol, Role
from conformance.model.program import ProgramEntry
from tests.decoder.building import ADDITION, CHAT, REGISTRY, Part, addition, connection, events, ints, utf

__all__ = [
    "ADDITION",
    "CHAT",
    "REGISTRY",
    "Part",
    "added",
    "addition",
    "connection",
    "events",
    "ints",
    "printed",
    "program",
    "read",
    "the_console",
    "utf",
]


def added(*rounds: tuple[int, int], number: int = 1) -> Conversation:
    """The conversation in which a client asks for these sums, and a right server answers, as it is read."""
    return read(ADDITION, *addition(*rounds), number=number)


def read(protocol: Protocol, *parts: Part, number: int = 1) -> Conversation:
    """The connection in which these parts passed, as it is read."""
    [conversation] = read_conversations(protocol, Recording(events(parts, number)))
    return conversation


def program(role: Role, console: str | None, name: str = "it", protocol: str = "addition") -> Program:
    """A program with that console, or one that is judged by the wire alone."""
    entry = ProgramEntry(protocol=protocol, console=console or "any", command=("it", "{port}"))
    return Program(name, role, entry, the_console(console) if console else None, Path("programs.yaml"))


def the_console(name: str) -> Console:
    """A console of the harness."""
    return REGISTRY.consoles[name]


def printed(lines: Sequence[str], errors: Sequence[str] = ()) -> list[ConsoleLine]:
    """These lines on standard output, and then those on standard error."""
    return [
        *(ConsoleLine(float(number), "out", text) for number, text in enumerate(lines)),
        *(ConsoleLine(float(len(lines) + number), "err", text) for number, text in enumerate(errors)),
    ]
