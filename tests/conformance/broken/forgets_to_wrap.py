"""Adds as Python does, and has no int for what comes out."""

from __future__ import annotations

import sys
from typing import BinaryIO

from javaio import DataOutputStream
from tests.conformance.broken.working import Server


class Broken(Server):
    @staticmethod
    def write_sum(stream: BinaryIO, first: int, second: int) -> None:
        DataOutputStream(stream).write_int(first + second)


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
