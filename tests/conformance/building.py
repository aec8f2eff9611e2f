"""Makes recordings, consoles and programs for the tests of the pure parts."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.recording import Connection, Recording
from conformance.decoder.conversation import Conversation, read_conversation
from conformance.judge.console_line import ConsoleLine
from conformance.model import Console, Program, Protocol, Registry, Role, load_registry
from conformance.model.program import ProgramEntry
from javaio import WIRE_TYPES

REGISTRY: Registry = load_registry()
ADDITION: Protocol = REGISTRY.protocols["addition"]
CHAT: Protocol = REGISTRY.protocols["chat"]

Part = tuple[Side, bytes]


def utf(text: str) -> bytes:
    """The bytes of `writeUTF`."""
    return WIRE_TYPES["UTF"].encode(text)


def ints(*numbers: int) -> bytes:
    """The bytes of some `writeInt`."""
    return struct.pack(f">{len(numbers)}i", *numbers)


def events(parts: Iterable[Part], number: int = 1, began: float = 0.0, *, ends: bool = True) -> list[Event]:
    """What the tap tells of one connection: each part comes, and goes on, one second after the part before."""
    at = began
    told = [Event(at, number, "opened", CLIENT, detail="127.0.0.1:50000")]
    for sender, data in parts:
        at += 1.0
        told.append(Event(at, number, "received", sender, data))
        told.append(Event(at, number, "sent", sender, size=len(data)))
    if ends:
        told += [Event(at + 1.0, number, "end", CLIENT), Event(at + 2.0, number, "end", SERVER)]
    return told


def connection(*parts: Part, number: int = 1) -> Connection:
    """A connection in which these parts passed, one after the other."""
    return Recording(events(parts, number)).connections[0]


def addition(*rounds: tuple[int, int], address: str = "127.0.0.1") -> list[Part]:
    """What passes where a client asks for these sums, and a right server answers."""
    parts: list[Part] = [(CLIENT, utf(address))]
    for first, second in rounds:
        total = (first + second + 2**31) % 2**32 - 2**31
        parts += [(CLIENT, ints(first)), (CLIENT, ints(second)), (SERVER, ints(total))]
    return parts


def added(*rounds: tuple[int, int], number: int = 1) -> Conversation:
    """Such a conversation, as it is read."""
    return read_conversation(ADDITION, connection(*addition(*rounds), number=number))


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
