"""Asks for one sum, where SimpleClient asks for three."""

from __future__ import annotations

import sys

from tests.conformance.broken.working import Client


class Broken(Client):
    pairs = ((84, 98),)


if __name__ == "__main__":
    Broken().run(sys.argv[1], int(sys.argv[2]))
