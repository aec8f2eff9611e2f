"""Ends its address with a newline, and sends its numbers right."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"127.0.0.1\n")
sock.sendall(struct.pack(">ii", 84, 98))
sock.recv(4)
