"""Has the low byte of its numbers first, and so it reads the answer: which comes out right."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
sock.sendall(struct.pack("<ii", 84, 98))
sock.recv(4)
