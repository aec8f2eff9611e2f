"""A right client that thinks before its second sum, in the way that it is told; or one that never asks for it."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
import sys
import threading
import time

SECONDS = 4.0  # longer than the harness watches a stalemate


def think(how: str, sock: socket.socket) -> None:
    match how:
        case "sleep":
            time.sleep(SECONDS)
        case "asyncio":
            asyncio.run(asyncio.sleep(SECONDS))
        case "event":
            threading.Event().wait(SECONDS)
        case "select":
            select.select([sock], [], [], SECONDS)
        case "beside":
            thread = threading.Thread(target=time.sleep, args=(SECONDS,))
            thread.start()
            thread.join()
        case "timeout":
            sock.settimeout(SECONDS)
            try:
                sock.recv(1)
            except TimeoutError:
                sock.settimeout(None)
        case "compute":
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                pass
        case "deadlock":
            sock.recv(1)


with socket.create_connection((sys.argv[2], int(sys.argv[3]))) as sock, sock.makefile("rb") as answers:
    address = sock.getsockname()[0].encode()
    sock.sendall(struct.pack(">H", len(address)) + address)
    for first, second in ((17, 25), (3, 4)):
        sock.sendall(struct.pack(">ii", first, second))
        answers.read(4)
        if (first, second) == (17, 25):
            think(sys.argv[1], sock)
