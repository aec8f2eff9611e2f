"""Wants to encrypt."""

import socket
import ssl
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
ssl.create_default_context().wrap_socket(sock, server_hostname="localhost")
