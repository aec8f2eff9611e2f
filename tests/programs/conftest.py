"""Compiles the Java programs once, and ends every program with its test."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs.programs import Program, Start, environment
from tests.programs.running import ROOT, Running


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled Java programs are."""
    javac = shutil.which("javac")
    if javac is None or shutil.which("java") is None:
        pytest.skip("no JDK on the PATH: the Java programs cannot be tested here")
    folder = tmp_path_factory.mktemp("classes")
    sources = sorted(str(path) for path in (ROOT / "java-reference").glob("*.java"))
    done = subprocess.run(
        [javac, "-encoding", "UTF-8", "-d", str(folder), *sources], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "the Java programs must compile without a warning"
    return folder


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """`start(program, *arguments)`: a program that runs until the test ends."""
    running: list[Running] = []

    def start(program: Program, *arguments: object, **variables: str) -> Running:
        folder: Path = request.getfixturevalue("classes") if program.java else ROOT
        started = Running(program.command(*arguments), folder, environment(**variables))
        running.append(started)
        return started

    yield start
    for program in running:
        program.kill()
