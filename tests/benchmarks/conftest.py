"""Programs that end with their test, and the peers, compiled once."""

import shutil
from collections.abc import Iterator

import pytest

from benchmarks.peers import Peers, compiled_peers
from tests.programs.conftest import start

__all__ = ["peers", "start"]


@pytest.fixture(scope="session")
def peers() -> Iterator[Peers]:
    for compiler in ("cc", "javac"):
        if shutil.which(compiler) is None:
            pytest.skip(f"no {compiler} on the PATH: the peers cannot be compiled here")
    with compiled_peers() as compiled:
        yield compiled
