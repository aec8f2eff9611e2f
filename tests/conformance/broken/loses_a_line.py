"""Does not say when it has treated a request."""

from __future__ import annotations

import sys
from typing import BinaryIO

from tests.conformance.broken.working import Server, say, write_sum


class Broken(Server):
    def answer(self, stream: BinaryIO, first: int, second: int) -> None:
        say(f"<-- Somme retournée : {first + second}")
        write_sum(stream, first, second)


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
