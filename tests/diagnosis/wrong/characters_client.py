"""Says how many characters its texts have, and means bytes."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
for text in ("zoé", "l’été est là"):
    sock.sendall(struct.pack(">H", len(text)) + text.encode())
sock.recv(4)
