"""Sends its address right, and its numbers as digits."""

import socket
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
for number in (84, 98):
    sock.sendall(f"{number}\n".encode())
sock.recv(4)
