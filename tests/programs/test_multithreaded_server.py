"""MultithreadedServer, `pyserver multithreaded` and `pyserver async`: every client at once, the same lines."""

import contextlib
import random
import threading

import pytest

from tests.programs.programs import MULTITHREADED_SERVERS, Program, Start
from tests.programs.running import Running, text_of
from tests.programs.wire import Peer, in_parallel, ints, utf

pytestmark = pytest.mark.parametrize("program", MULTITHREADED_SERVERS, ids=lambda program: program.name)

ADDRESS = utf("127.0.0.1")


def connected(client_id: int) -> str:
    return f"### Connexion établie (id client : {client_id})."


def left(client_id: int) -> str:
    return f"### Le client {client_id} est déconnecté"


def lines_of(client_id: int, *pairs: tuple[int, int, int]) -> list[str]:
    lines: list[str] = []
    for first, second, total in pairs:
        lines += [
            f"--> Premier nombre reçu depuis {client_id} : {first}",
            f"--> Deuxième nombre reçu depuis {client_id} : {second}",
            f"<-- Somme retournée à client {client_id} : {total}",
        ]
    return lines


def without_listening(server: Running) -> list[str]:
    return [line for line in server.out if not line.startswith("### Écoute")]


def test_a_conversation(start: Start, program: Program) -> None:
    server = start(program, 0)
    listening = f"### Écoute sur le port {server.port}"
    client = Peer.connect(server.port, ADDRESS)
    server.wait_for("--> Adresse du client : 127.0.0.1")
    client.send(ints(84))
    server.wait_for("--> Premier nombre reçu depuis 1 : 84")
    client.send(ints(98)[:3])
    client.send(ints(98)[3:])
    assert client.read_ints() == [182]
    client.send(ints(2147483647, 1, -2147483648, -1, 0, 0, 7))
    assert client.read_ints(3) == [-2147483648, 2147483647, 0]
    client.close()
    server.wait_for(left(1))
    server.wait_for(listening, 2)
    assert text_of(without_listening(server)) == text_of(
        [
            connected(1),
            "--> Adresse du client : 127.0.0.1",
            *lines_of(1, (84, 98, 182), (2147483647, 1, -2147483648), (-2147483648, -1, 2147483647), (0, 0, 0)),
            "--> Premier nombre reçu depuis 1 : 7",
            left(1),
        ]
    )
    assert server.out.count(listening) == 2
    assert server.out[0] == listening
    assert server.err == []


def test_a_byte_at_a_time(start: Start, program: Program) -> None:
    server = start(program, 0)
    client = Peer.connect(server.port)
    client.send_bytewise(utf("où ça ?") + ints(-1, -2147483648, 3, 4))
    assert client.read_ints(2) == [2147483647, 7]
    client.close()
    server.wait_for(left(1))
    assert without_listening(server)[1:-1] == [
        "--> Adresse du client : où ça ?",
        *lines_of(1, (-1, -2147483648, 2147483647), (3, 4, 7)),
    ]


def test_requests_that_do_not_wait_for_answers(start: Start, program: Program) -> None:
    server = start(program, 0)
    chance = random.Random(8999)
    numbers = [chance.randrange(-(2**31), 2**31) for _ in range(2 * 3000)]
    pairs = [(a, b, (a + b + 2**31) % 2**32 - 2**31) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    data = ADDRESS + ints(*numbers)
    client = Peer.connect(server.port)

    def send() -> None:
        for at in range(0, len(data), 1009):
            client.send(data[at : at + 1009])

    sender = threading.Thread(target=send)
    sender.start()
    assert client.read_ints(len(pairs)) == [total for _, _, total in pairs]
    sender.join()
    client.close()
    server.wait_for(left(1))
    assert without_listening(server)[2:-1] == lines_of(1, *pairs)


def test_ids_count_up_in_the_order_of_service(start: Start, program: Program) -> None:
    server = start(program, 0)
    clients = []
    for client_id in range(1, 6):
        clients.append(Peer.connect(server.port, ADDRESS, ints(client_id, 0)))
        server.wait_for(connected(client_id))
        assert clients[-1].read_ints() == [client_id]
        server.wait_for(lines_of(client_id, (client_id, 0, client_id))[-1])
    clients[2].close()
    server.wait_for(left(3))
    Peer.connect(server.port, ADDRESS)
    server.wait_for(connected(6))


def test_a_hundred_clients_at_once(start: Start, program: Program) -> None:
    server = start(program, 0)
    clients: dict[int, Peer] = {}
    answers: dict[int, list[int]] = {}

    def talk(number: int) -> None:
        clients[number] = Peer.connect(server.port, ADDRESS, ints(number, 1000, number, 2000))
        answers[number] = clients[number].read_ints(2)

    in_parallel([threading.Thread(target=talk, args=(number,)) for number in range(100)])
    assert answers == {number: [number + 1000, number + 2000] for number in range(100)}
    for client in clients.values():
        client.close()
    server.wait_until(lambda: sum(line.endswith("est déconnecté") for line in server.out) == 100)
    for client_id in range(1, 101):
        own = [line for line in server.out if f"depuis {client_id} :" in line or f"à client {client_id} :" in line]
        number = int(own[0].rpartition(" ")[2])
        assert own == lines_of(client_id, (number, 1000, number + 1000), (number, 2000, number + 2000))
        assert server.out.count(connected(client_id)) == server.out.count(left(client_id)) == 1
    assert len(without_listening(server)) == 100 * 9, "every line is whole"
    assert server.err == []


def test_whatever_ends_a_connection(start: Start, program: Program) -> None:
    server = start(program, 0)
    client_id = greeted = 0
    for sent in (
        b"",
        b"\x00",
        b"\x00\x05abc",
        b"\x00\x01\x80",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        ADDRESS,
        ADDRESS + ints(1)[:3],
        ADDRESS + ints(1),
        ADDRESS + ints(1, 2)[:7],
    ):
        for by_reset in (False, True):
            client_id += 1
            client = Peer.connect(server.port)
            server.wait_for(connected(client_id))
            client.send(sent)
            if sent.startswith(ADDRESS):
                greeted += 1
                server.wait_for("--> Adresse du client : 127.0.0.1", greeted)
            client.reset() if by_reset else client.close()
            server.wait_for(left(client_id))
    assert server.err == []


def test_nobody_is_disturbed_by_the_others(start: Start, program: Program) -> None:
    """One scans ports, one stalls inside its address, one inside an int, one sends a megabyte and never reads."""
    server = start(program, 0)
    scanner = Peer.connect(server.port)
    shy = Peer.connect(server.port, ADDRESS[:4])
    stalled = Peer.connect(server.port, ADDRESS + ints(1, 2)[:6])
    greedy = Peer.connect(server.port, small_buffers=True)
    greedy.socket.setblocking(False)
    data = memoryview(ADDRESS + ints(*range(1 << 18)))
    with contextlib.suppress(BlockingIOError):  # as much of it as the system takes
        while data:
            data = data[greedy.socket.send(data) :]
    good = Peer.connect(server.port, ADDRESS)
    for number in range(50):
        good.send(ints(number, number))
        assert good.read_ints() == [2 * number]
    stalled.send(ints(1, 2)[6:])
    assert stalled.read_ints() == [3]
    for peer in (scanner, shy, greedy, good):
        peer.close()
    late = Peer.connect(server.port, ADDRESS, ints(20, 22))
    assert late.read_ints() == [42]
    assert server.err == []


def test_a_client_that_stops_sending_gets_its_answers(start: Start, program: Program) -> None:
    server = start(program, 0)
    client = Peer.connect(server.port, ADDRESS, ints(1, 2, 3, 4, 5))
    client.finish_sending()
    assert client.read_all() == ints(3, 7)
    server.wait_for(left(1))
