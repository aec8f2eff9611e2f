"""An addition server that sends ints that nobody has asked for, or reads requests and answers none; for ever."""

from __future__ import annotations

import socketserver
import sys

PIECE = 1 << 16


class Client(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while sys.argv[1] == "read" and self.request.recv(PIECE):
                pass
            while True:
                self.request.sendall(bytes(PIECE))
        except OSError:
            return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("", int(sys.argv[2])), Client).serve_forever()
