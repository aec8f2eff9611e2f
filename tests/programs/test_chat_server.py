"""ChatServer and `pyserver chat`: everybody gets every message, whole, in one order."""

import threading
import time
from itertools import pairwise

import pytest

from tests.programs.programs import CHAT_SERVERS, Program, Start
from tests.programs.running import Running, text_of
from tests.programs.wire import Peer, in_parallel, message, utf

pytestmark = pytest.mark.parametrize("program", CHAT_SERVERS, ids=lambda program: program.name)

ADDRESS = utf("127.0.0.1")
SHOWN_ADDRESS = "--> Adresse du client : 127.0.0.1"


def connected(client_id: int) -> str:
    return f"### Connexion établie (id client : {client_id})."


def left(client_id: int) -> str:
    return f"### Le client {client_id} est déconnecté"


def posted(author: str, text: str, audience: int) -> list[str]:
    return [f"--> Message de {author} : {text}", f"<-- Message diffusé à {audience} clients"]


def join(server: Running, number: int) -> Peer:
    """A client who is in the room, the so many-th to come."""
    peer = Peer.connect(server.port, ADDRESS)
    server.wait_for(SHOWN_ADDRESS, number)
    return peer


def without_listening(server: Running) -> list[str]:
    return [line for line in server.out if not line.startswith("### Écoute")]


def test_a_chat(start: Start, program: Program) -> None:
    server = start(program, 0)
    listening = f"### Écoute sur le port {server.port}"
    alice, bob = join(server, 1), join(server, 2)
    alice.send(message("alice", "bonjour à tous"))
    assert alice.read_messages(1) == bob.read_messages(1) == [("alice", "bonjour à tous")]
    carl = join(server, 3)
    bob.send_bytewise(message("bob", ""))
    for peer in (alice, bob, carl):
        assert peer.read_messages(1) == [("bob", "")]
    bob.close()
    server.wait_for(left(2))
    carl.send(message("carl", "seul ?"))
    assert alice.read_messages(1) == carl.read_messages(1) == [("carl", "seul ?")]
    alice.close()
    server.wait_for(left(1))
    carl.send(message("carl", "seul !"))
    assert carl.read_messages(1) == [("carl", "seul !")]
    carl.close()
    server.wait_for(left(3))
    assert text_of(without_listening(server)) == text_of(
        [
            connected(1),
            SHOWN_ADDRESS,
            connected(2),
            SHOWN_ADDRESS,
            *posted("alice", "bonjour à tous", 2),
            connected(3),
            SHOWN_ADDRESS,
            *posted("bob", "", 3),
            left(2),
            *posted("carl", "seul ?", 2),
            left(1),
            *posted("carl", "seul !", 1),
            left(3),
        ]
    )
    assert server.out.count(listening) == 4
    assert server.err == []


def test_one_order_for_all_and_every_message_whole(start: Start, program: Program) -> None:
    """Four post at once, ten bytes and sixty thousand; all four and a silent one receive the very same bytes."""
    server = start(program, 0)
    authors = ["ada", "bo", "cy", "dee"]
    peers = [join(server, number) for number in range(1, 6)]
    texts = {author: [f"{author}{n}" * (9000 if n % 10 == 0 else 1) for n in range(60)] for author in authors}
    size = sum(len(message(author, text)) for author in authors for text in texts[author])
    received: dict[int, bytes] = {}

    def post(peer: Peer, author: str) -> None:
        for text in texts[author]:
            peer.send(message(author, text))

    def receive(number: int) -> None:
        received[number] = peers[number].read(size)

    threads = [threading.Thread(target=receive, args=(number,)) for number in range(5)]
    threads += [threading.Thread(target=post, args=pair) for pair in zip(peers[:4], authors, strict=True)]
    in_parallel(threads)
    assert len(set(received.values())) == 1
    seen = _messages(received[0])
    for author in authors:
        assert [text for by, text in seen if by == author] == texts[author]
    room = [line for by, text in seen for line in posted(by, text, 5)]
    server.wait_until(lambda: sum(" Message " in line for line in server.out) == len(room))
    assert [line for line in server.out if " Message " in line] == room, "the console has the room's order"


def test_messages_that_do_not_wait_for_one_another(start: Start, program: Program) -> None:
    server = start(program, 0)
    peer = join(server, 1)
    peer.send(b"".join(message("alice", str(number)) for number in range(1000)))
    assert peer.read_messages(1000) == [("alice", str(number)) for number in range(1000)]


def test_a_client_that_does_not_read(start: Start, program: Program) -> None:
    """It holds nobody up, and is disconnected when too much waits for it; the others miss nothing."""
    server = start(program, 0)
    lazy = Peer.connect(server.port, ADDRESS, small_buffers=True)
    server.wait_for(SHOWN_ADDRESS)
    poster, reader = join(server, 2), join(server, 3)
    big = message("a" * 65535, "t" * 65535)
    count = 24 * 2**20 // len(big)  # the bound, and what the system's buffers take

    def read(peer: Peer) -> None:
        for _ in range(count):
            assert peer.read(len(big)) == big

    readers = [threading.Thread(target=read, args=(peer,)) for peer in (poster, reader)]
    for thread in readers:
        thread.start()
    for _ in range(count):
        poster.send(big)
    for thread in readers:
        thread.join()
    server.wait_for(left(1))
    poster.send(message("poster", "fin"))
    assert poster.read_messages(1) == reader.read_messages(1) == [("poster", "fin")]
    server.wait_for(f"<-- Message diffusé à {2} clients", 2)
    audiences = [int(line.split()[4]) for line in server.out if line.startswith("<-- Message")]
    assert audiences[0] == 3
    assert audiences[-1] == 2
    assert all(before >= after for before, after in pairwise(audiences))
    before_it_left = server.out.index(left(1)) - 1
    assert server.out[before_it_left] == "<-- Message diffusé à 2 clients"
    assert lazy.read_all().count(big) < count
    assert server.err == []


@pytest.mark.parametrize(
    ("size", "count", "rate"), [(100, 100_000, 2 << 20), (60_000, 300, 6 << 20)], ids=["small", "large"]
)
def test_who_floods_is_slowed_and_not_who_reads(
    start: Start, program: Program, size: int, count: int, rate: int
) -> None:
    """Far more comes in than anybody reads; everybody who reads goes on, and gets all of it in one order."""
    if program.name.endswith("without-uvloop"):
        pytest.skip("it takes seconds, and its code is that of `python-chat`")
    server = start(program, 0)
    flooder, readers = join(server, 1), []
    for number in range(2, 5):
        readers.append(Peer.connect(server.port, ADDRESS, small_buffers=True))
        server.wait_for(SHOWN_ADDRESS, number)
    flood = b"".join(message("f", f"{number:0{size}}") for number in range(count))
    received: dict[Peer, bytes] = {}

    def read(peer: Peer) -> None:
        piece, parts, left = rate // 100, [], len(flood)
        while left:
            parts.append(peer.read(min(piece, left)))
            left -= len(parts[-1])
            if peer is not flooder:
                time.sleep(0.01)  # a hundred times a second, so that it reads at that rate
        received[peer] = b"".join(parts)

    in_parallel(
        [
            threading.Thread(target=flooder.send, args=(flood,)),
            *(threading.Thread(target=read, args=(peer,)) for peer in (flooder, *readers)),
        ]
    )
    assert all(received.get(peer) == flood for peer in (flooder, *readers))
    assert not any("déconnecté" in line for line in server.out)


def test_who_leaves_inside_a_message_posts_nothing(start: Start, program: Program) -> None:
    server = start(program, 0)
    witness = join(server, 1)
    for number, by_reset in enumerate([False, True], 2):
        rude = join(server, number)
        rude.send(message("rude", "never whole")[:-1])
        rude.reset() if by_reset else rude.close()
        server.wait_for(left(number))
    witness.send(message("witness", "ok"))
    assert witness.read_messages(1) == [("witness", "ok")]
    server.wait_for("<-- Message diffusé à 1 clients")
    assert server.err == []


def test_malformed_text_ends_its_own_connection_only(start: Start, program: Program) -> None:
    server = start(program, 0)
    witness = join(server, 1)
    # The last one is well formed, and too long once it is written as Java writes it: each zero byte takes two.
    for number, sent in enumerate(
        [b"\x00\x01\x80", utf("x") + b"\x00\x01\xc3", utf("x") + b"\x9c\x40" + bytes(40000)], 2
    ):
        rude = join(server, number)
        rude.send(sent)
        server.wait_for(left(number))
        assert rude.read_all() == b""
    scanner = Peer.connect(server.port, b"GET / HTTP/1.1\r\n\r\n")
    scanner.close()
    server.wait_for(left(5))
    witness.send(message("witness", "ok"))
    assert witness.read_messages(1) == [("witness", "ok")]
    assert server.err == []


def test_text_is_passed_on_as_java_writes_it(start: Start, program: Program) -> None:
    server = start(program, 0)
    peer = join(server, 1)
    # A surrogate pair, a lone surrogate, C0 80; then what Java reads but does not write: a bare zero, overlong forms.
    peer.send(
        utf("a")
        + b"\x00\x0b\xed\xa0\xbd\xed\xb8\x80\xed\xa0\xbd\xc0\x80"
        + utf("b")
        + b"\x00\x06\x00\xc1\x81\xe0\x80\x81"
    )
    assert peer.read(3 + 13) == utf("a") + b"\x00\x0b\xed\xa0\xbd\xed\xb8\x80\xed\xa0\xbd\xc0\x80"
    assert peer.read(3 + 6) == utf("b") + b"\x00\x04\xc0\x80A\x01"


def test_who_stops_sending_gets_what_was_said_before(start: Start, program: Program) -> None:
    server = start(program, 0)
    peer = join(server, 1)
    peer.send(message("alice", "adieu") * 500)
    peer.finish_sending()
    assert peer.read_all() == message("alice", "adieu") * 500
    server.wait_for(left(1))
    assert server.out.index(left(1)) > server.out.index("--> Message de alice : adieu")


def test_a_client_that_has_not_given_its_address_is_not_in_the_room(start: Start, program: Program) -> None:
    server = start(program, 0)
    stranger = Peer.connect(server.port, ADDRESS[:3])
    alice = Peer.connect(server.port, ADDRESS)
    server.wait_for(SHOWN_ADDRESS)
    alice.send(message("alice", "un"))
    server.wait_for("<-- Message diffusé à 1 clients")
    stranger.send(ADDRESS[3:])
    server.wait_for(SHOWN_ADDRESS, 2)
    alice.send(message("alice", "deux"))
    assert stranger.read_messages(1) == [("alice", "deux")]


def _messages(data: bytes) -> list[tuple[str, str]]:
    texts: list[str] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        texts.append(data[at + 2 : end].decode())
        at = end
    return list(zip(texts[::2], texts[1::2], strict=True))
