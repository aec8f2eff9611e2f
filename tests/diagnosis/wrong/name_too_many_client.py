"""Sends its name after its address: the chat has one, the addition has none."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1" + b"\x00\x05alice")
sock.sendall(struct.pack(">ii", 84, 98))
sock.recv(4)
