"""The tap as the process that it is, between two real sockets: what it changes, and what it must not."""

from __future__ import annotations

import hashlib
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.agent.problem import HarnessError
from conformance.agent.recording import Connection, Recording
from conformance.agent.tap.conditions import DISTRIBUTIONS, Action, Conditions, Distribution, delay
from conformance.agent.tap.frames import FrameReader
from conformance.backends.helpers import TapControl
from tests.conformance.building import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
LONG = 20.0  # a wait that ends sooner wherever things work
FOR_EVER_MS = 600_000.0
DIRECT = Conditions()
_DATA_SEGMENTS_IN = 152  # tcpi_data_segs_in, in Linux's struct tcp_info


_AS_IT_IS = ("-m", "conformance.agent.tap")
# Python's own event loop, although uvloop may be installed.
_WITHOUT_UVLOOP = (
    "-c",
    "import runpy, sys; sys.modules['uvloop'] = None; runpy.run_module('conformance.agent.tap', run_name='__main__')",
)


class Tap:
    """A tap under orders, and what it has recorded."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *(command or _AS_IT_IS)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.control = TapControl()
        self.control.write = self._write
        self.recording = Recording()
        self.port = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def open(self, server: socket.socket | int, conditions: Conditions = DIRECT, connect_timeout: float = 0.0) -> int:
        """Puts it before the server; returns the port where clients find it."""
        port = server if isinstance(server, int) else int(server.getsockname()[1])
        self.recording = self.control.open(
            listen=("127.0.0.1", 0),
            to=("127.0.0.1", port),
            conditions=conditions,
            seed=7,
            connect_timeout=connect_timeout,
        )
        return self.port

    def saw(self, what: Callable[[Connection], bool]) -> Connection:
        """Waits until the only connection is as `what` says."""
        assert self.recording.wait_for(
            lambda: any(what(seen) for seen in self.recording.connections), time.monotonic() + LONG
        )
        return self.recording.connections[0]

    def end(self) -> int:
        """Ends its input, and waits for its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        status = self.process.wait(LONG)
        self._reader.join()
        return status

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        reader = FrameReader()
        while data := os.read(self.process.stdout.fileno(), 65536):
            for message in reader.feed(data):
                if isinstance(message, dict):
                    self.port = message.get("port") or self.port
            self.control.feed("out", data)
        self.process.stdout.close()


@pytest.fixture(scope="module", params=[_AS_IT_IS, _WITHOUT_UVLOOP], ids=["as it is", "without uvloop"])
def one_tap(request: pytest.FixtureRequest) -> Iterator[Tap]:
    tap = Tap(*request.param)
    yield tap
    assert tap.end() == 0


@pytest.fixture
def tap(one_tap: Tap) -> Iterator[Tap]:
    """A tap; one process serves all tests, as one serves all cells of a lane."""
    yield one_tap
    one_tap.control.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server's listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LONG)
        yield server


class Meeting:
    """A client and a server that meet through the tap."""

    def __init__(self, tap: Tap, listening: socket.socket, conditions: Conditions = DIRECT) -> None:
        self.client = socket.create_connection(("127.0.0.1", tap.open(listening, conditions)), LONG)
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server, _ = listening.accept()
        self.server.settimeout(LONG)

    def __enter__(self) -> Meeting:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.server.close()


def received(sock: socket.socket, size: int) -> bytes:
    """Exactly so many bytes, or what came before the end."""
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data


def reset(sock: socket.socket) -> None:
    """Closes a socket as the system does for a program that died."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


WHOLE = [name for name, network in REGISTRY.networks.items() if not network.then]  # those that lose nothing


def ended(sock: socket.socket) -> bool:
    """Whether the stream has ended, however."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def was_reset(sock: socket.socket) -> bool:
    """Whether the connection was reset."""
    try:
        sock.recv(1)
    except ConnectionResetError:
        return True
    return False


# What travels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", WHOLE)
def test_no_network_changes_a_byte(tap: Tap, listening: socket.socket, network: str) -> None:
    generator = random.Random(network)
    to_server, to_client = generator.randbytes(1000), generator.randbytes(700)
    with Meeting(tap, listening, REGISTRY.networks[network].conditions) as meeting:
        meeting.client.sendall(to_server)
        meeting.server.sendall(to_client)
        assert received(meeting.server, 1000) == to_server
        assert received(meeting.client, 700) == to_client
        meeting.client.close()
        assert meeting.server.recv(1) == b""
    seen = tap.saw(lambda connection: connection.client.closed and connection.server.closed)
    assert (seen.client.data, seen.server.data) == (to_server, to_client)
    assert (seen.client.passed_on, seen.server.passed_on) == (1000, 700)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the segments that a socket has received")
def test_byte_by_byte_every_byte_is_a_segment_of_its_own(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening, Conditions(split=1)) as meeting:
        for sender, receiver in ((meeting.client, meeting.server), (meeting.server, meeting.client)):
            sender.sendall(bytes(range(100)))
            assert received(receiver, 100) == bytes(range(100))
            assert data_segments(receiver) == 100


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the segments that a socket has received")
def test_on_a_direct_line_what_was_written_together_stays_together(tap: Tap, listening: socket.socket) -> None:
    """The counterpart of the test before: that number of segments is the tap's doing."""
    with Meeting(tap, listening) as meeting:
        meeting.client.sendall(bytes(100))
        assert received(meeting.server, 100) == bytes(100)
        assert data_segments(meeting.server) == 1


def data_segments(sock: socket.socket) -> int:
    """How many segments with data in them have come to this socket."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int(struct.unpack_from("I", info, _DATA_SEGMENTS_IN)[0])


def test_pieces_are_as_large_as_the_network_says(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening, Conditions(split=3)) as meeting:
        meeting.client.sendall(b"12345678")
        assert received(meeting.server, 8) == b"12345678"
    assert [size for _, size in tap.saw(lambda seen: seen.client.passed_on == 8).client.sent] == [3, 3, 2]


def test_coalesced_all_that_was_held_back_arrives_together(tap: Tap, listening: socket.socket) -> None:
    """It is held for so long that the end of the stream, and no clock, brings it out."""
    with Meeting(tap, listening, Conditions(hold_ms=FOR_EVER_MS)) as meeting:
        for number, piece in enumerate((b"un", b"deux", b"trois"), 1):
            meeting.client.sendall(piece)
            tap.saw(lambda seen, number=number: len(seen.client.received) == number)  # type: ignore[misc]
        meeting.client.shutdown(socket.SHUT_WR)
        assert meeting.server.recv(100) == b"undeuxtrois"
        assert meeting.server.recv(100) == b""
    assert [size for _, size in tap.saw(lambda seen: seen.client.passed_on == 11).client.sent] == [11]


def test_coalesced_nothing_is_held_back_for_ever(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening, Conditions(hold_ms=1)) as meeting:
        meeting.client.sendall(b"un")
        assert received(meeting.server, 2) == b"un"


def test_coalesced_no_more_is_held_back_than_fits(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening, Conditions(hold_ms=FOR_EVER_MS)) as meeting:
        sender = threading.Thread(target=meeting.client.sendall, args=(bytes(2 << 20),))
        sender.start()
        assert received(meeting.server, 1 << 20) == bytes(1 << 20)
        sender.join()


def test_slow_everything_is_late_and_in_order(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening, Conditions(latency_ms=5, jitter_ms=20)) as meeting:
        for number in range(1, 21):
            meeting.client.sendall(bytes([number]))
            tap.saw(lambda seen, number=number: len(seen.client.data) == number)  # type: ignore[misc]
        assert received(meeting.server, 20) == bytes(range(1, 21))
    lane = tap.saw(lambda seen: seen.client.passed_on == 20).client
    came = [lane.came(offset) for offset in range(20)]
    went = [lane.went(offset) or 0.0 for offset in range(20)]
    assert went == sorted(went)
    assert all(late - early >= 0.0049 for early, late in zip(came, went, strict=True))


def test_ten_megabytes_both_ways_at_once(tap: Tap, listening: socket.socket) -> None:
    data = os.urandom(10 << 20)
    digests: dict[str, str] = {}

    def drain(name: str, sock: socket.socket) -> None:
        digest = hashlib.sha256()
        while piece := sock.recv(1 << 16):
            digest.update(piece)
        digests[name] = digest.hexdigest()

    def fill(sock: socket.socket) -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)

    with Meeting(tap, listening) as meeting:
        ends = {"client": meeting.client, "server": meeting.server}
        threads = [threading.Thread(target=drain, args=end) for end in ends.items()]
        threads += [threading.Thread(target=fill, args=(sock,)) for sock in ends.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    whole = hashlib.sha256(data).hexdigest()
    assert digests == {"client": whole, "server": whole}
    seen = tap.saw(lambda connection: connection.client.closed and connection.server.closed)
    assert seen.client.data == data
    assert seen.server.data == data


def test_a_sender_must_wait_for_a_reader_that_does_not_read(tap: Tap, listening: socket.socket) -> None:
    """What it gets rid of is what the buffers of systems hold, and little more; then all of it arrives."""
    size = 64 << 20
    with Meeting(tap, listening) as meeting:
        meeting.client.setblocking(False)
        sent = 0
        while sent < size and select.select([], [meeting.client], [], 1.0)[1]:
            sent += meeting.client.send(bytes(min(1 << 16, size - sent)))
        assert sent < size
        meeting.client.shutdown(socket.SHUT_WR)
        arrived = 0
        while piece := meeting.server.recv(1 << 20):
            arrived += len(piece)
        assert arrived == sent


# How it ends ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", WHOLE)
def test_a_half_close_passes_on_and_leaves_the_other_half(tap: Tap, listening: socket.socket, network: str) -> None:
    with Meeting(tap, listening, REGISTRY.networks[network].conditions) as meeting:
        meeting.client.sendall(b"dernier mot")
        meeting.client.shutdown(socket.SHUT_WR)
        assert received(meeting.server, 100) == b"dernier mot"
        meeting.server.sendall(b"bien recu")
        assert received(meeting.client, 9) == b"bien recu"
        meeting.server.shutdown(socket.SHUT_WR)
        assert meeting.client.recv(1) == b""
    seen = tap.saw(lambda connection: connection.client.closed and connection.server.closed)
    assert seen.client.ended is not None
    assert seen.server.ended is not None
    assert seen.client.reset is seen.server.reset is None


def test_a_client_that_dies_is_a_reset_for_the_server(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening) as meeting:
        reset(meeting.client)
        with pytest.raises(ConnectionResetError):
            meeting.server.recv(1)
    seen = tap.saw(lambda connection: connection.client.closed)
    assert seen.client.reset is not None
    assert seen.client.ended is None


def test_a_server_that_dies_is_a_reset_for_the_client(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening) as meeting:
        reset(meeting.server)
        with pytest.raises(ConnectionResetError):
            meeting.client.recv(1)
    assert tap.saw(lambda connection: connection.server.closed).server.reset is not None


def test_a_server_that_dies_after_the_clients_half_close(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening) as meeting:
        meeting.client.shutdown(socket.SHUT_WR)
        assert meeting.server.recv(1) == b""
        reset(meeting.server)
        with pytest.raises(ConnectionResetError):
            meeting.client.recv(1)


def test_a_server_that_refuses_is_a_reset_for_the_client(tap: Tap) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can have the port, and it refuses
        place = ("127.0.0.1", tap.open(silent))
        # It may come so soon that connecting itself meets it.
        with pytest.raises(ConnectionResetError), socket.create_connection(place, LONG) as client:
            client.recv(1)
    assert tap.saw(lambda seen: seen.refused is not None).refused == "Connection refused"


def test_a_server_that_is_slow_to_listen_is_asked_again(tap: Tap) -> None:
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        late.settimeout(LONG)
        with socket.create_connection(("127.0.0.1", tap.open(late, connect_timeout=LONG)), LONG) as client:
            client.sendall(b"bonjour")
            tap.saw(lambda seen: True)
            late.listen()
            server, _ = late.accept()
            with server:
                server.settimeout(LONG)
                assert received(server, 7) == b"bonjour"


@pytest.mark.parametrize("network", ["direct", "coalesced"])
def test_what_comes_before_the_server_listens_waits_for_it(tap: Tap, network: str) -> None:
    """All of it, in order, and the end of the stream behind it, if there is one; the client is not read any further."""
    conditions = REGISTRY.networks[network].conditions
    words = bytes(range(256)) * 1000
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        late.settimeout(LONG)
        place = ("127.0.0.1", tap.open(late, conditions, connect_timeout=LONG))
        with socket.create_connection(place, LONG) as client:
            client.sendall(b"bonjour")
            tap.saw(lambda seen: bool(seen.client.data))
            client.sendall(words)
            client.shutdown(socket.SHUT_WR)
            late.listen()
            server, _ = late.accept()
            with server:
                server.settimeout(LONG)
                assert received(server, 7 + len(words)) == b"bonjour" + words
                assert server.recv(1) == b""
                server.sendall(b"merci")
                assert received(client, 5) == b"merci"


# What a network does on purpose --------------------------------------------------------------------------------------


def nothing_comes(peer: socket.socket) -> bool:
    """Whether it neither receives anything for a moment, nor an end."""
    peer.settimeout(0.3)
    try:
        peer.recv(1)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    ("action", "hears"), [("stall", nothing_comes), ("vanish", nothing_comes), ("reset", was_reset), ("end", ended)]
)
def test_behind_so_many_bytes_a_network_cuts(
    tap: Tap, listening: socket.socket, action: Action, hears: Callable[[socket.socket], bool]
) -> None:
    with Meeting(tap, listening, Conditions(after=13, of="client", then=action)) as meeting:
        meeting.server.sendall(b"before")
        assert received(meeting.client, 6) == b"before"
        meeting.client.sendall(bytes(20))
        assert received(meeting.server, 13) == bytes(13)
        assert hears(meeting.server)
        if action == "stall":  # of one direction
            meeting.server.sendall(b"on")
            assert received(meeting.client, 2) == b"on"
        else:
            assert hears(meeting.client)
        seen = tap.saw(lambda connection: connection.cut)
        # What follows is nobody's doing, and not told.
        assert (seen.client.closed, seen.server.closed, seen.client.passed_on) == (False, False, 13)


def test_a_stall_that_ends_loses_nothing(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening, Conditions(after=3, stall_ms=1000)) as meeting:
        meeting.client.sendall(b"123456")
        assert received(meeting.server, 3) == b"123"
        assert nothing_comes(meeting.server)
        meeting.server.settimeout(LONG)
        assert received(meeting.server, 3) == b"456"


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_jitter_is_bounded_and_the_same_for_a_seed(distribution: Distribution) -> None:
    conditions = Conditions(latency_ms=5, jitter_ms=10, jitter=distribution)

    def some(seed: int) -> list[float]:
        chance = random.Random(seed)
        return [delay(conditions, chance) for _ in range(1000)]

    delays = some(1)
    assert delays == some(1) != some(2)
    assert 0.005 <= min(delays) < max(delays) <= (0.105 if distribution == "pareto" else 0.015)
    assert len(set(delays)) > 500


# Under orders --------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken(tap: Tap, listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with pytest.raises(HarnessError) as raised:
        tap.control.open(
            listen=("127.0.0.1", port), to=("127.0.0.1", 1), conditions=DIRECT, seed=1, connect_timeout=0.0
        )
    assert (raised.value.problem.code, raised.value.problem.values["port"]) == ("harness-port", port)
    with Meeting(tap, listening) as meeting:  # and it is as good as before
        meeting.client.sendall(b"a")
        assert meeting.server.recv(1) == b"a"


@pytest.mark.parametrize("network", [*WHOLE, "for ever"])
def test_closing_ends_with_everything_under_way(tap: Tap, listening: socket.socket, network: str) -> None:
    """With bytes held back, an end that has just come, and a reader that reads nothing."""
    networks = {name: known.conditions for name, known in REGISTRY.networks.items()}
    conditions = {**networks, "for ever": Conditions(hold_ms=FOR_EVER_MS)}[network]
    for _ in range(5):
        with Meeting(tap, listening, conditions) as meeting:
            meeting.client.setblocking(False)
            meeting.client.send(bytes(1 << 20))
            meeting.server.sendall(b"a")
            meeting.server.shutdown(socket.SHUT_WR)
        tap.control.close()


def test_closing_drops_whoever_is_still_connected(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening) as meeting:
        tap.control.close()
        assert ended(meeting.client)
        assert ended(meeting.server)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", tap.port), LONG)


def test_a_new_cell_begins_with_an_empty_recording(tap: Tap, listening: socket.socket) -> None:
    with Meeting(tap, listening) as meeting:
        meeting.client.sendall(b"a")
        assert meeting.server.recv(1) == b"a"
        before = tap.recording
        with Meeting(tap, listening) as other:
            other.client.sendall(b"b")
            assert other.server.recv(1) == b"b"
            seen = tap.saw(lambda connection: connection.client.data == b"b")
            assert (seen.number, len(tap.recording.connections)) == (1, 1)
            assert before.connections[0].client.data == b"a"


def test_connections_are_numbered_as_they_come(tap: Tap, listening: socket.socket) -> None:
    port = tap.open(listening)
    pairs = []
    for number in range(1, 4):
        client = socket.create_connection(("127.0.0.1", port), LONG)
        pairs.append((client, listening.accept()[0]))
        client.sendall(bytes([number]))
    assert tap.recording.wait_for(
        lambda: sum(len(seen.client.data) for seen in tap.recording.connections) == 3, time.monotonic() + LONG
    )
    assert [(seen.number, seen.client.data) for seen in tap.recording.connections] == [
        (1, b"\1"),
        (2, b"\2"),
        (3, b"\3"),
    ]
    for client, server in pairs:
        client.close()
        server.close()


def test_the_end_of_its_input_ends_a_tap(listening: socket.socket) -> None:
    tap = Tap()
    with Meeting(tap, listening) as meeting:
        assert tap.end() == 0
        assert ended(meeting.client)
        assert ended(meeting.server)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", tap.port), LONG)
