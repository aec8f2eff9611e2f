"""A value read in pieces is the same value: values, errors and bytes consumed, on both faces, as the JDK has them."""

import asyncio
from collections.abc import Iterator

import pytest

from .answers import answer_async, answer_in_pieces
from .cases import Call, ReadCase, explain
from .nasty import Nasty
from .oracle import JdkOracle

EVERY_READ = b"".join(
    [
        b"\x01\xfe\xfe\xff\xfe\xff\xfe\x20\xac",  # Z B b S s C
        b"\xff\xff\xff\xfe" + b"\x01\x02\x03\x04\x05\x06\x07\x08",  # I J
        b"\x7f\xa0\x00\x01" + b"\x7f\xf0\x00\x00\x00\x00\x00\x01",  # F D
        b"\x00\x0f" + b"a\xc0\x80\xc3\xa9\xe2\x82\xac\xed\xa0\xbd\xed\xb8\x80z",  # U
        b"x\xe9\r\ny\r" + b"held" + b"\r",  # L L f L
        b"\x00\x04abc\x80" + b"skipped" + b"\x00\x00\x00",  # U, malformed; k; I, cut short
    ]
)
EVERY_CALL = (
    *map(Call, "ZBbSsCIJFDULL"),
    Call("f", 4),
    Call("L"),
    Call("U"),
    Call("k", 7),
    Call("I"),
    Call("r"),
    Call("L"),
    Call("k", 1),
    Call("U"),
)


def _splits(data: bytes) -> Iterator[list[bytes]]:
    """In two pieces, in every way; byte by byte; in threes."""
    for at in range(len(data) + 1):
        yield [data[:at], data[at:]]
    yield [data[at : at + 1] for at in range(len(data))]
    yield [data[at : at + 3] for at in range(0, len(data), 3)]


def _check(case: ReadCase, expected: bytes, splits: Iterator[list[bytes]]) -> int:
    async def check() -> int:
        count = 0
        for pieces in splits:
            for face, found in (
                ("blocking", answer_in_pieces(case, pieces)),
                ("asyncio", await answer_async(case, pieces)),
            ):
                assert found == expected, f"{face}, {pieces}:\n{explain(case, found)}\nJDK:\n{explain(case, expected)}"
                count += 1
        return count

    return asyncio.run(check())


def test_every_method_split_at_every_byte(oracle: JdkOracle) -> None:
    case = ReadCase(EVERY_READ, EVERY_CALL)
    (expected,) = oracle.ask([case])
    assert _check(case, expected, _splits(EVERY_READ)) == 2 * (len(EVERY_READ) + 3)


def test_every_method_cut_short_at_every_byte_and_split(oracle: JdkOracle) -> None:
    cases = [ReadCase(EVERY_READ[:end], EVERY_CALL) for end in range(len(EVERY_READ))]
    for case, expected in zip(cases, oracle.ask(cases), strict=True):
        _check(case, expected, iter([[case.data], [case.data[at : at + 1] for at in range(len(case.data))]]))


@pytest.mark.parametrize("kind", ["malformed_text", "any_bytes", "lines", "many_reads"])
def test_nasty_inputs_split_at_every_byte(oracle: JdkOracle, kind: str) -> None:
    nasty = Nasty(f"splits/{kind}")
    cases = [getattr(nasty, kind)() for _ in range(300)]
    # How much a single read(n) finds is the one thing that a split is meant to change.
    cases = [case for case in cases if not any(call.letter == "n" for call in case.calls)]
    assert len(cases) > 100
    for case, expected in zip(cases, oracle.ask(cases), strict=True):
        _check(case, expected, _splits(case.data))
