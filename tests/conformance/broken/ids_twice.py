"""Numbers its clients by how many there are, so that an id comes back once its client has gone."""

from __future__ import annotations

import itertools
import sys

from tests.conformance.broken.working import ManyServer


class Broken(ManyServer):
    def __init__(self) -> None:
        super().__init__()
        self.ids = itertools.cycle([1, 2])  # type: ignore[assignment]


if __name__ == "__main__":
    Broken().run(int(sys.argv[1]))
