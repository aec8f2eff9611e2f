"""Who sends without end is found out by its first bytes, and the rest of them is not kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from conformance.agent.events import CLIENT, Event
from conformance.agent.player.peer import Peer
from conformance.agent.problem import ProblemError
from tests.cli.running import Server, connect, run_here

LIMIT = 96 << 20


def floods(connection: socket.socket) -> None:
    """As `while (true) out.writeInt(0)`."""
    data = bytes(1 << 16)
    while True:
        connection.sendall(data)


@pytest.fixture
def flooded() -> Iterator[tuple[Peer, list[Event]]]:
    """The harness as the client of such a server, and what it records."""
    events: list[Event] = []
    with Server(floods) as server, connect(server.port) as sock:
        yield Peer(sock, CLIENT, 1, events.append, 60.0), events


@pytest.mark.parametrize("after", ["nothing", "anything"])
def test_what_must_end_and_sends_on_has_a_bound(flooded: tuple[Peer, list[Event]], after: str) -> None:
    peer, events = flooded
    with pytest.raises(ProblemError) as caught:
        peer.ends("either", after)
    assert caught.value.problem.code == "sent-instead-of-ending"
    assert sum(len(event.data) for event in events) < LIMIT


def test_a_server_that_floods_fails_its_first_cases_at_once() -> None:
    with Server(floods) as server:
        done = run_here("check", "server", f"127.0.0.1:{server.port}", "--protocol", "addition", "--json")
    cases = [told for told in done.told if "case" in told]
    assert cases
    assert {told["verdict"] for told in cases} == {"failed"}
    assert done.status == 1
