"""Sends the price before the quantity."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x05alice")
sock.sendall(b"\x00\x06apples" + struct.pack(">qi", 250, 3))
sock.sendall(b"\x00\x05pears" + struct.pack(">qi", 310, 4))
sock.recv(4)
