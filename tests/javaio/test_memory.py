"""What a stream takes of memory: the bytes that came, and not those that were asked for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from javaio import DataInputStream

SIZE = 1 << 20


class Trickle:
    """A file object that gives 3 bytes at a time, and allocates all that it is asked for."""

    def __init__(self) -> None:
        self._left = SIZE

    def read(self, size: int, /) -> bytes:
        data = bytearray(size)[: min(3, self._left)]
        self._left -= len(data)
        return bytes(data)

    def close(self) -> None: ...


def peak(act: Callable[[DataInputStream], object]) -> int:
    """How many bytes of memory it takes at most."""
    tracemalloc.start()
    try:
        act(DataInputStream(Trickle()))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_large_value_in_small_pieces_takes_little_more_than_its_size() -> None:
    assert peak(lambda stream: stream.read_fully(SIZE)) < 4 * SIZE


def test_a_size_that_a_peer_claims_is_not_allocated_before_its_bytes_come() -> None:
    def read(stream: DataInputStream) -> None:
        with pytest.raises(EOFError):
            stream.read_fully(2**31 - 1)

    assert peak(read) < 4 * SIZE
    assert peak(lambda stream: stream.read(2**31 - 1)) < 4 * SIZE
    assert peak(lambda stream: stream.skip_bytes(2**31 - 1)) < 4 * SIZE
