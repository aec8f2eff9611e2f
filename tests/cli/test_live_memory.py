"""What tap and board remember while connections go on is bounded, whatever comes: in a process of its own, measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120

# Each prints the codes of what was elided, and by how many bytes its memory has grown at the most.
HEAD = """
import resource, struct, sys
from conformance.agent.events import CLIENT, SERVER, Event
from conformance.model.lookup import find_protocol
from conformance.observe.live_conversation import Viewer
from conformance.observe.live_events import Elided

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

codes = set()

def sink(event):
    if isinstance(event, Elided):
        codes.add(event.problem.code)

def utf(text):
    return struct.pack(">H", len(text)) + text.encode()

def viewer(protocol):
    return Viewer(find_protocol(protocol), sink)

before = most()
"""
FOOT = """
print(most() - before, *sorted(codes))
"""

ONE_UNANSWERED = """
reads = viewer("addition")
reads.add(Event(0.0, 1, "opened", CLIENT))
reads.add(Event(0.1, 1, "received", CLIENT, utf("127.0.0.1")))
for at in range(40):
    reads.add(Event(1.0 + at, 1, "received", CLIENT, bytes(8 * 8000)))
"""
MANY_UNANSWERED = """
reads = viewer("addition")
for number in range(1, 121):
    reads.add(Event(number, number, "opened", CLIENT))
    reads.add(Event(number, number, "received", CLIENT, utf("127.0.0.1") + bytes(8 * 3000)))
"""
UNASKED_IN_PIECES = """
reads = viewer("addition")
reads.add(Event(0.0, 1, "opened", CLIENT))
for at in range(400_000):
    reads.add(Event(1.0 + at / 1e6, 1, "received", SERVER, b"."))
"""
MANY_BEGINNINGS = """
reads = viewer("addition")
for number in range(1, 251):
    reads.add(Event(number, number, "opened", CLIENT))
    reads.add(Event(number, number, "received", CLIENT, utf("127.0.0.1") + bytes(8 * 1000)))
    reads.add(Event(number, number, "sent", CLIENT, size=11 + 8 * 1000))
    reads.add(Event(number, number, "received", SERVER, bytes(4 * 1000)))
"""
MIB = 1 << 20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
@pytest.mark.parametrize(
    ("flood", "limit", "codes"),
    [
        (ONE_UNANSWERED, 80 * MIB, ["too-much-unread"]),
        (MANY_UNANSWERED, 120 * MIB, ["too-much-unread"]),
        (UNASKED_IN_PIECES, 80 * MIB, ["too-much-unread"]),
        (MANY_BEGINNINGS, 120 * MIB, []),
    ],
    ids=["requests that nobody answers", "of many clients", "bytes one by one", "long beginnings"],
)
def test_what_is_remembered_stays_below_its_limit(flood: str, limit: int, codes: list[str]) -> None:
    command = [sys.executable, "-c", HEAD + flood + FOOT]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LIMIT, check=True)
    grown, *elided = done.stdout.split()
    assert elided == codes
    assert int(grown) < limit
