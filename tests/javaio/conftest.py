"""The oracle, one for the whole test run, and the faces that a test is put to."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .faces import FACES, Face
from .oracle import SOURCE, JdkOracle, compile_oracle

JAVA_REFERENCE = Path(__file__).resolve().parents[2] / "java-reference"
IMAGE = "java-python-sockets-java:21"
# One thread for its garbage, few for its compiler: the oracle shares the machine with what it is compared with.
OPTIONS = ["-XX:+UseSerialGC", "-Xshare:auto"]


def oracle_command(folder: Path) -> list[str] | str:
    """The command that runs the oracle, made ready in `folder`; or, where there is no way to run it, the reason.

    A JDK of this machine, or the one in the image of the Java programs.
    """
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home) / "bin") if home else None
    java, javac = shutil.which("java", path=path), shutil.which("javac", path=path)
    if java is not None and javac is not None:
        compile_oracle(javac, folder)
        return [java, *OPTIONS, "-cp", str(folder), "JdkOracle"]
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        return f"no java and javac {f'in {path}' if path else 'on the PATH'}, and no container engine to run them in"
    subprocess.run([docker, "build", "--quiet", "--tag", IMAGE, str(JAVA_REFERENCE)], capture_output=True, check=True)
    shutil.copy(SOURCE, folder)
    folder.chmod(0o755)  # the ordinary user of the image reads it
    mounted = ["--volume", f"{folder}:/oracle:ro", "--network", "none", "--interactive", "--rm"]
    return [docker, "run", *mounted, IMAGE, "java", *OPTIONS, f"/oracle/{SOURCE.name}"]


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
