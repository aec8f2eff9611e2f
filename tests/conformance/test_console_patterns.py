"""The lines of the console files: places filled in, and patterns that know a line again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conformance.backends.console_log import ConsoleLog
from conformance.model.console import fill, pattern

NUMBERS = st.integers(-(2**31), 2**31 - 1)


def test_a_line_is_filled_in_with_what_is_known_and_stays_open_for_the_rest() -> None:
    line = "--> Premier nombre reçu depuis {id} : {first}"
    assert fill(line, {"first": -5}) == "--> Premier nombre reçu depuis {id} : -5"


def test_a_value_that_looks_like_a_place_is_left_as_it_is() -> None:
    assert fill("--> {author} : {text}", {"author": "{text}", "text": "{author}"}) == "--> {text} : {author}"


@given(NUMBERS, NUMBERS, st.integers(1, 1000))
def test_a_pattern_finds_what_was_filled_in(first: int, total: int, id_: int) -> None:
    line = "<-- {first} % de {sum} (client [{id}])."
    found = pattern(line).fullmatch(fill(line, {"first": first, "sum": total, "id": id_}))
    assert found is not None
    assert found.groupdict() == {"first": str(first), "sum": str(total), "id": str(id_)}


def test_what_stands_between_the_places_is_meant_to_the_letter() -> None:
    assert pattern("### Connexion établie.").fullmatch("### Connexion établie!") is None
    assert pattern("a {b} c").fullmatch("a b c d") is None


def test_a_place_that_stands_twice_is_the_same_twice() -> None:
    assert pattern("{author} ({author})").fullmatch("bob (bob)")
    assert pattern("{author} ({author})").fullmatch("bob (eve)") is None


def test_lines_are_put_together_however_they_come() -> None:
    log = ConsoleLog()
    for byte in "### Écoute sur le port 8999\r\n\nœ".encode():
        log.feed("out", bytes([byte]))
    assert log.texts("out") == ["### Écoute sur le port 8999", ""]
    log.close()
    assert [(line.text, line.whole) for line in log.lines][2:] == [("œ", False)]


def test_bytes_that_are_no_text_are_shown_all_the_same() -> None:
    log = ConsoleLog()
    log.feed("err", b"caf\xe9\n")
    assert log.texts("err") == ["caf\\xe9"]


def test_a_program_that_prints_for_ever_fills_no_memory() -> None:
    log = ConsoleLog()
    for _ in range(20):
        log.feed("out", b"x" * (1 << 19) + b"\n")
    assert log.overflowed
    assert sum(len(text) for text in log.texts("out")) <= 8 << 20


def test_waiting_ends_when_the_program_can_print_no_more() -> None:
    log = ConsoleLog()
    log.close()
    assert not log.wait_for(lambda seen: bool(seen.lines), float("inf"))
