"""Placeholders: filled in, nested, checked, and as patterns that match a line again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.placeholders import check_placeholders, fill, fill_all, pattern, with_parts

NUMBERS = st.integers(-(2**31), 2**31 - 1)


def test_a_line_is_filled_in_with_what_is_known_and_stays_open_for_the_rest() -> None:
    line = "--> Premier nombre reçu depuis {id} : {first}"
    assert fill(line, {"first": -5}) == "--> Premier nombre reçu depuis {id} : -5"


def test_a_value_that_looks_like_a_placeholder_is_left_as_it_is() -> None:
    assert fill("--> {author} : {text}", {"author": "{text}", "text": "{author}"}) == "--> {text} : {author}"


@given(NUMBERS, NUMBERS, st.integers(1, 1000))
def test_a_pattern_finds_what_was_filled_in(first: int, total: int, id_: int) -> None:
    line = "<-- {first} % de {sum} (client [{id}])."
    found = pattern(line).fullmatch(fill(line, {"first": first, "sum": total, "id": id_}))
    assert found is not None
    assert found.groupdict() == {"first": str(first), "sum": str(total), "id": str(id_)}


def test_what_stands_between_the_placeholders_is_meant_to_the_letter() -> None:
    assert pattern("### Connexion établie.").fullmatch("### Connexion établie!") is None
    assert pattern("a {b} c").fullmatch("a b c d") is None


def test_a_placeholder_that_stands_twice_is_the_same_twice() -> None:
    assert pattern("{author} ({author})").fullmatch("bob (bob)")
    assert pattern("{author} ({author})").fullmatch("bob (eve)") is None


def test_a_placeholder_with_a_part_is_text_in_a_pattern() -> None:
    assert pattern("{of.0}").fullmatch("{of.0}")
    assert pattern("{of.0}").fullmatch("x") is None


def test_nested_values_are_filled_in_and_a_whole_placeholder_keeps_its_type() -> None:
    values = with_parts({"of": [1, "b"], "size": 3})
    content = {"send": [{"int": "{size}"}, "{of.1} of {size}", "{of}", "{other}"], "times": 7}
    assert fill_all(content, values) == {"send": [{"int": 3}, "b of 3", [1, "b"], "{other}"], "times": 7}


def test_a_placeholder_that_is_not_known() -> None:
    check_placeholders("{port} of {host}, 100 %", ("host", "port"))
    with pytest.raises(ValueError, match=r"no such placeholder: \{prot\}; known are host, port"):
        check_placeholders("{prot}", ("host", "port"))
