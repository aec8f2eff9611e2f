"""Sends its address as it is, with no length before it."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"127.0.0.1")
sock.sendall(struct.pack(">ii", 84, 98))
sock.recv(4)
