"""An addition client with one fault that no case was written for, named by its first argument; `none` is the right one.

addition_client.py FAULT HOST PORT
"""

from __future__ import annotations

import os
import random
import socket
import struct
import sys
from typing import BinaryIO, cast

from javaio import DataInputStream, DataOutputStream

FAULT, HOST, PORT = sys.argv[1:]
ROUNDS = 3


def say(line: str, stream: int = 1) -> None:
    """Prints a line at once."""
    os.write(stream, (line + "\n").encode())


def answer(connection: socket.socket, stream: BinaryIO, question: bytes) -> int:
    """The sum that the server sends."""
    match FAULT:
        case "takes what one read brings for an answer":
            return int.from_bytes(connection.recv(4), "big", signed=True)
        case "asks again when it waits":
            connection.settimeout(0.1)
            data = b""
            while len(data) < 4:
                try:
                    more = connection.recv(4 - len(data))
                except TimeoutError:
                    connection.sendall(question)
                    continue
                if not more:
                    raise EOFError
                data += more
            return int.from_bytes(data, "big", signed=True)
    return DataInputStream(stream).read_int()


def address(connection: socket.socket) -> str:
    """What it says first."""
    match FAULT:
        case "introduces itself by its name":
            return socket.gethostname()
        case "introduces itself by nothing":
            return ""
    return str(connection.getsockname()[0])


def talk(connection: socket.socket, stream: BinaryIO) -> None:
    """Three sums."""
    out = DataOutputStream(stream)
    out.write_utf(address(connection))
    for number in range(ROUNDS):
        first, second = random.randrange(100), random.randrange(100)
        question = struct.pack(">ii", first, second)
        stream.write(question)
        if FAULT == "asks everything first" and number < ROUNDS - 1:
            continue
        total = answer(connection, stream, question)
        say(f"--> Réponse serveur : {total}")
    if FAULT == "says goodbye":
        stream.write(b"\n")
    if FAULT == "stays":
        connection.recv(1)
    if FAULT == "hangs up":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def main() -> None:
    """Connects, and talks."""
    try:
        connection = socket.create_connection((HOST, int(PORT)))
        with connection, connection.makefile("rwb", buffering=0) as stream:
            talk(connection, cast(BinaryIO, stream))
    except (OSError, EOFError) as error:
        say("!!! Erreur réseau", 2)
        say(f"!!! Détails : {error}", 2)


main()
