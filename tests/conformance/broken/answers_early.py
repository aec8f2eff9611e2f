"""Answers before the second number, by guessing that it is what it always was."""

from __future__ import annotations

import sys
from typing import BinaryIO

from javaio import DataInputStream
from tests.conformance.broken.working import Server, say, write_sum


class Broken(Server):
    def serve(self, stream: BinaryIO) -> None:
        source = DataInputStream(stream)
        say(f"--> Nouveau client à l'adresse : {source.read_utf()}")
        for guess in (98, 99, 5):
            first = source.read_int()
            say(f"--> Premier nombre reçu : {first}")
            write_sum(stream, first, guess)
            say(f"--> Deuxième nombre reçu : {source.read_int()}")
            say(f"<-- Somme retournée : {first + guess}")
            say("### Traitement de cette requête terminée.")
        source.read_int()


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
