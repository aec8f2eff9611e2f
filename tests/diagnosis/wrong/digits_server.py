"""Answers in digits."""

import socket
import struct

with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    sock, _ = listening.accept()
sock.recv(int.from_bytes(sock.recv(2, socket.MSG_WAITALL), "big"), socket.MSG_WAITALL)
while question := sock.recv(8, socket.MSG_WAITALL):
    first, second = struct.unpack(">ii", question)
    sock.sendall(str(first + second).encode())
