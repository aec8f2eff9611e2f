"""Sends the second number once it has the sum: only a server that answers early gets on with it."""

from __future__ import annotations

import sys
from typing import BinaryIO

from javaio import DataInputStream, DataOutputStream
from tests.conformance.broken.working import Client


class Broken(Client):
    def ask(self, stream: BinaryIO, first: int, second: int) -> None:
        DataOutputStream(stream).write_int(first)
        DataInputStream(stream).read_int()
        DataOutputStream(stream).write_int(second)


if __name__ == "__main__":
    Broken().run(sys.argv[1], int(sys.argv[2]))
