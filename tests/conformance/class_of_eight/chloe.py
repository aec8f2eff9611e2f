"""A server that crashes at the second sum of a client: it takes its dictionary for a list."""

from __future__ import annotations

import socket
import sys

from javaio import DataInputStream, DataOutputStream

sums: dict[int, int] = {}
server = socket.create_server(("", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as source, connection.makefile("wb") as sink:
        streams = DataInputStream(source), DataOutputStream(sink)
        print("client", streams[0].read_utf(), flush=True)
        try:
            while True:
                total = streams[0].read_int() + streams[0].read_int()
                sums[len(sums)] = total
                print("sum", len(sums), "is", sums[2 * len(sums) - 2], flush=True)
                streams[1].write_int((total + 2**31) % 2**32 - 2**31)
                sink.flush()
        except EOFError:
            pass
