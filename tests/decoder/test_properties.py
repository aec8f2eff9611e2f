"""What must hold of the decoder for every protocol of this repository and for any bytes at all."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.decoder import Decoder, Field, Message, Outcome, Unread
from conformance.model import Protocol, load_matrix
from conformance.model.yaml_file import read_yaml, validate
from tests.decoder.building import ints, utf
from tests.decoder.sessions import sessions, sides_of, stream

ROOT = Path(__file__).resolve().parents[2]
ORDER = ROOT / "tests" / "diagnosis" / "order.yaml"
# Loops in loops, sizes that the other side says, a value behind a loop: what no protocol of the repository has.
NESTED = Protocol.model_validate(
    {
        "protocol": "nested",
        "about": "lists of lists, and a size that the server chooses",
        "port": 9000,
        "session": [
            {"from": "server", "field": "width", "type": "unsignedByte"},
            {"from": "client", "field": "key", "type": "bytes", "size": "width"},
            {
                "repeat": [
                    {"from": "client", "field": "row", "type": "short"},
                    {"from": "server", "field": "answer", "type": "int", "equals": "int32(row * 2)"},
                    {"from": "server", "field": "check", "type": "int", "equals": "int32(crc32(key))"},
                ]
            },
        ],
    }
)
DEEP = Protocol.model_validate(
    {
        "protocol": "deep",
        "about": "a loop that the server leads in one that the client leads",
        "port": 9000,
        "session": [
            {
                "repeat": [
                    {"from": "client", "field": "ask", "type": "byte"},
                    {
                        "repeat": [
                            {"from": "server", "field": "part", "type": "UTF"},
                            {"from": "client", "field": "got", "type": "int", "equals": "length(part) + ask"},
                        ]
                    },
                ]
            }
        ],
    }
)
LISTS = Protocol.model_validate(
    {
        "protocol": "lists",
        "about": "messages with a list in each, both ways",
        "port": 9000,
        "session": [
            {
                "both ways": {
                    side: [
                        {
                            "repeat": [
                                {"from": side, "field": "name", "type": "UTF"},
                                {"repeat": [{"from": side, "field": "number", "type": "short"}]},
                            ]
                        }
                    ]
                    for side in (CLIENT, SERVER)
                }
            }
        ],
    }
)
PLAIN = [*load_matrix().protocols.values(), validate(Protocol, read_yaml(ORDER), ORDER), NESTED]
PROTOCOLS = [*PLAIN, DEEP, LISTS]  # in the last two nothing but the end says where an inner loop is over
EACH = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.protocol)

Told = dict[Side, list[Any]]


def timeless(outcomes: list[Outcome]) -> Told:
    """What was decided of each side, in its order, without the times, and unread bytes in one piece."""
    told: Told = {CLIENT: [], SERVER: []}
    for one in outcomes:
        match one:
            case Field():
                problem = one.problem and (one.problem.code, one.problem.where, dict(one.problem.values))
                told[one.side].append((one.name, one.value, one.raw, one.offset, one.path, problem))
            case Message():
                told[one.side].append(dict(one.fields))
            case Unread():
                before = told[one.side][-1] if told[one.side] else None
                if isinstance(before, list):
                    assert before[0] + len(before[1]) == one.offset
                    before[1] += one.data
                else:
                    told[one.side].append([one.offset, one.data])
            case _:
                assert one.where.side is not None
                told[one.where.side].append((one.code, one.where, dict(one.values)))
    return told


def decoded(protocol: Protocol, pieces: list[tuple[Side, bytes]], ends: Sequence[Side] = (CLIENT, SERVER)) -> Told:
    decoder = Decoder(protocol)
    outcomes: list[Outcome] = []
    for number, (side, data) in enumerate(pieces):
        outcomes += decoder.receive(side, data, float(number))
    for side in ends:
        outcomes += decoder.end(side, float(len(pieces)))
    return timeless(outcomes)


@st.composite
def interleavings(draw: st.DrawFn, client: bytes, server: bytes) -> list[tuple[Side, bytes]]:
    """The two streams, cut anywhere, their pieces in any order that keeps each stream's own."""
    left: dict[Side, bytes] = {CLIENT: client, SERVER: server}
    pieces: list[tuple[Side, bytes]] = []
    while any(left.values()):
        side: Side = draw(st.sampled_from([side for side, data in left.items() if data]))
        size = draw(st.integers(1, len(left[side])))
        pieces.append((side, left[side][:size]))
        left[side] = left[side][size:]
    return pieces


@pytest.mark.parametrize("protocol", PLAIN, ids=lambda protocol: protocol.protocol)
@given(data=st.data())
def test_what_was_encoded_is_decoded(protocol: Protocol, data: st.DataObject) -> None:
    spoken = data.draw(sessions(protocol))
    told = decoded(protocol, [(CLIENT, stream(spoken, CLIENT)), (SERVER, stream(spoken, SERVER))])
    for side, said in sides_of(spoken).items():
        fields = [one for one in told[side] if isinstance(one, tuple)]
        assert [(name, value) for name, value, *_ in fields] == said
        assert all(problem is None for *_, problem in fields)


@EACH
@given(data=st.data())
def test_cutting_and_interleaving_change_nothing(protocol: Protocol, data: st.DataObject) -> None:
    spoken = data.draw(sessions(protocol))
    client, server = stream(spoken, CLIENT), stream(spoken, SERVER)
    if data.draw(st.booleans()):  # and not if they are broken either
        client = data.draw(broken(client))
        server = data.draw(broken(server))
    whole = decoded(protocol, [(CLIENT, client), (SERVER, server)])
    cut = decoded(protocol, data.draw(interleavings(client, server)), data.draw(st.permutations((CLIENT, SERVER))))
    assert cut == whole


@st.composite
def broken(draw: st.DrawFn, stream: bytes) -> bytes:
    """The stream with some of it left out, changed or added."""
    start = draw(st.integers(0, len(stream)))
    return stream[:start] + draw(st.binary(max_size=6)) + stream[draw(st.integers(start, len(stream))) :]


@EACH
@given(client=st.binary(max_size=60), server=st.binary(max_size=60), data=st.data())
def test_nothing_raises_on_any_bytes(protocol: Protocol, client: bytes, server: bytes, data: st.DataObject) -> None:
    pieces = data.draw(interleavings(client, server))
    told = decoded(protocol, pieces)
    for side, whole in ((CLIENT, client), (SERVER, server)):  # and every byte is accounted for, once
        place = 0
        for one in told[side]:
            if isinstance(one, tuple) and len(one) == 6:
                assert (one[3], one[2]) == (place, whole[place : place + len(one[2])])
                place += len(one[2])
            elif isinstance(one, list):
                assert one == [place, whole[place:]]


@settings(max_examples=20)
@given(data=st.data())
def test_the_order_of_the_ends_changes_nothing(data: st.DataObject) -> None:
    protocol = data.draw(st.sampled_from(PROTOCOLS))
    pieces = data.draw(interleavings(data.draw(st.binary(max_size=40)), data.draw(st.binary(max_size=40))))
    assert decoded(protocol, pieces, (CLIENT, SERVER)) == decoded(protocol, pieces, (SERVER, CLIENT))


def test_memory_does_not_grow_with_the_rounds_while_fields_are_not_kept() -> None:
    [addition] = [protocol for protocol in PROTOCOLS if protocol.protocol == "addition"]
    decoder = Decoder(addition)
    decoder.receive(CLIENT, utf("127.0.0.1"), 0.0)
    decoder.passed_on(CLIENT, 11)

    def rounds(count: int) -> int:
        for number in range(count):
            decoder.receive(CLIENT, ints(number, number), 1.0)
            decoder.passed_on(CLIENT, 8)
            [answer] = decoder.receive(SERVER, ints(2 * number), 1.0)
            assert isinstance(answer, Field)
            assert answer.problem is None
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        few, many = rounds(500), rounds(20_000)
    finally:
        tracemalloc.stop()
    assert many - few < 20_000  # a byte a round would be more
