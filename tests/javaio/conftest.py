"""The oracle, one for the whole test run, and the faces that a test is put to."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .faces import FACES, Face
from .oracle import JdkOracle, compile_oracle


def oracle_command(folder: Path) -> list[str] | str:
    """The command that runs the oracle, compiled into `folder`; or, where there is no way to run it, the reason."""
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home) / "bin") if home else None
    java, javac = shutil.which("java", path=path), shutil.which("javac", path=path)
    if java is None or javac is None:
        return f"no JDK: java and javac are not {f'in {path}' if path else 'on the PATH, and JAVA_HOME is not set'}"
    compile_oracle(javac, folder)
    # One thread for its garbage, few for its compiler: the oracle shares the machine with what it is compared with.
    return [java, "-XX:+UseSerialGC", "-Xshare:auto", "-cp", str(folder), "JdkOracle"]


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JdkOracle]:
    command = oracle_command(tmp_path_factory.mktemp("oracle"))
    if isinstance(command, str):
        pytest.skip(command)
    with JdkOracle(command) as running:
        yield running


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]()
