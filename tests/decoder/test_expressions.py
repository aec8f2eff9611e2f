"""The expressions of protocol files: what they compute, and that they can do nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.expressions import parse_expression

LONGS = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("first", 84),
        ("first + second", 182),
        ("first - second * 2", -112),
        ("(first - second) * 2", -28),
        ("int32(2147483647 + 1)", -(2**31)),
        ("int8(first + second)", -74),
        ("int16(65535)", -1),
        ("int64(int32(first))", 84),
    ],
)
def test_what_they_compute(text: str, value: int) -> None:
    assert parse_expression(text)({"first": 84, "second": 98}) == value


@given(LONGS, LONGS)
def test_int32_wraps_as_java_does(first: int, second: int) -> None:
    value = parse_expression("int32(first + second)")({"first": first, "second": second})
    assert -(2**31) <= value < 2**31
    assert (value - first - second) % 2**32 == 0


@pytest.mark.parametrize("text", ["", "first +", "first second", "1 2", "first = 3"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match="not an expression: "):
        parse_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "first.bit_length()",
        "first / second",
        "first ** second",
        "[first]",
        "'text'",
        "1.5",
        "lambda: 1",
        "int32(first, second)",
        "int32(x=1)",
        "-first if first else 1",
    ],
)
def test_what_an_expression_may_not_have(text: str) -> None:
    with pytest.raises(ValueError, match="an expression has names, whole numbers, "):
        parse_expression(text)
