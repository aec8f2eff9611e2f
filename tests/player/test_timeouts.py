"""What never comes is soon waited for no longer; bytes that a case sends apart are taken apart."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from contextlib import suppress

import pytest

from conformance.agent.player.peer import Timeouts
from conformance.agent.player.player import Outcome, play_against_server
from conformance.agent.player.steps import Do, Ends, from_json, to_json
from conformance.agent.problem import Problem
from javaio import DataInputStream
from tests.cli.running import ROOT, Server

SENDS = [{"send": [["UTF", "127.0.0.1"], ["int", 84], ["int", 98]]}]
ASKS = from_json([*SENDS, {"receive": [["int", 182]]}])
BYTE_BY_BYTE = from_json([{**SENDS[0], "cut": "every byte", "pause_ms": 1}, {"receive": [["int", 182]]}])


def says_nothing(connection: socket.socket) -> None:
    """Reads until its client leaves."""
    while connection.recv(1000):
        pass


def looks_at_no_text(connection: socket.socket) -> None:
    """Takes any bytes for an address."""
    with connection.makefile("rb") as source:
        source.read(int.from_bytes(source.read(2), "big"))
        while len(data := source.read(8)) == 8:
            connection.sendall(struct.pack(">i", sum(struct.unpack(">ii", data))))


def adds_in_one_read(connection: socket.socket) -> None:
    """Takes what one `recv(4)` gives for an int."""
    with connection.makefile("rwb", buffering=0) as stream, suppress(struct.error):
        DataInputStream(stream).read_utf()
        while True:
            numbers = [struct.unpack(">i", connection.recv(4))[0] for _ in range(2)]
            connection.sendall(struct.pack(">i", sum(numbers)))


def test_a_wait_that_was_twice_in_vain_is_short() -> None:
    timeouts = Timeouts(1.0)
    with Server(says_nothing, one_at_a_time=False) as server:
        told = [play_against_server(ASKS, (), "127.0.0.1", server.port, timeout=timeouts) for _ in range(3)]
    assert [outcome.problem and outcome.problem.code for outcome in told] == ["nothing-came"] * 3
    waited = [outcome.problem.values["timeout"] for outcome in told if outcome.problem]
    assert waited[0] == waited[1] == 1.0
    assert waited[2] < 0.5


def test_another_wait_stays_as_long_as_it_was() -> None:
    timeouts = Timeouts(4.0)
    for problem in (None, Problem("must-end"), Problem("not-served-afterwards", values={"cause": "must-end"})):
        assert (timeouts.limit("end"), timeouts.limit("answer")) == (4.0, 4.0)
        timeouts.take_in(problem)
    assert timeouts.limit("end") < 1.0
    assert timeouts.limit("answer") == 4.0


def test_each_program_has_its_own_in_the_player() -> None:
    with Server(says_nothing, one_at_a_time=False) as server:
        order = {"against": "server", "host": "127.0.0.1", "port": server.port, "steps": to_json(ASKS)}
        orders = [{**order, "afterwards": [], "program": program} for program in ("one", "one", "one", "other")]
        done = subprocess.run(
            [sys.executable, "-m", "conformance.agent.player"],
            cwd=ROOT,
            input="".join(f"{json.dumps(order)}\n" for order in orders),
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
    waited = [json.loads(line)["problem"]["values"]["timeout"] for line in done.stdout.splitlines()]
    assert waited[0] == waited[1] == waited[3] > waited[2]


@pytest.mark.parametrize("one_at_a_time", [True, False])
def test_who_looks_at_no_text_is_non_strict_however_many_it_serves_at_once(one_at_a_time: bool) -> None:
    steps = (*from_json([{"send": [["bytes", {"hex": "000180"}]]}]), Ends("either", non_strict="stays open"))
    outcome = against(looks_at_no_text, steps, one_at_a_time=one_at_a_time)
    assert outcome.problem is None
    assert outcome.non_strict is not None
    assert outcome.non_strict.code == "left-open"


def test_one_read_for_an_int_fails_byte_by_byte() -> None:
    for _ in range(5):
        outcome = against(adds_in_one_read, BYTE_BY_BYTE)
        assert outcome.problem is not None
        assert outcome.problem.code in ("ended-instead", "ended-while-sent-to")


def test_a_connection_that_was_closed_is_closed_once() -> None:
    outcome = against(says_nothing, (*from_json(SENDS), Do("close")))
    assert [event.kind for event in outcome.recording.events if event.connection == 1][-1] == "end"
    assert sum(event.kind == "end" and event.sender == "client" for event in outcome.recording.events) == 1


def against(serve: object, steps: object, *, one_at_a_time: bool = False) -> Outcome:
    """What comes of these steps, and then of one whole request, against a server that serves so."""
    afterwards = () if serve is not looks_at_no_text else ASKS
    with Server(serve, one_at_a_time=one_at_a_time) as server:  # type: ignore[arg-type]
        return play_against_server(steps, afterwards, "127.0.0.1", server.port, timeout=2.0)  # type: ignore[arg-type]
