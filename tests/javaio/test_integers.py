"""Wrapping on purpose, as Java's casts do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import javaio


@pytest.mark.parametrize(
    ("function", "value", "wrapped"),
    [
        ("to_int8", 127, 127),
        ("to_int8", 128, -128),
        ("to_int8", 300, 44),
        ("to_int8", -129, 127),
        ("to_int16", 32_767, 32_767),
        ("to_int16", 32_768, -32_768),
        ("to_int16", -32_769, 32_767),
        ("to_int32", 2**31 - 1, 2**31 - 1),
        ("to_int32", 2**31 - 1 + 1, -(2**31)),  # the sum that the course's server sends
        ("to_int32", -(2**31) - 1, 2**31 - 1),
        ("to_int32", 2**32 + 5, 5),
        ("to_int64", 2**63, -(2**63)),
        ("to_int64", -(2**63) - 1, 2**63 - 1),
        ("to_uint8", -1, 255),
        ("to_uint8", 256, 0),
        ("to_uint16", -1, 65_535),
        ("to_uint16", 65_536, 0),
        ("to_uint32", -1, 2**32 - 1),
        ("to_uint32", 2**32, 0),
        ("to_uint64", -1, 2**64 - 1),
        ("to_uint64", 2**64, 0),
    ],
)
def test_wraps(function: str, value: int, wrapped: int) -> None:
    assert getattr(javaio, function)(value) == wrapped


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@given(value=st.integers())
def test_keeps_the_low_bits_and_lands_in_range(bits: int, value: int) -> None:
    signed = getattr(javaio, f"to_int{bits}")(value)
    unsigned = getattr(javaio, f"to_uint{bits}")(value)
    assert -(2 ** (bits - 1)) <= signed < 2 ** (bits - 1)
    assert 0 <= unsigned < 2**bits
    assert (signed - value) % 2**bits == 0
    assert (unsigned - value) % 2**bits == 0
