"""A client that has the low byte first, in what it sends and in what it reads."""

from __future__ import annotations

import socket
import struct
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as sock, sock.makefile("rb") as answers:
    address = sock.getsockname()[0].encode()
    sock.sendall(struct.pack(">H", len(address)) + address)
    for first, second in ((17, 13), (40, 2), (99, 100)):
        sock.sendall(struct.pack("<ii", first, second))
        print(f"{first} + {second} = {struct.unpack('<i', answers.read(4))[0]}")
