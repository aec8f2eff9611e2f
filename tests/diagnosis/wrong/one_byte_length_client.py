"""Takes one byte for the length of its address."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
text = b"127.0.0.1"
sock.sendall(bytes([len(text)]) + text)
sock.sendall(struct.pack(">ii", 84, 98))
sock.recv(4)
