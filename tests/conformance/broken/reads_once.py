"""Takes what one `recv(4)` gives for an int, as a client (its answers) or as a server (its requests)."""

from __future__ import annotations

import sys
from typing import BinaryIO

from javaio import DataInputStream, DataOutputStream
from tests.conformance.broken.working import Client, Server, say


def read_int(stream: BinaryIO) -> int:
    if not (data := stream.read(4)):  # without buffers, one `recv(4)`
        raise EOFError
    return int.from_bytes(data, signed=True)


class BrokenServer(Server):
    def serve(self, stream: BinaryIO) -> None:
        say(f"--> Nouveau client à l'adresse : {DataInputStream(stream).read_utf()}")
        while True:
            first = read_int(stream)
            say(f"--> Premier nombre reçu : {first}")
            second = read_int(stream)
            say(f"--> Deuxième nombre reçu : {second}")
            self.answer(stream, first, second)


class BrokenClient(Client):
    def ask(self, stream: BinaryIO, first: int, second: int) -> None:
        requests = DataOutputStream(stream)
        say(f"<-- Envoi nombre 1 : {first}")
        requests.write_int(first)
        say(f"<-- Envoi nombre 2 : {second}")
        requests.write_int(second)
        say(f"--> Réponse serveur : {read_int(stream)}")


if __name__ == "__main__":
    if sys.argv[1] == "client":
        BrokenClient().run(sys.argv[2], int(sys.argv[3]))
    else:
        BrokenServer().run(int(sys.argv[2]))
