"""What the servers are measured with: the load counts what is right and refuses what is wrong, and the server in C
says and sends what the others do. With a handful of clients: how fast it is, is nobody's affair here.
"""

import contextlib
import socket
import threading
from pathlib import Path

import pytest

from benchmarks.peers import Peers
from benchmarks.rows import UnavailableError
from benchmarks.servers import pyserver, running, under_load, visited
from tests.programs.programs import MULTITHREADED_SERVERS, Program, Start
from tests.programs.wire import Peer, ints, message, utf


@pytest.mark.parametrize("depth", [1, 5])
def test_the_load_counts_sums(peers: Peers, depth: int) -> None:
    with running(pyserver("async"), peers.folder) as server:
        counted = under_load(peers.load, "addition", server.port, 3, depth, 0.05)
    assert counted["requests"] > 0
    assert counted["rate"] == pytest.approx(counted["requests"] / counted["seconds"], rel=0.01)


def test_the_load_counts_deliveries(peers: Peers) -> None:
    with running(pyserver("chat"), peers.folder) as server:
        counted = under_load(peers.load, "chat", server.port, 5, 2, 0.05)
    assert counted["deliveries"] > 0


def test_visitors_are_served_and_stay(peers: Peers) -> None:
    with running(pyserver("async"), peers.folder) as server, visited(peers.load, server.port, 7) as counted:
        assert counted["served"] == 7


def answering(*answers: bytes) -> int:
    """A server of one client, whom it tells these things whatever it asks, one at a time; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]

    def serve() -> None:
        with listener, listener.accept()[0] as connection, contextlib.suppress(ConnectionError):
            for answer in answers:
                connection.recv(4096)
                connection.sendall(answer)
            while connection.recv(4096):
                pass

    threading.Thread(target=serve, daemon=True).start()
    return port


def test_the_load_refuses_a_wrong_sum(peers: Peers) -> None:
    port = answering(ints(-1), ints(-1), ints(-1))
    with pytest.raises(UnavailableError, match="the sum is -1, not"):
        under_load(peers.load, "addition", port, 1, 1, 0.05)


def chat_message(number: int) -> bytes:
    return message("p00000", f"{number:010}{'il fait beau, venez au jardin':>30}")


@pytest.mark.parametrize("numbers", [(1, 3), (1, 1)], ids=["one is lost", "one comes twice"])
def test_the_load_refuses_messages_out_of_order(peers: Peers, numbers: tuple[int, int]) -> None:
    port = answering(b"".join(chat_message(number) for number in numbers))
    with pytest.raises(UnavailableError, match=f"message {numbers[1]} of author 0 is not the one that must come"):
        under_load(peers.load, "chat", port, 1, 1, 0.05)


def test_the_server_in_c_says_what_the_others_say(peers: Peers, start: Start) -> None:
    consoles = []
    for program in (Program("c", python=peers.epoll_server), MULTITHREADED_SERVERS[2]):
        server = start(program) if program.name == "c" else start(program, 0)
        port = str(server.port)
        for last in (b"", ints(9)):
            client = Peer.connect(int(port))
            client.send_bytewise(utf("où ça ?") + ints(84, 98, 2147483647, 1))
            assert client.read_ints(2) == [182, -2147483648]
            client.send(ints(-5, -6, 7, 8) + last)
            assert client.read_ints(2) == [-11, 15]
            client.close()
        server.wait_for("### Le client 2 est déconnecté")
        server.wait_until(lambda: sum("Écoute" in line for line in server.out) == 3)  # noqa: B023 - waited for at once
        consoles.append([line.replace(port, "PORT") for line in server.out if "Écoute" not in line])
    assert consoles[0] == consoles[1]


def test_nothing_is_left_behind(peers: Peers) -> None:
    with running(pyserver("async"), peers.folder) as server:
        pass
    assert server.process.returncode is not None
    assert not list(Path(peers.folder).glob("console-*"))
