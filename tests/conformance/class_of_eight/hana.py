"""A client that connects, and says nothing."""

from __future__ import annotations

import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2]))):
    print("connecté")
