"""Bytes on sockets, written out by hand: these tests trust no code of the project to make or read them."""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.programs.running import LIMIT

__all__ = ["Listener", "Peer", "free_port", "in_parallel", "ints", "listening", "message", "reset", "utf"]


def utf(text: str) -> bytes:
    """`writeUTF` of a text that is plain UTF-8 in Java too: nothing above U+FFFF, no U+0000."""
    data = text.encode("utf-8")
    return struct.pack(">H", len(data)) + data


def message(author: str, text: str) -> bytes:
    return utf(author) + utf(text)


def ints(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}i", *numbers)


def reset(connection: socket.socket) -> None:
    """Closes the connection by a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Peer:
    """The other end of a program's connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.settimeout(LIMIT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def connect(cls, port: int, *first: bytes, host: str = "127.0.0.1", small_buffers: bool = False) -> "Peer":
        connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if small_buffers:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.settimeout(LIMIT)
        connection.connect((host, port))
        peer = cls(connection)
        for data in first:
            peer.send(data)
        return peer

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_bytewise(self, data: bytes) -> None:
        for index in range(len(data)):
            self.socket.sendall(data[index : index + 1])

    def read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(min(size - len(data), 1 << 16))
            assert piece, f"the connection ended after {len(data)} of {size} bytes: {bytes(data[-80:])!r}"
            data += piece
        return bytes(data)

    def read_ints(self, count: int = 1) -> list[int]:
        return list(struct.unpack(f">{count}i", self.read(4 * count)))

    def read_utf(self) -> str:
        return self.read(int.from_bytes(self.read(2), "big")).decode("utf-8")

    def read_messages(self, count: int) -> list[tuple[str, str]]:
        return [(self.read_utf(), self.read_utf()) for _ in range(count)]

    def read_all(self) -> bytes:
        """All that comes until the other side ends, in whichever way."""
        data = bytearray()
        try:
            while piece := self.socket.recv(1 << 16):
                data += piece
        except ConnectionError:
            pass
        return bytes(data)

    def finish_sending(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        reset(self.socket)


class Listener:
    """A server that the test itself plays."""

    def __init__(self, server_socket: socket.socket) -> None:
        self._socket = server_socket
        server_socket.settimeout(LIMIT)
        self.port: int = server_socket.getsockname()[1]

    def accept(self) -> Peer:
        connection, _ = self._socket.accept()
        return Peer(connection)


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[Listener]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family, backlog=256) as server_socket:
        yield Listener(server_socket)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server_socket:
        port: int = server_socket.getsockname()[1]
        return port


def in_parallel(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), "it takes too long"
