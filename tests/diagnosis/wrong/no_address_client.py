"""Asks at once, without a word on who it is."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(struct.pack(">ii", 84, 98))
sock.recv(4)
