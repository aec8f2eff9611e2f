"""What is non-strict passes, and says so; whoever hangs, and serves nobody meanwhile, fails all the same."""

from __future__ import annotations

import socket
from collections.abc import Callable

from conformance.agent.player.player import Outcome, play_against_server
from conformance.agent.player.steps import Do, Ends, Receive, Send, from_json, to_json
from conformance.agent.problem import Where
from javaio import DataInputStream, DataOutputStream
from tests.cli.running import Server

_KEPT: list[socket.socket] = []

AFTERWARDS = from_json(
    [{"send": [["UTF", "127.0.0.1"], ["int", 20], ["int", 22]]}, {"receive": [["int", 42]]}],
)
LEAVES = (*from_json([{"send": [["UTF", "127.0.0.1"]]}]), Do("half-close"))
TOLERANT = (*LEAVES, Ends("either", non_strict="stays open"))
STRICT = (*LEAVES, Ends("either"))


def adds(connection: socket.socket) -> None:
    """Sums until the client has left."""
    stream = connection.makefile("rwb", buffering=0)
    source, out = DataInputStream(stream), DataOutputStream(stream)
    source.read_utf()
    while True:
        out.write_int(source.read_int() + source.read_int())


def adds_and_never_closes(connection: socket.socket) -> None:
    """As the course's servers do: the socket is left to a garbage collector, which does not come."""
    _KEPT.append(connection.dup())
    adds(connection)


def adds_and_hangs(connection: socket.socket) -> None:
    """Waits, when the client has left, for what nobody will do."""
    try:
        adds(connection)
    except EOFError:
        waiting, other = socket.socketpair()
        _KEPT.append(other)
        waiting.recv(1)


def says_goodbye(connection: socket.socket) -> None:
    """Sends a byte of its own when the client has left."""
    try:
        adds(connection)
    except EOFError:
        connection.sendall(b"!")


def play(serve: Callable[[socket.socket], None], steps: tuple[object, ...], *, one_at_a_time: bool = True) -> Outcome:
    with Server(serve, one_at_a_time=one_at_a_time) as server:
        return play_against_server(steps, AFTERWARDS, "127.0.0.1", server.port, timeout=2.0)  # type: ignore[arg-type]


def test_a_server_that_closes_is_strict() -> None:
    outcome = play(adds, TOLERANT)
    assert (outcome.problem, outcome.non_strict) == (None, None)


def test_a_server_that_leaves_the_connection_open_and_serves_others_is_noted() -> None:
    for one_at_a_time in (True, False):
        outcome = play(adds_and_never_closes, TOLERANT, one_at_a_time=one_at_a_time)
        assert outcome.problem is None
        assert outcome.non_strict is not None
        assert (outcome.non_strict.code, outcome.non_strict.where) == ("left-open", Where(1, "server", 0))


def test_where_the_case_does_not_accept_it_it_fails() -> None:
    outcome = play(adds_and_never_closes, STRICT)
    assert outcome.problem is not None
    assert (outcome.problem.code, outcome.problem.where) == ("must-end", Where(1, "server", 0))
    assert outcome.problem.values == {"timeout": 2.0}
    assert outcome.non_strict is None


def test_a_server_that_hangs_fails() -> None:
    outcome = play(adds_and_hangs, TOLERANT)
    assert outcome.problem is not None
    assert outcome.problem.code == "neither-ended-nor-served"
    assert outcome.problem.where == Where(2, "server", 0, None, "int")
    assert outcome.problem.values["cause"] == "nothing-came"
    assert outcome.problem.values["expected"] == 42
    assert outcome.non_strict is None


def test_bytes_in_the_place_of_the_end_fail() -> None:
    outcome = play(says_goodbye, TOLERANT)
    assert outcome.problem is not None
    assert (outcome.problem.code, outcome.problem.where) == ("sent-instead-of-ending", Where(1, "server", 0))
    assert outcome.problem.values == {"size": 1, "raw": b"!"}


def test_the_steps_survive_the_way_to_another_process() -> None:
    assert from_json(to_json((*TOLERANT, Receive(()), Send(())))) == (*TOLERANT, Receive(()), Send(()))
