"""A right client: three sums, on a console of its own."""

from __future__ import annotations

import socket
import struct
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as sock, sock.makefile("rb") as answers:
    address = sock.getsockname()[0].encode()
    sock.sendall(struct.pack(">H", len(address)) + address)
    for first, second in ((17, 25), (1_000_000, 2_000_000), (2**31 - 1, 1)):
        sock.sendall(struct.pack(">ii", first, second))
        print(f"{first} et {second} font", *struct.unpack(">i", answers.read(4)))
