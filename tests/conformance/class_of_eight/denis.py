"""A server that hangs: it waits for lines, and its clients send numbers."""

from __future__ import annotations

import socketserver
import sys


class Client(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while line := self.rfile.readline():
            first, second = line.split()
            self.wfile.write(b"%d\n" % (int(first) + int(second)))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("", int(sys.argv[1])), Client).serve_forever()
