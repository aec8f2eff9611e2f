"""A right server: a thread a client, and lines of its own on its console."""

from __future__ import annotations

import socketserver
import struct
import sys
from io import BufferedIOBase


def exactly(source: BufferedIOBase, size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise EOFError
    return data


class Client(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            (length,) = struct.unpack(">H", exactly(self.rfile, 2))
            print("bonjour", exactly(self.rfile, length).decode(), flush=True)
            while True:
                first, second = struct.unpack(">ii", exactly(self.rfile, 8))
                total = (first + second + 2**31) % 2**32 - 2**31
                print(first, "+", second, "=", total, flush=True)
                self.wfile.write(struct.pack(">i", total))
        except EOFError:
            print("au revoir", flush=True)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server(("", int(sys.argv[1])), Client).serve_forever()
