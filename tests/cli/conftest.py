"""Compiles the Java programs once."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import ROOT


@pytest.fixture(scope="session")
def java_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled Java programs are."""
    javac = shutil.which("javac")
    if javac is None or shutil.which("java") is None:
        pytest.skip("no JDK on the PATH: the commands cannot be tried on the Java programs")
    folder = tmp_path_factory.mktemp("classes")
    sources = sorted(str(path) for path in (ROOT / "java-reference").glob("*.java"))
    subprocess.run([javac, "-encoding", "UTF-8", "-d", str(folder), *sources], check=True)
    return folder
