"""Still has the print that helped to find something."""

from __future__ import annotations

import sys
from typing import BinaryIO

from tests.conformance.broken.working import Server


class Broken(Server):
    def answer(self, stream: BinaryIO, first: int, second: int) -> None:
        print("DEBUG", first, second, flush=True)
        super().answer(stream, first, second)


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
