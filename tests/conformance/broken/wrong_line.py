"""Says another sum than it sends."""

from __future__ import annotations

import sys
from typing import BinaryIO

from tests.conformance.broken.working import Server, say, write_sum


class Broken(Server):
    def answer(self, stream: BinaryIO, first: int, second: int) -> None:
        say(f"<-- Somme retournée : {first + second + 1}")
        write_sum(stream, first, second)
        say("### Traitement de cette requête terminée.")


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
