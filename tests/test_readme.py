"""What the README says is true: its pair of programs works, and so do the commands it names."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "LISEZMOI.md"]
LIMIT_SECONDS = 60


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server_of_the_readme(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """server.py, as it stands in the README but for the port, with the folder `javaio` beside it."""
    (server,) = (block for block in blocks("README.md", "python") if "create_server" in block)
    assert "8999" in server
    (tmp_path / "server.py").write_text(server.replace("8999", str(port)), encoding="utf-8")
    shutil.copytree(ROOT / "javaio", tmp_path / "javaio")
    with subprocess.Popen(
        [sys.executable, "server.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        give_up = threading.Timer(LIMIT_SECONDS, process.kill)
        give_up.start()
        wait_until_it_listens(port, process)
        yield process
        give_up.cancel()
        process.kill()


def wait_until_it_listens(port: int, process: subprocess.Popen[str]) -> None:
    """The server of the README says nothing before its first client: the system is asked whether it listens."""
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        with suppress(psutil.Error):
            for connection in watched.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return
    pytest.fail(f"the server of the README ended with status {process.returncode}")


def test_the_working_pair_works(server_of_the_readme: subprocess.Popen[str], tmp_path: Path, port: int) -> None:
    if shutil.which("java") is None:
        pytest.skip("there is no JDK on this machine to run the README's Java client")
    (client,) = blocks("README.md", "java")
    (tmp_path / "Client.java").write_text(client.replace("8999", str(port)), encoding="utf-8")
    done = subprocess.run(
        ["java", "Client.java"], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert done.stdout == "84 + 98 = 182\n", done.stderr
    assert "prints `84 + 98 = 182`" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert server_of_the_readme.stdout is not None
    assert server_of_the_readme.stdout.readline() == "client at 127.0.0.1\n"
    assert server_of_the_readme.stdout.readline() == "client left\n"


def test_the_client_of_the_students_page_works(server_of_the_readme: subprocess.Popen[str], port: int) -> None:
    (client,) = blocks("LISEZMOI.md", "python")
    done = subprocess.run(
        [sys.executable, "-c", client.replace("8999", str(port))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.stdout == "182\n", done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_every_program_it_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    java = set(re.findall(r"`java (\w+)[^`.]*`", text))
    assert {"SimpleServer", "MultithreadedServer", "ChatServer", "SimpleClient", "MultithreadedClients"} <= java
    for name in java:
        assert (ROOT / "java-reference" / f"{name}.java").exists(), name
    for package, command in set(re.findall(r"python3 -m (pyserver|pyclient) (\w+)", text)):
        done = subprocess.run(
            [sys.executable, "-m", package, command, "--help"], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0, (package, command, done.stderr)


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_it_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z]+)", text))
    assert "matrix" in targets
    if shutil.which("make") is None:
        pytest.skip("there is no make on this machine")
    for target in targets:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [*PAGES, *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{page} links to {target}"


def test_the_matrix_options_of_the_readme_are_taken() -> None:
    commands = [line for block in blocks("README.md", "sh") for line in block.splitlines() if "ARGS=" in line]
    assert len(commands) == 3
    for command in commands:
        (options,) = re.findall(r'ARGS="(.*)"', command)
        words = shlex.split(options.replace("--programs mine.yaml -k mine", "-k java-SimpleServer"))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "conformance", "--collect-only", "-q", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
