"""An addition server with one fault that no case was written for, named by its argument; `none` is the right one.

addition_server.py FAULT, which prints its port.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
from typing import Any

from javaio import DataInputStream, decode_modified_utf8

FAULT = sys.argv[1]
CLIENTS_AT_MOST = 100

shared: dict[str, int] = {}
answers: dict[Any, int] = {}


def wrapped(number: int) -> int:
    """As an int of Java."""
    return (number + 0x80000000) % 0x100000000 - 0x80000000


def total(first: int, second: int) -> int:
    """The sum, or what the fault makes of it."""
    match FAULT:
        case "adds in 16 bits":
            return (first + second + 0x8000) % 0x10000 - 0x8000
        case "adds as float":
            return wrapped(int(struct.unpack("f", struct.pack("f", float(first) + float(second)))[0]))
        case "remembers the answer to a first number":
            return answers.setdefault(first, wrapped(first + second))
        case "sees no signs":
            return wrapped(abs(first) + abs(second))
    return wrapped(first + second)


def pair(stream: Any, source: DataInputStream) -> tuple[int, int]:
    """The two numbers of a request."""
    if FAULT == "takes what one read brings for a request":
        first, second = struct.unpack(">ii", stream.read(8))
        return int(first), int(second)
    if FAULT == "has one memory for all clients":
        first = shared.setdefault("first", source.read_int())
        return first, source.read_int()
    return source.read_int(), source.read_int()


def address(stream: Any, source: DataInputStream) -> None:
    """Reads the address."""
    match FAULT:
        case "reads a signed length":
            (size,) = struct.unpack(">h", source.read_fully(2))
            decode_modified_utf8(source.read_fully(max(size, 0)))
        case "reads at most one kilobyte of address":
            decode_modified_utf8(source.read_fully(min(source.read_unsigned_short(), 1024)))
        case "reads standard UTF-8":
            source.read_fully(source.read_unsigned_short()).decode("utf-8")
        case _:
            source.read_utf()


def serve(connection: socket.socket) -> None:
    """One client."""
    if FAULT == "has no patience":
        connection.settimeout(0.03)
    with connection, connection.makefile("rwb", buffering=0) as stream:
        source = DataInputStream(stream)
        try:
            address(stream, source)
            while True:
                first, second = pair(stream, source)
                if FAULT == "takes two zeros for the end" and not (first or second):
                    return
                stream.write(struct.pack(">i", total(first, second)))
        except (EOFError, OSError, ValueError, struct.error):
            return


def main() -> None:
    """Serves everybody."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print("port", listener.getsockname()[1], flush=True)
    served = 0
    while FAULT != "closes after a hundred clients" or served < CLIENTS_AT_MOST:
        connection, _ = listener.accept()
        served += 1
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
