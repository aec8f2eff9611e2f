"""Has its answers, and never ends."""

from __future__ import annotations

import sys
import threading

from tests.conformance.broken.working import Client


class Broken(Client):
    def run(self, host: str, port: int) -> None:
        super().run(host, port)
        threading.Event().wait()


if __name__ == "__main__":
    Broken().run(sys.argv[1], int(sys.argv[2]))
