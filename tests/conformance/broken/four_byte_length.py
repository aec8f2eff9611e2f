"""Sends the length of its address as an int."""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

from tests.conformance.broken.working import Client


class Broken(Client):
    def introduce(self, stream: BinaryIO, address: str) -> None:
        stream.write(struct.pack(">i", len(address)) + address.encode())


if __name__ == "__main__":
    Broken().run(sys.argv[1], int(sys.argv[2]))
