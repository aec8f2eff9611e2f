"""Numbers that make sense only another way: all of them do, and there are several."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest

from conformance.agent.events import CLIENT
from conformance.agent.recording import Recording
from conformance.decoder import read_conversations
from conformance.diagnosis.sense import only_another_way
from tests.conformance.building import ADDITION, Part, events, utf

PAIRS = [(17, 13), (40, 2), (99, 100)]


def odd(raw: bytes, each: int = 1) -> set[str]:
    """What is odd in these numbers of a client, which sends them on that many connections."""
    size = len(raw) // each
    told = []
    for number in range(each):
        mine = raw[number * size : (number + 1) * size]
        parts: list[Part] = [(CLIENT, utf("127.0.0.1") + mine)]
        told += events(parts, number + 1)
    found = only_another_way(read_conversations(ADDITION, Recording(told)))
    assert {side for side, _ in found} <= {CLIENT}
    return {key for _, key in found}


def packed(form: str, pairs: Iterable[tuple[float, float]]) -> bytes:
    return b"".join(struct.pack(form, *pair) for pair in pairs)


def test_small_numbers_with_the_low_byte_first() -> None:
    assert odd(packed("<ii", PAIRS)) == {"little-endian-int"}
    assert odd(packed("<ii", [(-5, 3), (7, -12), (100, -1)])) == {"little-endian-int"}


def test_numbers_of_several_connections_count_together() -> None:
    assert odd(packed("<ii", PAIRS), each=3) == {"little-endian-int"}
    assert odd(packed("<ii", PAIRS[:1])) == set()


def test_floats_and_doubles() -> None:
    assert "float-for-int" in odd(packed(">ff", [(17.5, 13.25), (40.1, 2.0), (99.0, 100.0)]))
    assert odd(packed(">dd", PAIRS)) == {"double-for-int"}


@pytest.mark.parametrize(
    "numbers",
    [
        [(17, 13), (40, 2), (99, 100)],
        [(0, 0)] * 8,
        [(-1, -1)] * 8,
        [(2**31 - 1, 1), (-(2**31), -1), (2**31 - 1, -(2**31)), (0, 0), (-(2**31), 0)],
        [(1 << power, 1 << power + 1) for power in range(16, 30, 2)],
        [(1000, 5000), (20_000, 7000), (65_000, 3000)],
        [(1_000_000, 2_000_000), (3_000_000, 17_000_000), (250_000_000, 9_000_000)],
        [(0xFF0000, 0x00FF00), (0x0000FF, 0xFFFFFF), (0x808080, 0xC0C0C0)],
        [(1_700_000_000, 1_700_000_060), (1_700_086_400, 1_700_172_800)],
        [(-1_062_731_775, -1_062_731_774), (-1_062_731_773, -1_062_731_772)],  # addresses, as ints
        [(305_419_896, -1_412_623_820), (1_985_229_328, 19_088_743), (-559_038_737, 48_879)],
        [(285_212_672, 218_103_808), (671_088_640, 33_554_432), (1_660_944_384, 25)],  # all but one
    ],
)
def test_right_programs_may_send_what_they_like(numbers: list[tuple[int, int]]) -> None:
    assert odd(packed(">ii", numbers)) == set()
