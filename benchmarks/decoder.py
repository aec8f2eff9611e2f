"""The decoder: what a field of a long `addition` session costs, in whole segments and byte by byte.

A round is two numbers and their sum: three fields. The clock is the process's own.
"""

import struct
import time
from collections.abc import Callable, Iterator

from benchmarks.rows import Figure, Row
from benchmarks.sampling import Effort
from conformance.agent.events import CLIENT, SERVER
from conformance.decoder import Decoder
from conformance.model import load_registry

__all__ = ["by_bytes", "by_segments", "measure"]

_MOST_SEGMENTS, _MOST_BYTES = 5.0, 10.0  # microseconds a field: 200,000 and 100,000 fields/s
_SEGMENT = 1200  # bytes of a client's segment: 150 rounds
_FEW, _MANY = 1_000, 1_000_000
_ROUNDS = (_FEW, 10_000, 100_000, _MANY)
_PROTOCOL = load_registry().protocols["addition"]
_ADDRESS = b"\0\x09127.0.0.1"


def measure(effort: Effort) -> Iterator[Row]:
    """Microseconds a field, and how much more it takes at the end of a long session than in a short one."""
    turns = max(1, effort.rounds // 2)
    for name, decode, most in (
        ("whole segments", by_segments, _MOST_SEGMENTS),
        ("byte by byte", by_bytes, _MOST_BYTES),
    ):
        found = {rounds: [_cost(decode, rounds) for _ in range(turns)] for rounds in _ROUNDS}
        for rounds, costs in found.items():
            yield Figure(f"{name}, {rounds:,} rounds", costs, "µs a field", at_most=most)
        growth = [many / few for few, many in zip(found[_FEW], found[_MANY], strict=True)]
        yield Figure(f"{name}, {_MANY:,} rounds against {_FEW:,}", growth, "times as long a field", at_most=1.5)


def _cost(decode: Callable[[int], int], rounds: int) -> float:
    """Microseconds a field. A short session is decoded again and again, so that the clock is fine enough."""
    times = max(1, 20_000 // rounds)
    began = time.process_time()
    fields = sum(decode(rounds) for _ in range(times))
    return 1e6 * (time.process_time() - began) / fields


def by_segments(rounds: int) -> int:
    """Decodes a session in which the client asks as much as a segment takes, and then is answered: its fields."""
    decoder = Decoder(_PROTOCOL)
    count = len(decoder.receive(CLIENT, _ADDRESS, 0.0))
    decoder.passed_on(CLIENT, len(_ADDRESS))
    many = _SEGMENT // 8
    asked = struct.pack(f">{2 * many}i", *range(2 * many))
    answered = struct.pack(f">{many}i", *range(1, 4 * many, 4))
    for left in range(rounds, 0, -many):
        size = min(left, many)
        count += len(decoder.receive(CLIENT, asked[: 8 * size], 0.0))
        decoder.passed_on(CLIENT, 8 * size)
        count += len(decoder.receive(SERVER, answered[: 4 * size], 0.0))
        decoder.passed_on(SERVER, 4 * size)
    return count


def by_bytes(rounds: int) -> int:
    """Decodes a session in which every byte is a segment of its own: its fields."""
    decoder = Decoder(_PROTOCOL)
    receive, passed_on = decoder.receive, decoder.passed_on
    count = 0
    for number in range(len(_ADDRESS)):
        count += len(receive(CLIENT, _ADDRESS[number : number + 1], 0.0))
        passed_on(CLIENT, 1)
    asked = [bytes([byte]) for byte in struct.pack(">ii", 84, 98)]
    answered = [bytes([byte]) for byte in struct.pack(">i", 182)]
    for _ in range(rounds):
        for byte in asked:
            count += len(receive(CLIENT, byte, 0.0))
            passed_on(CLIENT, 1)
        for byte in answered:
            count += len(receive(SERVER, byte, 0.0))
            passed_on(SERVER, 1)
    return count
