"""Stops at the largest int, where Java's int goes on at the smallest."""

from __future__ import annotations

import sys
from typing import BinaryIO

from javaio import DataOutputStream
from tests.conformance.broken.working import Server


class Broken(Server):
    @staticmethod
    def write_sum(stream: BinaryIO, first: int, second: int) -> None:
        DataOutputStream(stream).write_int(max(-(2**31), min(2**31 - 1, first + second)))


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
