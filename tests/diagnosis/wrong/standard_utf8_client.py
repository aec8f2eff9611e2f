"""Writes its texts in UTF-8 as Python has it."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
for text in ("zoé", "bonjour 😀"):
    data = text.encode()
    sock.sendall(struct.pack(">H", len(data)) + data)
sock.recv(4)
