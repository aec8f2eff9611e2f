"""Sends author and text as they are."""

import socket
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"\x00\x09127.0.0.1")
sock.sendall("zoé".encode())
sock.sendall("salut à tous".encode())
sock.recv(4)
