"""Answers a whole question as a web server does that is asked nothing it knows."""

import socket

with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    sock, _ = listening.accept()
sock.recv(19, socket.MSG_WAITALL)
sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
sock.recv(100)
