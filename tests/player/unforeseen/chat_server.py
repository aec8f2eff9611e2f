"""A chat server with one fault that no case was written for, named by its argument; `none` is the right one.

chat_server.py FAULT, which prints its port.
"""

from __future__ import annotations

import contextlib
import io
import queue
import socket
import sys
import threading

from javaio import DataInputStream, DataOutputStream, UTFDataFormatError

FAULT = sys.argv[1]
FOURTH = 4
WAITING_BYTES = 8 << 20  # for a client that does not read; then it has to go

_one_at_a_time = threading.Lock()


class Member:
    """A client, with a thread that sends to it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.bytes = 0
        self.sender = threading.Thread(target=self._send, daemon=True)
        self.sender.start()

    def _send(self) -> None:
        try:
            while (data := self.waiting.get()) is not None:
                self.connection.sendall(data)
                self.bytes -= len(data)
        except OSError:
            pass

    def send(self, data: bytes) -> None:
        """Has it sent."""
        if FAULT in ("waits for who does not read", "fails with who has gone"):
            self.connection.sendall(data)
            return
        self.bytes += len(data)
        if self.bytes > WAITING_BYTES and FAULT != "keeps all for who does not read":
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        self.waiting.put(data)


members: list[Member] = []
said: list[tuple[str, str]] = []
held: list[bytes] = []


def packed(author: str, text: str) -> bytes:
    """A message."""
    out = io.BytesIO()
    stream = DataOutputStream(out)
    stream.write_utf(author)
    stream.write_utf(text)
    return out.getvalue()


def broadcast(poster: Member, author: str, text: str) -> None:
    """To everybody."""
    match FAULT:
        case "strips the text":
            text = text.strip()
        case "keeps a thousand characters":
            text = text[:1000]
        case "puts a question mark for a surrogate":
            text = text.encode("utf-8", "replace").decode()
        case "takes a repetition for a mistake" if said and said[-1] == (author, text):
            return
    with _one_at_a_time:
        said.append((author, text))
        for number, member in enumerate(members, 1):
            if (
                FAULT == "tells the fourth every two messages the wrong way round"
                and number == FOURTH
                and len(said) > FOURTH
            ):
                held.append(packed(author, text))
                if len(held) > 1:
                    member.send(held.pop())
                    member.send(held.pop())
            elif FAULT != "leaves out the poster" or member is not poster:
                member.send(packed(author, text))


def serve(connection: socket.socket) -> None:
    """One client."""
    member = Member(connection)
    with connection, connection.makefile("rb") as stream:
        source = DataInputStream(stream)
        try:
            source.read_utf()
            with _one_at_a_time:
                for author, text in said[-10:] if FAULT == "tells who joins what was said" else ():
                    member.send(packed(author, text))
                members.append(member)
            while True:
                author = source.read_utf()
                broadcast(member, author, source.read_utf())
        except (EOFError, OSError, UTFDataFormatError):
            pass
        finally:
            with _one_at_a_time:
                if member in members and FAULT != "fails with who has gone":
                    members.remove(member)
            member.waiting.put(None)
            member.sender.join(5)


def main() -> None:
    """Serves everybody."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print("port", listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
