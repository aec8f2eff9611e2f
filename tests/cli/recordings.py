"""Recordings as `tap --save` writes them, without a tap."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.model import load_registry
from conformance.observe.saved import About, JsonSaver
from tests.cli.running import ints, utf

PROTOCOLS = load_registry().protocols
BEGAN = 1_700_000_000.25


def about(protocol: str = "addition") -> About:
    """What a recording says of itself."""
    return About(PROTOCOLS[protocol], "127.0.0.1:8999", "direct", BEGAN)


def conversation(parts: Iterable[tuple[Side, bytes]], number: int = 1, *, ends: bool = True) -> list[Event]:
    """What the tap tells of one connection: each part comes, and goes on, a tenth of a second after the part before."""
    at = 0.0
    told = [Event(at, number, "opened", CLIENT, detail="127.0.0.1:50000", via="127.0.0.1:8999")]
    for sender, data in parts:
        at += 0.1
        told += [Event(at, number, "received", sender, data), Event(at, number, "sent", sender, size=len(data))]
    if ends:
        told += [Event(at, number, "end", CLIENT), Event(at, number, "end", SERVER)]
    return told


def save(path: Path, events: Iterable[Event], protocol: str = "addition") -> Path:
    """The recording as a file."""
    saver = JsonSaver(path.open("wb"), about(protocol))
    for event in events:
        saver.add(event)
    saver.close()
    return path


def addition_recording(path: Path, rounds: int = 1) -> Path:
    """A right conversation."""
    parts: list[tuple[Side, bytes]] = [(CLIENT, utf("127.0.0.1"))]
    for number in range(rounds):
        parts += [(CLIENT, ints(number, 1)), (SERVER, ints(number + 1))]
    return save(path, conversation(parts))
