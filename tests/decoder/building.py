"""Makes bytes and recordings of the course's protocols for the tests."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.recording import Connection, Recording
from conformance.model import Protocol, Registry, load_registry
from javaio import WIRE_TYPES

__all__ = ["ADDITION", "CHAT", "REGISTRY", "Part", "addition", "connection", "events", "ints", "utf"]

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
