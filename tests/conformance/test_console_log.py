"""The console of a running program, line by line."""

from __future__ import annotations

import pytest

from conformance.backends.base import MOST_BYTES, MOST_LINES, ConsoleLog


def test_lines_are_put_together_however_they_come() -> None:
    log = ConsoleLog()
    for byte in "### Écoute sur le port 8999\r\n\nœ".encode():
        log.feed("out", bytes([byte]))
    assert [line.text for line in log.lines] == ["### Écoute sur le port 8999", ""]
    log.end()
    assert [(line.text, line.whole) for line in log.lines][2:] == [("œ", False)]


def test_bytes_that_are_no_text_are_shown_all_the_same() -> None:
    log = ConsoleLog()
    log.feed("err", b"caf\xe9\n")
    assert [line.text for line in log.lines] == ["caf\\xe9"]


@pytest.mark.parametrize("data", [b"x" * (1 << 19) + b"\n", b"y\n" * (1 << 16)], ids=["bytes", "lines"])
def test_a_program_that_prints_for_ever_fills_no_memory(data: bytes) -> None:
    log = ConsoleLog()
    for _ in range(40):
        log.feed("out", data)
    assert log.overflowed
    kept = [line.text for line in log.lines]
    assert sum(map(len, kept)) <= MOST_BYTES
    assert MOST_LINES >= len(kept) - 1 > 0


def test_forty_thousand_rounds_of_a_server_are_kept() -> None:
    log = ConsoleLog()
    for number in range(40_000):
        for line in (
            f"--> Premier nombre reçu depuis 1 : -{2_000_000_000 + number}",
            f"--> Deuxième nombre reçu depuis 1 : -{2_000_000_000 + number}",
            f"<-- Somme retournée à client 1 : -{2_000_000_000 + number}",
        ):
            log.feed("out", f"{line}\n".encode())
    assert not log.overflowed
    assert log.count("out") == 120_000


def test_what_is_new_is_looked_at_by_its_place() -> None:
    log = ConsoleLog()
    log.feed("out", b"un\ndeux\nt")
    log.feed("err", b"oups\n")
    assert [line.text for line in log.since(1)] == ["deux", "oups"]
    assert (log.count("out"), log.count("err")) == (2, 1)
    log.feed("out", b"rois\n")
    assert [line.text for line in log.since(3)] == ["trois"]


def test_waiting_ends_when_the_program_can_print_no_more() -> None:
    log = ConsoleLog()
    log.end()
    assert not log.wait_for(lambda seen: bool(seen.lines), float("inf"))
