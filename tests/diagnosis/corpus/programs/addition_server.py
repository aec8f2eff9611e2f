"""Servers of the addition that read in this or that way, named by the first argument; the second is the port."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator


def exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes, however they come."""
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def once(sock: socket.socket, size: int) -> bytes:
    """What one recv gives."""
    data = sock.recv(size)
    if not data:
        raise EOFError
    return data


def wrapped(total: int) -> bytes:
    """The answer as it must be."""
    return struct.pack(">I", total & 0xFFFFFFFF)


def text(sock: socket.socket, order: str = ">H", read: Callable[[socket.socket, int], bytes] = exactly) -> bytes:
    """A text behind its length."""
    return read(sock, struct.unpack(order, read(sock, 2))[0])


def adds(sock: socket.socket, form: str = ">ii", read: Callable[[socket.socket, int], bytes] = exactly) -> None:
    """Answers until the client has enough."""
    while True:
        first, second = struct.unpack(form, read(sock, 8))
        sock.sendall(wrapped(first + second))


def right(sock: socket.socket) -> None:
    """As it must be."""
    text(sock)
    adds(sock)


def reads_once(sock: socket.socket) -> None:
    """One recv for each value, with its size."""
    text(sock, read=once)
    while True:
        (first,) = struct.unpack(">i", once(sock, 4))
        (second,) = struct.unpack(">i", once(sock, 4))
        sock.sendall(wrapped(first + second))


def one_recv(sock: socket.socket) -> None:
    """One recv for each message, whatever it gives."""
    once(sock, 1024)
    while True:
        first, second = struct.unpack(">ii", once(sock, 1024))
        sock.sendall(wrapped(first + second))


def one_recv_cut(sock: socket.socket) -> None:
    """One recv for each message, of which it takes what it needs."""
    once(sock, 4096)
    while True:
        first, second = struct.unpack(">ii", once(sock, 4096)[:8])
        sock.sendall(wrapped(first + second))


def two_buffers(sock: socket.socket) -> None:
    """A file with a buffer for the address, and another for the numbers: what the first has read ahead is lost."""
    with sock.makefile("rb") as names:
        names.read(struct.unpack(">H", names.read(2))[0])
    with sock.makefile("rb") as numbers:
        while len(data := numbers.read(8)) == 8:
            sock.sendall(wrapped(sum(struct.unpack(">ii", data))))


def buffer_and_socket(sock: socket.socket) -> None:
    """A file with a buffer for the address, and the socket itself for the numbers."""
    names = sock.makefile("rb")
    names.read(struct.unpack(">H", names.read(2))[0])
    adds(sock)


def lines(sock: socket.socket) -> None:
    """Reads lines, and answers with lines."""
    with sock.makefile("rw", encoding="latin-1", newline="\n") as stream:
        stream.readline()
        while line := stream.readline():
            stream.write(f"{int(line) + int(stream.readline())}\n")
            stream.flush()


def to_end(sock: socket.socket) -> None:
    """Reads all that comes up to the end, and answers then."""
    data = b""
    while more := sock.recv(4096):
        data += more
    size = struct.unpack_from(">H", data)[0]
    for offset in range(2 + size, len(data) - 7, 8):
        sock.sendall(wrapped(sum(struct.unpack_from(">ii", data, offset))))


def no_address(sock: socket.socket) -> None:
    """Takes the address for numbers."""
    adds(sock)


def unsigned(sock: socket.socket) -> None:
    """Has no negative numbers, and no int for what comes out."""
    text(sock)
    while True:
        first, second = struct.unpack(">II", exactly(sock, 8))
        sock.sendall(struct.pack(">I", first + second))


def no_wrap(sock: socket.socket) -> None:
    """Adds as Python does."""
    text(sock)
    while True:
        first, second = struct.unpack(">ii", exactly(sock, 8))
        sock.sendall(struct.pack(">i", first + second))


def timeout_inside(sock: socket.socket) -> None:
    """Tries again where a read takes long; what it had is lost."""

    def patient(sock: socket.socket, size: int) -> bytes:
        while True:
            try:
                return exactly(sock, size)
            except TimeoutError:
                continue

    sock.settimeout(0.1)
    text(sock, read=patient)
    adds(sock, read=patient)


def idle_timeout(sock: socket.socket) -> None:
    """Throws out who says nothing for half a second."""
    sock.settimeout(0.5)
    right(sock)


def low_numbers(sock: socket.socket) -> None:
    """Has the low byte of its numbers first."""
    text(sock)
    adds(sock, "<ii")


def low_both(sock: socket.socket) -> None:
    """Has the low byte first in what it reads and in what it writes."""
    text(sock)
    while True:
        first, second = struct.unpack("<ii", exactly(sock, 8))
        sock.sendall(struct.pack("<I", (first + second) & 0xFFFFFFFF))


def low_length(sock: socket.socket) -> None:
    """Has the low byte of the length first."""
    text(sock, "<H")
    adds(sock)


def four_byte_length(sock: socket.socket) -> None:
    """Takes four bytes for the length."""
    exactly(sock, struct.unpack(">I", exactly(sock, 4))[0])
    adds(sock)


def buffered(sock: socket.socket) -> None:
    """Right: one buffer for all."""
    with sock.makefile("rb") as stream:
        stream.read(struct.unpack(">H", stream.read(2))[0])
        while len(data := stream.read(8)) == 8:
            sock.sendall(wrapped(sum(struct.unpack(">ii", data))))


def parsing(sock: socket.socket) -> None:
    """Right: gathers what comes, and takes what is whole."""
    data, answered = b"", 0
    while more := sock.recv(65536):
        data += more
        answers = list(_answers(data))
        sock.sendall(b"".join(answers[answered:]))
        answered = len(answers)


def _answers(data: bytes) -> Iterator[bytes]:
    if len(data) >= 2:
        start = 2 + struct.unpack_from(">H", data)[0]
        for offset in range(start, len(data) - 7, 8):
            yield wrapped(sum(struct.unpack_from(">ii", data, offset)))


def answers_in_pieces(sock: socket.socket) -> None:
    """Right: each answer byte by byte."""
    text(sock)
    while True:
        for byte in wrapped(sum(struct.unpack(">ii", exactly(sock, 8)))):
            sock.sendall(bytes([byte]))


async def with_asyncio(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Right: asyncio's streams."""
    try:
        await reader.readexactly(struct.unpack(">H", await reader.readexactly(2))[0])
        while True:
            writer.write(wrapped(sum(struct.unpack(">ii", await reader.readexactly(8)))))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def with_selectors(listening: socket.socket) -> None:
    """Right: one thread, and what has come of each client kept until it is whole."""
    listening.setblocking(False)
    chosen = selectors.DefaultSelector()
    chosen.register(listening, selectors.EVENT_READ)
    kept: dict[socket.socket, tuple[bytes, bool]] = {}
    while True:
        for key, _ in chosen.select():
            if key.fileobj is listening:
                sock, _ = listening.accept()
                chosen.register(sock, selectors.EVENT_READ)
                kept[sock] = b"", False
                continue
            sock = key.fileobj  # type: ignore[assignment]
            try:
                more = sock.recv(4096)
                kept[sock] = _take(sock, kept[sock][0] + more, named=kept[sock][1])
            except OSError:
                more = b""
            if not more:
                chosen.unregister(sock)
                kept.pop(sock)
                sock.close()


def _take(sock: socket.socket, data: bytes, *, named: bool) -> tuple[bytes, bool]:
    if not named and len(data) >= 2 and len(data) >= 2 + int.from_bytes(data[:2], "big"):
        data, named = data[2 + int.from_bytes(data[:2], "big") :], True
    while named and len(data) >= 8:
        sock.sendall(wrapped(sum(struct.unpack_from(">ii", data))))
        data = data[8:]
    return data, named


WAYS = {
    "right": right,
    "reads-once": reads_once,
    "one-recv": one_recv,
    "one-recv-cut": one_recv_cut,
    "two-buffers": two_buffers,
    "buffer-and-socket": buffer_and_socket,
    "lines": lines,
    "to-end": to_end,
    "no-address": no_address,
    "unsigned": unsigned,
    "no-wrap": no_wrap,
    "timeout-inside": timeout_inside,
    "idle-timeout": idle_timeout,
    "low-numbers": low_numbers,
    "low-both": low_both,
    "low-length": low_length,
    "four-byte-length": four_byte_length,
    "buffered": buffered,
    "parsing": parsing,
    "answers-in-pieces": answers_in_pieces,
}


def serve(way: Callable[[socket.socket], None], sock: socket.socket) -> None:
    """One client; whatever it does wrong is over with it."""
    with sock:
        try:
            way(sock)
        except (OSError, EOFError, ValueError, struct.error) as error:
            print(repr(error), flush=True)


def one_at_a_time(listening: socket.socket, *, fragile: bool) -> None:
    """Right: one client behind the other. `fragile`: the first that leaves early ends the server."""
    while True:
        sock, _ = listening.accept()
        with sock, sock.makefile("rb") as stream, contextlib.suppress(*(() if fragile else (OSError, struct.error))):
            stream.read(struct.unpack(">H", stream.read(2))[0])
            while len(data := stream.read(8)) == 8:
                sock.sendall(wrapped(sum(struct.unpack(">ii", data))))


def main(way: str, port: int) -> None:
    """Serves for ever."""
    if way == "asyncio":

        async def run() -> None:
            async with await asyncio.start_server(with_asyncio, "127.0.0.1", port) as server:
                await server.serve_forever()

        asyncio.run(run())
    with socket.create_server(("127.0.0.1", port), backlog=512) as listening:
        if way == "selectors":
            with_selectors(listening)
        if way in ("fragile", "one-at-a-time"):
            listening.listen(0)
            one_at_a_time(listening, fragile=way == "fragile")
        while True:
            sock, _ = listening.accept()
            threading.Thread(target=serve, args=(WAYS[way], sock), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
