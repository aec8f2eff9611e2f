"""What a wrong reader does that shows in the bytes of one conversation."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from conformance.agent.events import CLIENT, SERVER
from javaio import to_int32, to_int64
from tests.conformance.exercise import checksum, longs
from tests.decoder.building import ints, utf
from tests.diagnosis.corpus.entry import Entry, Ways, make
from tests.diagnosis.corpus.meet import ANY, END, REST, UTF, Pause, Player, Sink, Source, script
from tests.diagnosis.corpus.right import OWED
from tests.diagnosis.corpus.wire import (
    ADDRESS,
    FILES,
    FIRST,
    ORDERS,
    PAIRS,
    WEIGHTS,
    Pairs,
    right_client,
    right_server,
)

WAYS: Ways = ("written", "together")
LOW_BYTE = "little-endian-reader|little-endian-int"


def of_server(
    kind: str, must: str, name: str, wrong: Player, pairs: Pairs = PAIRS, may: str = "both-sides-waiting"
) -> Iterator[Entry]:
    """A server that reads so, and a right client."""
    asks = right_client(name, replace(FIRST, pairs=pairs))
    yield from make(kind, name, asks, wrong, at_fault=SERVER, must=must, may=may, ways=WAYS)


def low(value: int, size: int) -> int:
    """How a number of that size reads with the low byte first."""
    return int.from_bytes(value.to_bytes(size, "big", signed=True), "little", signed=True)


def adds(add: Callable[[int, int], int]) -> Player:
    """A server whose answers are what `add` makes of the numbers; it ends where that is no int."""

    def play(source: Source, sink: Sink) -> None:
        source.exactly(int.from_bytes(source.exactly(2), "big"))
        while True:
            first, second = struct.unpack(">ii", source.exactly(8))
            sink.write(struct.pack(">i", add(first, second)))

    return play


def skipping(size: int) -> Player:
    """A server that takes the address to have `size` bytes, its length included."""

    def play(source: Source, sink: Sink) -> None:
        source.exactly(size)
        while True:
            first, second = struct.unpack(">ii", source.exactly(8))
            sink.write(ints(to_int32(first + second)))

    return play


def entries() -> Iterator[Entry]:
    """All of them."""
    wrap = ((84, 98), (2**31 - 1, 1), (7, 0))
    yield from of_server(
        "ints read low byte first", LOW_BYTE, "addition", adds(lambda a, b: to_int32(low(a, 4) + low(b, 4)))
    )
    both = adds(lambda a, b: low(to_int32(low(a, 4) + low(b, 4)), 4))
    big: Pairs = ((200, 100), (255, 255), (1000, 2000))
    yield from of_server("all low byte first, with carries", f"{LOW_BYTE}", "addition", both, big)
    totals = [[UTF, 12, longs(to_int64(low(n, 4) * low(price, 8)))] for _, n, price in ORDERS]
    yield from of_server("numbers read low byte first", LOW_BYTE, "order", script(UTF, totals, ANY))
    diffs = [[17, longs(to_int64(low(a, 8) - low(b, 8))), utf("?")] for _, a, b in WEIGHTS]
    yield from of_server("numbers read low byte first", LOW_BYTE, "scale", script(UTF, diffs, ANY))
    sizes = [[UTF, 8, len(data), longs(low(len(data), 8)), ints(checksum(data))] for _, data in FILES]
    yield from of_server(
        "the size read low byte first, and so answered", LOW_BYTE, "file-transfer", script(UTF, sizes, ANY)
    )
    stuck = script(REST)
    yield from of_server("the size read low byte first", OWED, "file-transfer", stuck)
    yield from of_server("the address not read", "address-not-read", "addition", skipping(0))
    yield from of_server("the length of the address not read", "address-not-read", "addition", skipping(9))
    yield from of_server("the address read, its length not", "address-not-read", "addition", skipping(2))
    yield from of_server("an address of 4 bytes expected", "address-not-read", "addition", skipping(4))
    yield from of_server("no wrap: ends", "no-wrap", "addition", adds(lambda a, b: a + b), wrap)
    yield from of_server(
        "no wrap: the largest int", "no-wrap", "addition", adds(lambda a, b: min(a + b, 2**31 - 1)), wrap
    )
    eight = script(UTF, 8, ints(182), 8, longs(2**31), 8, ints(7))
    may = "both-sides-waiting|field-too-many"
    yield from of_server("no wrap: a long where it must", "no-wrap|long-for-int", "addition", eight, wrap, may)
    below: Pairs = ((-5, 3), (-84, -98), (7, 1))
    as_float = adds(lambda a, b: to_int32(int(float(a & 0xFFFFFFFF) + float(b & 0xFFFFFFFF)) & 0xFFFFFFFF))
    yield from make(
        "right: read unsigned, summed modulo 2^32",
        "addition",
        right_client("addition", replace(FIRST, pairs=below)),
        as_float,
        source="right",
    )
    minus = [("retour", -3, 250), ("avoir", -1, 999)]
    unsigned = [[UTF, 12, longs((n & 0xFFFFFFFF) * price)] for _, n, price in minus]
    asks = script(utf("alice"), [[utf(item), ints(n), longs(price), 8] for item, n, price in minus])
    yield from make(
        "quantity read unsigned",
        "order",
        asks,
        script(UTF, unsigned, ANY),
        at_fault=SERVER,
        must="unsigned-int",
        ways=WAYS,
    )
    yield from of_server(
        "reads a short for each int", "", "addition", adds(lambda a, b: to_int32((a >> 16) + (a & 0xFFFF)))
    )
    for kind, steps in (
        ("nothing behind the address", (REST,)),
        ("nothing behind the question", (UTF, 8, REST)),
        ("nothing behind the second question", (UTF, 8, ints(182), 8, REST)),
    ):
        yield from of_server(f"answers {kind}", OWED, "addition", script(*steps))
    asks = script(utf(ADDRESS), [ints(a, b) for a, b in PAIRS], Pause(3.0), END, 4 * len(PAIRS))
    to_end = script(UTF, 8 * len(PAIRS), Pause(3.05), [ints(a + b) for a, b in PAIRS])
    yield from make(
        "answers once the client has ended", "addition", asks, to_end, at_fault=SERVER, must="reads-to-end", ways=WAYS
    )
    objects = script(b"\xac\xed\0\5", ANY, Pause(0.01), END)
    yield from of_server("object streams on both", "write-object|object-stream-reader", "addition", objects)
    for kind, name, must in (
        ("waits before it says anything", "addition", "both-sides-waiting|not-flushed"),
        ("waits before it says anything", "order", "both-sides-waiting|not-flushed"),
    ):
        yield from make(kind, name, script(4), right_server(name), must=must, ways=("written",))
    buffered = script(utf(ADDRESS), 4)
    may = "both-sides-waiting|not-flushed"
    kept = "no name: says its address, and keeps the question"
    yield from make(kept, "addition", buffered, right_server("addition"), may=may)
    reader = script(utf(ADDRESS), ints(84, 98), 8)
    yield from make("no name: reads a long for the answer", "addition", reader, right_server("addition"))
    for kind, size in (("reads one byte of each answer", 1), ("reads two bytes of each answer", 2)):
        asked: Sequence[object] = [[ints(a, b), size] for a, b in PAIRS]
        yield from make(
            f"right: client {kind}",
            "addition",
            script(utf(ADDRESS), asked, END, ANY),
            right_server("addition"),
            source="right",
        )
    yield from innocents()


def innocents() -> Iterator[Entry]:
    """A right program and a harness that is wrong on purpose: nothing may be said against the program."""
    relays = script(UTF, UTF, UTF, utf("bob"), b"\0\3\xff\xfe\xfd", ANY)
    sends = script(utf(ADDRESS), utf("bob"), b"\0\3\xff\xfe\xfd", ANY)
    yield from make("right: passes malformed text on", "chat", sends, relays, source="right", judged=SERVER)
    for kind, data in (
        ("four bytes of length", ints(9) + b"127.0.0.1" + ints(84, 98)),
        ("lines", b"127.0.0.1\n84\n98\n"),
        ("noise", bytes(range(1, 200))),
        ("JSON", b'{"address": "127.0.0.1"}'),
    ):
        sent = script(data, Pause(1.0), END, ANY)
        yield from make(
            f"right: is sent {kind}", "addition", sent, right_server("addition"), source="right", judged=SERVER
        )
        yield from make(f"right: is sent {kind}", "chat", sent, right_server("chat"), source="right", judged=SERVER)
    for kind, answer in (("digits", b"182\n"), ("the answer low byte first", struct.pack("<i", 182)), ("nothing", b"")):
        wrong = script(UTF, 8, answer, Pause(1.0), END)
        yield from make(
            f"right: is answered {kind}", "addition", right_client("addition"), wrong, source="right", judged=CLIENT
        )
