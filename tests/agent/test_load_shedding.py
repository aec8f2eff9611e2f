"""What is left out of a stream of events whose reader is too slow: bytes and whole connections, in sums."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER, Event, Kind
from conformance.agent.load_shedding import LoadShedder

LAST = 1e6
KINDS: Sequence[Kind] = ("received", "sent", "end", "reset")


def taken(*events: tuple[bool, Event]) -> list[Event]:
    shedder = LoadShedder()
    told = [each for room, event in events for each in shedder.take(event, room=room)]
    return [*told, *shedder.rest(LAST)]


def received(connection: int, data: bytes) -> Event:
    return Event(1.0, connection, "received", CLIENT, data)


def opened(connection: int) -> Event:
    return Event(1.0, connection, "opened", CLIENT)


def test_with_room_everything_is_taken() -> None:
    events = [opened(1), received(1, b"abc"), Event(2.0, 1, "sent", CLIENT, size=3), Event(3.0, 1, "end", CLIENT)]
    assert taken(*((True, event) for event in events)) == events


def test_without_room_bytes_are_one_sum_before_what_comes_next() -> None:
    pieces = [(False, received(1, b"abc")), (False, received(1, b"de")), (False, Event(1.0, 1, "sent", CLIENT, size=5))]
    missing = [Event(1.0, 1, "received", CLIENT, size=5), Event(1.0, 1, "sent", CLIENT, size=5)]
    end, more = Event(2.0, 1, "end", CLIENT), received(1, b"f")
    assert taken((True, opened(1)), *pieces, (False, end)) == [opened(1), *missing, end]
    assert taken((True, opened(1)), *pieces, (True, more)) == [opened(1), *missing, more]
    assert taken((True, opened(1)), *pieces) == [opened(1), *missing]


def test_without_room_a_new_connection_is_counted_and_nothing_of_it_is_told_ever() -> None:
    later = [received(2, b"abc"), Event(2.0, 2, "end", CLIENT)]
    told = taken((False, opened(2)), (False, opened(3)), (True, opened(4)), *((True, event) for event in later))
    assert told == [Event(1.0, 0, "missed", CLIENT, size=2), opened(4)]


def test_what_was_missed_before_is_added() -> None:
    assert taken((False, Event(1.0, 0, "missed", CLIENT, size=7)), (False, opened(1))) == [
        Event(LAST, 0, "missed", CLIENT, size=8)
    ]


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.integers(1, 4), st.sampled_from(KINDS), st.sampled_from((CLIENT, SERVER)), st.binary()
        )
    ),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_nothing_is_lost_uncounted(steps: list[tuple[bool, int, Kind, str, bytes]], rooms: list[bool]) -> None:
    """Whatever there is room for: of connections told of, all bytes are told or counted; of others, nothing."""
    events = [(room, opened(number)) for number, room in enumerate(rooms, 1)]
    for room, number, kind, sender, data in steps:
        side = CLIENT if sender == CLIENT else SERVER
        data, size = (data, 0) if kind == "received" else (b"", len(data) if kind == "sent" else 0)
        events.append((room, Event(1.0, number, kind, side, data, size)))
    told = taken(*events)
    assert sum(event.size for event in told if event.kind == "missed") == rooms.count(False)
    for number, room in enumerate(rooms, 1):
        mine = [event for event in told if event.connection == number]
        came = [event for _, event in events if event.connection == number] if room else []
        for kind in KINDS:
            for side in (CLIENT, SERVER):
                sums = [
                    sum(len(event.data) + event.size for event in some if (event.kind, event.sender) == (kind, side))
                    for some in (mine, came)
                ]
                assert sums[0] == sums[1]
        assert [event for event in mine if event.kind in ("end", "reset")] == [
            event for event in came if event.kind in ("end", "reset")
        ]
