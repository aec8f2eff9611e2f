"""Clients of the addition that read in this or that way, named by the first argument; then host and port."""

from __future__ import annotations

import socket
import struct
import sys

PAIRS = ((84, 98), (-5, 3), (2**31 - 1, 1))


def exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes, however they come."""
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def main(way: str, host: str, port: int) -> None:
    """Asks for three sums."""
    with socket.create_connection((host, port)) as sock:
        address = sock.getsockname()[0].encode()
        stream = sock.makefile("rwb")
        if way == "no-flush":
            stream.write(struct.pack(">H", len(address)) + address)
        else:
            sock.sendall(struct.pack(">H", len(address)) + address)
        for first, second in PAIRS:
            question = struct.pack(">ii", first, second)
            if way == "no-flush":
                stream.write(question)
            else:
                sock.sendall(question)
            match way:
                case "reads-once":
                    data = sock.recv(4)
                case "one-recv":
                    data = sock.recv(1024)
                case "lines":
                    data = stream.readline()
                case "to-end":
                    data = b""
                    while more := sock.recv(4096):
                        data += more
                case "buffered" | "no-flush":
                    data = stream.read(4)
                case "right":
                    data = exactly(sock, 4)
            print(struct.unpack(">i", data)[0], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
