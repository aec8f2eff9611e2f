"""The wrong programs in Java, compiled once; and the tap between two programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.diagnosis.meeting import WRONG, Meeting, python

ROOT = WRONG.parents[2]
Command = Callable[[str], list[str]]


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command of a Java program: one of the wrong ones, or of the reference."""
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home) / "bin") if home else None
    javac, runtime = shutil.which("javac", path=path), shutil.which("java", path=path)
    if javac is None or runtime is None:
        pytest.skip(f"no JDK: java and javac are not {f'in {path}' if path else 'on the PATH'}")
    folder = tmp_path_factory.mktemp("wrong-java")
    sources = [*sorted(WRONG.glob("*.java")), *sorted((ROOT / "java-reference").glob("*.java"))]
    subprocess.run([javac, "-encoding", "UTF-8", "-d", str(folder), *map(str, sources)], check=True)
    return lambda name: [runtime, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", str(folder), name]


@pytest.fixture
def command(request: pytest.FixtureRequest) -> Command:
    """The command of a wrong program, by its file's name; the JDK is asked for where it is in Java."""

    def of(name: str) -> list[str]:
        if name.endswith(".py"):
            return python(name)
        return list(request.getfixturevalue("java")(name.removesuffix(".java")))

    return of


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    with Meeting() as both:
        yield both
