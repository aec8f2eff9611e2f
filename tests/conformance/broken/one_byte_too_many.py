"""Ends a conversation with one byte that nobody asked for."""

from __future__ import annotations

import sys
from typing import BinaryIO

from tests.conformance.broken.working import Server


class Broken(Server):
    def serve(self, stream: BinaryIO) -> None:
        try:
            super().serve(stream)
        finally:
            stream.write(b"\0")


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
