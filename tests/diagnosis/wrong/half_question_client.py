"""Sends one number, and waits for an answer before it sends the other."""

import socket
import struct
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
sock.sendall(struct.pack(">i", 84))
sock.recv(4)
