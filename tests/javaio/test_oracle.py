"""javaio and the JDK agree: value or exception, message, bytes consumed, size, bytes written."""

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import differential
from .answers import answer, answer_async
from .cases import Call, Case, ReadCase, WriteCase, explain
from .nasty import Nasty
from .oracle import JdkOracle

RANDOM_INPUTS = 200_000

# The oracle is one for the whole run on purpose, and what an example costs is a round trip to another process.
with_oracle = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _agree(oracle: JdkOracle, cases: list[Case]) -> None:
    found = differential.disagreements(oracle, cases)
    assert not found, f"{len(found)} of {len(cases)} inputs:\n" + "\n".join(found[:10])


def test_two_hundred_thousand_random_inputs(oracle: JdkOracle) -> None:
    before = oracle.asked
    for chunk in differential.chunks(RANDOM_INPUTS, seed=20_240_229):
        _agree(oracle, differential.draw(chunk))
    assert oracle.asked - before == RANDOM_INPUTS


def test_every_text_of_two_bytes(oracle: JdkOracle) -> None:
    for first in range(256):
        _agree(oracle, [ReadCase(bytes((0, 2, first, second)), (Call("U"),)) for second in range(256)])


def test_three_bytes_of_every_kind(oracle: JdkOracle) -> None:
    edges = bytes.fromhex("00 01 41 7F 80 8F 90 9F A0 AF B0 BF C0 C1 C2 DF E0 E1 EC ED EE EF F0 F4 F5 F8 FF")
    for first in edges:
        pairs = itertools.product(edges, edges)
        _agree(oracle, [ReadCase(bytes((0, 3, first, *pair)), (Call("U"),)) for pair in pairs])


def test_every_utf_16_unit(oracle: JdkOracle) -> None:
    """Each as text, before and after a surrogate, and as a char."""
    for start in range(0, 0x10000, 0x1000):
        texts = [chr(unit) for unit in range(start, start + 0x1000)]
        _agree(oracle, [WriteCase(0, tuple(Call(how, text) for how in "UCyh")) for text in texts])
        _agree(oracle, [WriteCase(0, (Call("U", "\ud83d" + text), Call("U", text + "\ude00"))) for text in texts])
        _agree(oracle, [ReadCase(text.encode("utf-16-be", "surrogatepass"), (Call("C"),)) for text in texts])


LONG_TEXTS = [
    ("a", "61"),
    ("\0", "C0 80"),
    ("é", "C3 A9"),
    ("€", "E2 82 AC"),
    ("😀", "ED A0 BD ED B8 80"),
    ("\ud83d", "ED A0 BD"),
]


@pytest.mark.parametrize("size", [65_534, 65_535, 65_536, 65_537])
@pytest.mark.parametrize(("character", "form"), LONG_TEXTS)
def test_texts_about_as_long_as_can_be(oracle: JdkOracle, character: str, form: str, size: int) -> None:
    encoded = bytes.fromhex(form)
    text = character * (size // len(encoded)) + "z" * (size % len(encoded))
    _agree(oracle, [WriteCase(0, (Call("B", 1), Call("U", text), Call("B", 2)))])
    for before in (b"", b"z", b"zz"):  # the last character is whole, or cut short
        data = b"\xff\xff" + before + encoded * (size // len(encoded) + 1)
        _agree(oracle, [ReadCase(data, (Call("U"), Call("r")))])


def test_the_asyncio_streams_agree_as_well(oracle: JdkOracle) -> None:
    nasty = Nasty("asyncio")
    cases = [nasty.case() for _ in range(10_000)]

    async def run() -> list[bytes]:
        return [await answer_async(case) for case in cases]

    for case, ours, theirs in zip(cases, asyncio.run(run()), oracle.ask(cases), strict=True):
        assert ours == theirs, f"{case!s}\njavaio: {explain(case, ours)}\nJDK:    {explain(case, theirs)}"


# Properties: hypothesis looks for the smallest input that breaks one -------------------------------------------------

ints = st.integers(-(2**31), 2**31 - 1)
texts = st.text(st.characters(), max_size=40)
utf_bytes = st.lists(
    st.sampled_from([b"a", b"\x00", b"\xc0", b"\x80", b"\xc3", b"\xe2", b"\xed", b"\xa0", b"\xbd", b"\xb0", b"\xf0"])
    | st.binary(min_size=1, max_size=3)
    | st.text(st.characters(), min_size=1, max_size=2).map(lambda text: text.encode("utf-8", "surrogatepass")),
    max_size=12,
).map(b"".join)
lines = st.lists(st.sampled_from([b"\r", b"\n", b"a", b"\xff"]), max_size=12).map(b"".join)

reads = st.one_of(
    st.sampled_from("ZBbSsCIJFDULr").map(Call),
    st.builds(Call, st.just("k"), ints | st.integers(-1, 9)),
    st.builds(Call, st.just("f"), st.integers(0, 9)),
    st.builds(Call, st.just("n"), st.integers(1, 9)),
)
writes = st.one_of(
    st.builds(Call, st.just("Z"), st.booleans()),
    st.builds(Call, st.sampled_from("BSCIw"), ints),
    st.builds(Call, st.just("C"), st.characters(max_codepoint=0xFFFF)),
    st.builds(Call, st.just("J"), st.integers(-(2**63), 2**63 - 1)),
    st.builds(Call, st.sampled_from("FD"), st.floats() | st.floats(width=32)),
    st.builds(Call, st.sampled_from("Uyh"), texts),
    st.builds(Call, st.just("a"), st.binary(max_size=20)),
)


def _agree_on(oracle: JdkOracle, case: Case) -> None:
    (theirs,) = oracle.ask([case])
    assert explain(case, answer(case)) == explain(case, theirs)
    assert answer(case) == theirs


@with_oracle
@given(data=utf_bytes, wrong=st.sampled_from([0, 0, 0, -1, 1, 5]))
def test_any_text_is_read_alike(oracle: JdkOracle, data: bytes, wrong: int) -> None:
    stated = max(0, len(data) + wrong).to_bytes(2, "big")
    _agree_on(oracle, ReadCase(stated + data, (Call("U"), Call("r"))))


@with_oracle
@given(
    data=st.binary(max_size=40) | lines | st.builds(bytes.__add__, lines, st.binary(max_size=20)),
    calls=st.lists(reads, max_size=8),
)
def test_any_sequence_of_reads_is_alike(oracle: JdkOracle, data: bytes, calls: list[Call]) -> None:
    _agree_on(oracle, ReadCase(data, tuple(calls)))


@with_oracle
@given(start=st.just(0) | st.integers(2**31 - 100, 2**31 - 1), calls=st.lists(writes, max_size=8))
def test_any_sequence_of_writes_is_alike(oracle: JdkOracle, start: int, calls: list[Call]) -> None:
    _agree_on(oracle, WriteCase(start, tuple(calls)))


@with_oracle
@given(value=st.floats() | st.floats(width=32) | st.floats(1e38, 1e39) | st.floats(1e-46, 1e-37))
def test_any_number_becomes_the_same_float(oracle: JdkOracle, value: float) -> None:
    _agree_on(oracle, WriteCase(0, (Call("F", value), Call("F", -value), Call("D", value))))
