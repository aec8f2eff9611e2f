"""`pyserver async`: what a thread per client has by its nature, and an event loop must see to."""

import select

import pytest

from tests.programs.programs import MULTITHREADED_SERVERS, Program, Start
from tests.programs.wire import Peer, ints, utf

ON_AN_EVENT_LOOP = [program for program in MULTITHREADED_SERVERS if "async" in program.name]


@pytest.mark.parametrize("program", ON_AN_EVENT_LOOP, ids=lambda program: program.name)
def test_nothing_piles_up_for_a_client_that_never_reads(start: Start, program: Program) -> None:
    """The server stops reading from it, so that in the end it cannot even send."""
    server = start(program, 0)
    greedy = Peer.connect(server.port, utf("127.0.0.1"), small_buffers=True)
    server.wait_for("--> Adresse du client : 127.0.0.1")
    server.overhear()
    greedy.socket.setblocking(False)
    requests = ints(1, 2) * 4096
    sent = 0
    while select.select([], [greedy.socket], [], 1.0)[1]:
        sent += greedy.socket.send(requests)
        assert sent < 32 << 20, "the system's own buffers have long been full"
