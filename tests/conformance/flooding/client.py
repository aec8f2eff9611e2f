"""An addition client that introduces itself, and then reads all that comes, or asks without reading; for ever."""

from __future__ import annotations

import socket
import sys

PIECE = 1 << 16

with socket.create_connection((sys.argv[2], int(sys.argv[3]))) as sock:
    address = sock.getsockname()[0].encode()
    sock.sendall(len(address).to_bytes(2, "big") + address)
    while sys.argv[1] == "ask":
        sock.sendall(bytes(PIECE))
    while sock.recv(PIECE):
        pass
