"""What is kept of a connection for whoever saves it: so much of its beginning, and how much the rest was."""

from __future__ import annotations

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.board.recording import Recording

KEPT = 128 << 10


def test_what_fits_is_kept_whole() -> None:
    events = [
        Event(1.0, 7, "opened", CLIENT, detail="192.0.2.7:50000"),
        Event(2.0, 7, "received", CLIENT, b"bonjour"),
        Event(2.1, 7, "sent", CLIENT, size=7),
        Event(3.0, 7, "end", CLIENT),
    ]
    recording = Recording()
    assert sum(recording.add(event) for event in events) == recording.size
    assert recording.events() == events


def test_the_beginning_of_a_long_one_is_kept_to_the_byte_and_the_rest_of_each_side_is_counted() -> None:
    recording = Recording()
    long = bytes(range(256)) * 1000
    recording.add(Event(1.0, 7, "received", CLIENT, long))
    recording.add(Event(2.0, 7, "sent", CLIENT, size=len(long)))
    recording.add(Event(3.0, 7, "received", CLIENT, b"more"))
    recording.add(Event(4.0, 7, "received", SERVER, b"", 1000))
    recording.add(Event(5.0, 7, "end", CLIENT))
    assert recording.events() == [
        Event(1.0, 7, "received", CLIENT, long[:KEPT]),
        Event(2.0, 7, "sent", CLIENT, size=len(long)),
        Event(3.0, 7, "received", CLIENT, size=len(long) - KEPT + 4),
        Event(4.0, 7, "received", SERVER, size=1000),
        Event(5.0, 7, "end", CLIENT),
    ]
    assert recording.size < KEPT + 1024
