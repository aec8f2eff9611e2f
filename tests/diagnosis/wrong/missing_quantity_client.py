"""Orders apples, and does not say how many."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x05alice")
sock.sendall(b"\x00\x06apples" + struct.pack(">q", 250))
sock.sendall(b"\x00\x05pears" + struct.pack(">q", 310))
sock.recv(4)
