"""Where servers listen, what they say when they cannot, and that the port is free again at once."""

import signal
import socket
import sys

import pytest

from tests.programs.programs import PYTHON_SERVERS, SERVERS, Program, Start, with_options
from tests.programs.wire import Peer, listening, utf

every_server = pytest.mark.parametrize("program", SERVERS, ids=lambda program: program.name)
python_server = pytest.mark.parametrize("program", PYTHON_SERVERS, ids=lambda program: program.name)

has_ipv6 = socket.has_ipv6
try:
    socket.create_server(("::1", 0), family=socket.AF_INET6).close()
except OSError:
    has_ipv6 = False
needs_ipv6 = pytest.mark.skipif(not has_ipv6, reason="this machine has no IPv6")


@every_server
def test_a_port_that_is_taken(start: Start, program: Program) -> None:
    with listening("0.0.0.0") as taken:
        server = start(program, taken.port)
        assert server.status() == program.failed_status
    assert server.out == []
    assert server.err == [
        "!!! Erreur lors de la création du socket serveur.",
        "!!! Détails : Address already in use",
    ]


@every_server
def test_the_port_is_free_again_at_once(start: Start, program: Program) -> None:
    server = start(program, 0)
    port = server.port
    refused = Peer.connect(port, b"\x00\x01\x80")  # the server ends this connection, and so keeps its address in memory
    refused.read_all()
    Peer.connect(port, utf("127.0.0.1"))
    server.wait_for(server.out[0], 2)
    server.kill()
    again = start(program, port)
    assert again.port == port


@every_server
@needs_ipv6
def test_it_listens_on_every_interface_in_both_ip_versions(start: Start, program: Program) -> None:
    server = start(program, 0)
    for number, host in enumerate(["127.0.0.1", "::1"], 1):
        client = Peer.connect(server.port, utf(host), host=host)
        client.finish_sending()
        assert client.read_all() == b""
        server.wait_for(server.out[0], number + 1)


@python_server
def test_host_narrows_it(start: Start, program: Program) -> None:
    server = start(with_options(program, "--host", "127.0.0.1"), 0)
    Peer.connect(server.port).close()
    if has_ipv6:
        with pytest.raises(ConnectionRefusedError):
            Peer.connect(server.port, host="::1")


@python_server
def test_a_host_that_is_not_this_machine(start: Start, program: Program) -> None:
    server = start(with_options(program, "--host", "192.0.2.1"), 0)
    assert server.status() == 1
    assert server.err == [
        "!!! Erreur lors de la création du socket serveur.",
        "!!! Détails : Cannot assign requested address",
    ]


@python_server
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_ctrl_c_ends_it_cleanly(start: Start, program: Program, number: signal.Signals, status: int) -> None:
    server = start(program, 0)
    client = Peer.connect(server.port, utf("127.0.0.1"))
    server.wait_until(lambda: any("127.0.0.1" in line for line in server.out))
    server.process.send_signal(number)
    assert server.status() == status
    assert server.err == []
    assert client.read_all() == b""


@every_server
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
def test_without_descriptors_it_says_so_and_serves_once_there_are_some_again(start: Start, program: Program) -> None:
    import resource

    server = start(program, 0)
    pid, limits = server.process.pid, resource.getrlimit(resource.RLIMIT_NOFILE)
    for _ in range(2):  # what a client needs is loaded, until its connection is closed
        before = Peer.connect(server.port, utf("127.0.0.1"))
        before.finish_sending()
        assert before.read_all() == b""
    server.wait_for(server.out[0], 3)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))  # what is open stays so
    try:
        # An accept that waits already has its descriptor.
        waiting = [Peer.connect(server.port, utf("127.0.0.1")) for _ in range(2)]
        for peer in waiting:
            peer.finish_sending()
        said = "!!! Erreur : Too many open files"
        server.wait_for_error(said, 2)
        assert server.err.count(said) < 10, "it pauses in between"
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    assert [peer.read_all() for peer in waiting] == [b"", b""]
    server.wait_until(lambda: sum("### Connexion établie" in line for line in server.out) == 4)
