"""Chat servers that are right, or wrong in this or that, named by the first argument; the second is the port."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading

from javaio import UTFDataFormatError, decode_modified_utf8

clients: list[socket.socket] = []
past: list[bytes] = []
lock = threading.Lock()


def exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes, however they come; with the way `reads-once`, what one recv gives."""
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
        if WAY == "reads-once":
            break
    return data


def text(sock: socket.socket) -> bytes:
    """What stands behind its length; raises `UTFDataFormatError` where it is no text."""
    data = exactly(sock, int.from_bytes(exactly(sock, 2), "big"))
    if WAY != "passes-on":
        decode_modified_utf8(data)
    return data


def utf(data: bytes) -> bytes:
    """It behind its length."""
    return struct.pack(">H", len(data)) + data


def changed(data: bytes) -> bytes:
    """The text as this server passes it on."""
    match WAY:
        case "ascii":
            return data.decode("utf-8", "replace").encode("ascii", "replace")
        case "latin-1":
            return data.decode("utf-8", "replace").encode("latin-1", "replace")
        case "stripped":
            return data.strip()
        case "lower":
            return data.lower()
    return data


def to_all(message: bytes, author: socket.socket | None = None) -> None:
    """The message to all who are there."""
    with lock:
        past.append(message)
        for sock in list(clients):
            if WAY == "others" and sock is author:
                continue
            if WAY == "author-only" and sock is not author:
                continue
            try:
                sock.sendall(message * 2 if WAY == "twice" else message)
            except OSError:
                if WAY == "dies":
                    raise
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)  # its own thread removes it


def messages(sock: socket.socket, address: bytes) -> None:
    """Passes on what one client says."""
    if WAY == "one-recv":
        while data := sock.recv(4096):
            to_all(data, sock)
        return
    while True:
        author, said = changed(text(sock)), changed(text(sock))
        head = utf(address) if WAY == "address" else b""
        if WAY == "formatted":
            to_all(utf(author + b": " + said), sock)
        else:
            to_all(head + utf(author) + utf(said), sock)


def serve(sock: socket.socket) -> None:
    """One client."""
    with sock:
        if WAY != "blocks":  # who does not read is soon left out
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200_000))
        try:
            address = text(sock)
            with lock:
                if WAY == "history":
                    sock.sendall(b"".join(past))
                clients.append(sock)
            if WAY == "joined":
                to_all(utf(b"server") + utf(address + b" has joined"))
            if WAY == "welcomes":
                sock.sendall(utf(b"server") + utf(b"welcome"))
            messages(sock, address)
        except (OSError, EOFError, UTFDataFormatError) as error:
            print(repr(error), flush=True)
        finally:
            with lock, contextlib.suppress(ValueError):
                if WAY != "dies":
                    clients.remove(sock)


WAY = sys.argv[1]
if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=512) as listening:
        while True:
            threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
