"""Answers with the lowest byte first."""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

from tests.conformance.broken.working import Server


class Broken(Server):
    @staticmethod
    def write_sum(stream: BinaryIO, first: int, second: int) -> None:
        stream.write(struct.pack("<i", first + second))


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
