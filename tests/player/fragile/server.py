"""A server that is right with every client that says all that it has to say, and ends with the first that does not."""

from __future__ import annotations

import socket
import struct
import sys

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    print("### Écoute sur le port", listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as source:
            source.read(struct.unpack(">H", source.read(2))[0])
            while len(data := source.read(8)) == 8:
                connection.sendall(struct.pack(">I", sum(struct.unpack(">II", data)) % 2**32))
