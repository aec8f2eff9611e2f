"""Prints everything into a text file over the socket."""

import socket
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
out = sock.makefile("w")
print("127.0.0.1", 84, 98, sep="\n", file=out, flush=True)
sock.recv(4)
