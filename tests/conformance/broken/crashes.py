"""Dies at the second request."""

from __future__ import annotations

import sys
from typing import BinaryIO

from tests.conformance.broken.working import Server


class Broken(Server):
    requests = 0

    def answer(self, stream: BinaryIO, first: int, second: int) -> None:
        self.requests += 1
        if self.requests == 2:
            raise RuntimeError("plus de mémoire")
        super().answer(stream, first, second)


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
