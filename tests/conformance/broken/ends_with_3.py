"""Does all that it should, and reports failure."""

from __future__ import annotations

import sys

from tests.conformance.broken.working import Client


class Broken(Client):
    def run(self, host: str, port: int) -> None:
        super().run(host, port)
        sys.exit(3)


if __name__ == "__main__":
    Broken().run(sys.argv[1], int(sys.argv[2]))
