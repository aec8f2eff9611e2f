"""An addition server that gets a signal once it has read its first request."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys

with socket.create_server(("", int(sys.argv[2]))) as listener:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as stream:
        stream.read(struct.unpack(">H", stream.read(2))[0] + 8)
        os.kill(os.getpid(), signal.Signals[sys.argv[1]])
