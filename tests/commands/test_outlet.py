"""What a tap tells in frames: exactly what it saw, and never more than fits while nobody listens."""

from __future__ import annotations

import io
import os
import threading
from typing import Any, BinaryIO, cast

import pytest

from conformance.tap.events import CLIENT, SERVER, Event
from conformance.tap.frames import pack_answer, pack_event, read_frames
from conformance.tap.outlet import Outlet
from tests.commands.running import LONG

EVENTS = [
    Event(0.125, 1, "opened", CLIENT, detail="[::1]:50000", via="[::1]:8999"),
    Event(1.5, 1, "received", CLIENT, bytes(range(256)) * 1000),
    Event(1.5, 1, "received", SERVER, b"", 77),
    Event(2.0, 1, "sent", CLIENT, size=256_000),
    Event(3.0, 4_000_000_000, "end", SERVER),
    Event(4.0, 2, "reset", SERVER, detail="réinitialisée"),
    Event(5.0, 3, "refused", SERVER, detail="Connection refused"),
]


def read(data: bytes) -> list[tuple[Event | dict[str, Any], int]]:
    return list(read_frames(io.BytesIO(data)))


def test_events_and_answers_come_out_as_they_went_in() -> None:
    frames = [pack_event(event, waiting=5 << 20) for event in EVENTS] + [pack_answer({"done": "open"})]
    came = read(b"".join(head + data for head, data in frames))
    assert came == [*((event, 5 << 20) for event in EVENTS), ({"done": "open"}, 0)]


def test_a_frame_that_was_cut_is_the_end() -> None:
    head, _ = pack_event(EVENTS[0])
    assert read(head[:10]) == []


def test_while_nobody_reads_events_lose_their_bytes_and_say_how_many() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as source, open(writing, "wb") as target:  # noqa: PTH123 - these are no paths
        outlet = Outlet(target, held_limit=1 << 20)
        sent = [Event(float(number), 1, "received", CLIENT, bytes([number]) * 100_000) for number in range(40)]
        for event in sent:
            outlet.event(event)  # returns at once, though the pipe is full
        outlet.event(Event(99.0, 1, "end", CLIENT))

        def close() -> None:
            outlet.close()
            target.close()

        closing = threading.Thread(target=close)
        closing.start()
        came = list(read_frames(source))
        closing.join()
    events = [event for event, _ in came if isinstance(event, Event)]
    assert [event.at for event in events] == [*(float(number) for number in range(40)), 99.0]
    assert [len(event.data) + event.size for event in events[:-1]] == [100_000] * 40
    assert events[0] == sent[0]
    whole = sum(bool(event.data) for event in events)
    assert 10 <= whole < 15, "what the bound holds, and what the pipe does"
    assert max(waiting for _, waiting in came) > 900_000
    assert came[-1][1] == 0


class _Gone(io.RawIOBase):
    """A stream whose reader has gone."""

    def write(self, data: object) -> int:
        raise BrokenPipeError


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_who_goes_holds_nobody_up() -> None:
    outlet = Outlet(cast(BinaryIO, _Gone()))
    for event in EVENTS:
        outlet.event(event)
    closing = threading.Thread(target=outlet.close, daemon=True)
    closing.start()
    closing.join(LONG)
    assert not closing.is_alive()
