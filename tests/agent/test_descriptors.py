"""A relay has as many connections as the system allows, whatever soft limit it was started under."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from conformance.agent.tap.conditions import Conditions
from conformance.observe.places import Place
from conformance.observe.tap_session import RelayProcess
from tests.cli.running import Server, adds, connect, ints, received, utf

if sys.platform == "win32":
    pytest.skip("Windows has no such limit", allow_module_level=True)
import resource

_LOW = 64
_CLIENTS = 60  # each takes two descriptors of the relay


@pytest.fixture
def relayed() -> Iterator[int]:
    """The port of a relay that was started under a low soft limit, for an addition server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Server(adds) as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_LOW, hard))
        try:
            relay = RelayProcess(Place("127.0.0.1", 0), Place("127.0.0.1", server.port), Conditions())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield relay.port
        relay.end()
        relay.wait()


def test_a_relay_serves_more_clients_than_the_soft_limit_has_room_for(relayed: int) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(relayed)) for _ in range(_CLIENTS)]
        for number, client in enumerate(clients):
            client.sendall(utf("127.0.0.1") + ints(number, 1))
        assert [received(client, 4) for client in clients] == [ints(number + 1) for number in range(_CLIENTS)]
