"""A server that accepts, and then waits for a byte more than anybody sends."""

from __future__ import annotations

import socketserver
import sys


class Client(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.read(1 << 20)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("", int(sys.argv[1])), Client).serve_forever()
