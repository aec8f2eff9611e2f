"""Writes its texts in Latin-1."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
for text in ("zoé", "à bientôt"):
    data = text.encode("latin-1")
    sock.sendall(struct.pack(">H", len(data)) + data)
sock.recv(4)
