"""The console of a running program, line by line."""

from __future__ import annotations

from conformance.backends.console_log import ConsoleLog


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
