"""A real run with real failures in it, and a browser to look at its page with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.formatting import catalogue
from tests.browser import chromium
from tests.conformance.running import HERE, LIMIT_SECONDS, ROOT, any_of, arguments, environment

__all__ = ["chromium"]

CELLS = [
    "addition/working-server/working-client/direct",
    "addition/working-server/working-client/byte-by-byte",
    "addition/working-many/python-multithreaded/slow",
    "addition/little-endian/working-client/direct",
    "addition/loses-a-line/working-client/direct",
    "addition/wrong-line/working-client/direct",
    "addition/one-byte-too-many/working-client/direct",
    "addition/crashes/working-client/direct",
    "chat/working-chat/all-python-chat/direct",
    "chat/chat-leaves-out-one/all-python-chat/direct",
    "chat/chat-mixes-two/all-python-chat/direct",
    "chat/chat-two-orders/all-python-chat/direct",
]
CASES = [
    "case/addition/server/working-server/one-sum",
    "case/addition/server/working-server/split",
    "case/addition/server/little-endian/one-sum",
]


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run of processes printed: of programs that work, and of some with one fault each."""
    options = ("--cases", "--backend", "processes", "--workers", "6", "-k", any_of([*CELLS, *CASES]))
    programs = ("-p", "tests.conformance.impatient", "--programs", str(HERE / "broken" / "programs.yaml"))
    done = subprocess.run(
        arguments(tmp_path_factory.mktemp("report"), *programs, *options),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout.decode()
    return done.stdout.decode()


@pytest.fixture(scope="session")
def page_path(output: str) -> Path:
    """The page that the run ended with."""
    begins = catalogue("en").text("report.run.report", {"path": ""})
    path = Path(output.split(f"\n{begins}", 1)[1].splitlines()[0])
    assert path.is_file(), path
    return path
