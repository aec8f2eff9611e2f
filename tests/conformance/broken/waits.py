"""Connects, and waits for ever: a cell with it is under way for as long as a test needs. It needs Python alone."""

import socket
import sys
import threading

with socket.create_connection((sys.argv[1], int(sys.argv[2]))):
    threading.Event().wait()
