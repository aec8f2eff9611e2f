"""Visible lines: what is measured is the way of each line from the socket to the console's file."""

import pytest

from benchmarks.peers import Peers
from benchmarks.rows import UnavailableError
from benchmarks.servers import pyserver, running
from benchmarks.visibility import waits


@pytest.mark.parametrize("name", ["async", "multithreaded"])
def test_lines_of_a_busy_server_are_found(peers: Peers, name: str) -> None:
    with running(pyserver(name), peers.folder) as server:
        found = waits(peers, server, 1, 0.1)
        shown = server.console.read_text(encoding="utf-8")
    assert found
    for number in range(len(found)):
        assert f"--> Premier nombre reçu depuis 1 : {-2_000_000_000 + number}\n" in shown


def test_a_load_that_fails_is_told(peers: Peers) -> None:
    with running(pyserver("async"), peers.folder) as server, pytest.raises(UnavailableError, match="load: "):
        waits(peers, server, 0, 0.1)
