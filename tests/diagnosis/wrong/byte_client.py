"""Sends each number as one byte."""

import socket
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
sock.sendall(bytes([84, 98]))
sock.recv(4)
