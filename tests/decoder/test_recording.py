"""What the tap tells, put together connection by connection."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.recording import Recording
from tests.decoder.building import events

EVENTS = st.builds(
    Event,
    at=st.integers(0, 10**9).map(lambda micros: micros / 1e6),
    connection=st.integers(1, 100),
    kind=st.sampled_from(["opened", "received", "sent", "end", "reset", "refused"]),
    sender=st.sampled_from([CLIENT, SERVER]),
    data=st.binary(max_size=20),
    size=st.integers(0, 100),
    detail=st.text(max_size=10),
)


@given(EVENTS)
def test_an_event_survives_its_way_through_json(event: Event) -> None:
    assert Event.from_json(event.to_json()) == event


def test_what_is_empty_is_left_out_of_json() -> None:
    assert Event(1.0, 1, "end", CLIENT).to_json() == {"at": 1.0, "connection": 1, "kind": "end", "sender": "client"}


def test_connections_are_kept_apart_and_in_their_order() -> None:
    one, two = events([(CLIENT, b"a"), (SERVER, b"b")]), events([(CLIENT, b"c")], number=2)
    recording = Recording([one[0], two[0], *two[1:], *one[1:]])
    assert [(seen.number, seen.client.data, seen.server.data) for seen in recording.connections] == [
        (1, b"a", b"b"),
        (2, b"c", b""),
    ]


@given(st.binary(min_size=1, max_size=40), st.data())
def test_each_byte_has_the_time_of_the_piece_it_came_in(whole: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=5)) & set(range(1, len(whole))))
    bounds = list(zip([0, *cuts], [*cuts, len(whole)], strict=True))
    [seen] = Recording(events([(CLIENT, whole[start:end]) for start, end in bounds])).connections
    assert seen.client.data == whole
    for number, (start, end) in enumerate(bounds, 1):
        assert {seen.client.came(offset) for offset in range(start, end)} == {float(number)}
        assert {seen.client.went(offset) for offset in range(start, end)} == {float(number)}


def test_a_byte_that_is_held_back_has_not_gone() -> None:
    told = [*events([(CLIENT, b"ab")], ends=False)[:-1], Event(5.0, 1, "sent", CLIENT, size=1)]
    [seen] = Recording(told).connections
    assert seen.client.went(0) == 5.0
    assert seen.client.went(1) is None
    assert seen.client.passed_on == 1


def test_how_a_direction_ends() -> None:
    told = [*events([], ends=False), Event(1.0, 1, "end", CLIENT), Event(2.0, 1, "reset", SERVER, detail="reset")]
    [seen] = Recording(told).connections
    assert (seen.client.ended, seen.client.reset, seen.client.closed) == (1.0, None, True)
    assert (seen.server.ended, seen.server.reset, seen.server.closed) == (None, 2.0, True)


def test_a_refused_connection_can_bring_no_answer() -> None:
    [seen] = Recording([*events([], ends=False), Event(1.0, 1, "refused", SERVER, detail="non")]).connections
    assert seen.refused == "non"
    assert seen.server.closed


def test_waiting_looks_at_what_is_there_first() -> None:
    recording = Recording(events([(CLIENT, b"a")]))
    assert recording.wait_for(lambda: bool(recording.connections), until=0.0)
    assert not recording.wait_for(lambda: len(recording.connections) > 1, until=0.0)


@given(st.lists(st.integers(0, 3), max_size=6))
def test_a_reader_that_comes_again_gets_what_is_new(steps: list[int]) -> None:
    told = events([(CLIENT, b"a")] * sum(steps))
    recording, read = Recording(), list[Event]()
    for event in told:
        recording.add(event)
        if steps and len(recording.events) % 3 == 0:
            read += recording.events[len(read) :]
    assert [*read, *recording.events[len(read) :]] == told
