"""What a tap tells in frames: exactly what it saw, and never more than fits while nobody listens."""

from __future__ import annotations

import io
import itertools
import os
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.tap.frames import EventWriter, FrameReader, pack_answer, pack_event
from tests.cli.running import LONG

EVENTS = [
    Event(0.125, 1, "opened", CLIENT, detail="[::1]:50000", via="[::1]:8999"),
    Event(1.5, 1, "received", CLIENT, bytes(range(256)) * 1000),
    Event(1.5, 1, "received", SERVER, b"", 77),
    Event(2.0, 1, "sent", CLIENT, size=256_000),
    Event(3.0, 4_000_000_000, "end", SERVER),
    Event(4.0, 2, "reset", SERVER, detail="réinitialisée"),
    Event(5.0, 3, "refused", SERVER, detail="Connection refused"),
]


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    reading, writing = os.pipe()
    with open(reading, "rb") as source, open(writing, "wb") as target:  # noqa: PTH123 - these are no paths
        yield source, target


def read(data: bytes) -> list[Event | dict[str, Any] | None]:
    return list(FrameReader().feed(data))


def frames_from(source: BinaryIO) -> Iterator[Event | dict[str, Any] | None]:
    reader = FrameReader()
    while data := os.read(source.fileno(), 65536):
        yield from reader.feed(data)


def test_events_and_answers_come_out_as_they_went_in() -> None:
    frames = [*map(pack_event, EVENTS), pack_answer({"done": "open"})]
    assert read(b"".join(head + data for head, data in frames)) == [*EVENTS, {"done": "open"}]


def test_when_nothing_more_waits_a_pause_is_told(pipe: tuple[BinaryIO, BinaryIO]) -> None:
    source, target = pipe
    writer = EventWriter(target)
    frames = frames_from(source)
    for event in EVENTS[0], EVENTS[4]:
        writer.event(event)
        assert [next(frames), next(frames)] == [event, None]
    writer.close()


def test_many_threads_may_tell_at_once(pipe: tuple[BinaryIO, BinaryIO]) -> None:
    source, target = pipe
    writer = EventWriter(target)

    def tell(connection: int) -> None:
        for number in range(1000):
            writer.event(Event(float(number), connection, "end", CLIENT))

    threads = [threading.Thread(target=tell, args=(connection,)) for connection in range(4)]
    for thread in threads:
        thread.start()
    came = [event for event in itertools.islice(filter(None, frames_from(source)), 4000) if isinstance(event, Event)]
    for connection in range(4):
        assert [event.at for event in came if event.connection == connection] == list(range(1000))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_frames_may_come_in_pieces_of_any_size(size: int) -> None:
    data = b"".join(head + rest for head, rest in map(pack_event, EVENTS[:1] + EVENTS[2:]))
    reader = FrameReader()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert [event for piece in pieces for event in reader.feed(piece)] == EVENTS[:1] + EVENTS[2:]


def test_a_reader_moves_the_times() -> None:
    reader = FrameReader()
    reader.shift = 2.0
    assert list(reader.feed(pack_event(EVENTS[4])[0])) == [EVENTS[4]._replace(at=5.0)]


def test_while_nobody_reads_events_lose_their_bytes_and_say_how_many(pipe: tuple[BinaryIO, BinaryIO]) -> None:
    source, target = pipe
    writer = EventWriter(target, held_limit=1 << 20)
    sent = [Event(float(number), 1, "received", CLIENT, bytes([number]) * 100_000) for number in range(40)]
    for event in sent:
        writer.event(event)  # returns at once, though the pipe is full
    writer.event(Event(99.0, 1, "end", CLIENT))

    def close() -> None:
        writer.close()
        target.close()

    closing = threading.Thread(target=close)
    closing.start()
    came = list(frames_from(source))
    closing.join()
    events = [event for event in came if isinstance(event, Event)]
    *whole, missing, end = events
    assert whole == sent[: len(whole)]
    assert 10 <= len(whole) < 15, "what the bound holds, and what the pipe does"
    assert missing == Event(39.0, 1, "received", CLIENT, size=100_000 * (40 - len(whole)))
    assert end.kind == "end"
    assert came[-1] is None


def test_while_nobody_reads_short_connections_are_counted(pipe: tuple[BinaryIO, BinaryIO]) -> None:
    source, target = pipe
    writer = EventWriter(target, held_limit=1 << 20)
    for number in range(1, 20_001):
        for kind in ("opened", "end", "reset"):
            writer.event(Event(float(number), number, kind, CLIENT))

    def close() -> None:
        writer.close()
        target.close()

    closing = threading.Thread(target=close)
    closing.start()
    came = [event for event in frames_from(source) if isinstance(event, Event)]
    closing.join()
    missed = sum(event.size for event in came if event.kind == "missed")
    told = sum(event.kind == "opened" for event in came)
    assert told + missed == 20_000
    assert 1000 < told < 5000, "what the bound holds, and what the pipe does"


class _Gone(io.RawIOBase):
    """A stream whose reader has gone."""

    def write(self, data: object) -> int:
        raise BrokenPipeError


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_who_goes_holds_nobody_up() -> None:
    writer = EventWriter(cast(BinaryIO, _Gone()))
    for event in EVENTS:
        writer.event(event)
    closing = threading.Thread(target=writer.close, daemon=True)
    closing.start()
    closing.join(LONG)
    assert not closing.is_alive()
