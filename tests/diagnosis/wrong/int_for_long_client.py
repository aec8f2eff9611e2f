"""Sends the price as an int."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x05alice")
sock.sendall(b"\x00\x06apples" + struct.pack(">ii", 3, 250))
sock.sendall(b"\x00\x05pears" + struct.pack(">ii", 4, 310))
sock.recv(4)
