"""`docker compose up`: a LAN on one machine, which the clients of both languages reach from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
BOARD = yaml.safe_load((ROOT / "board.yaml").read_text(encoding="utf-8"))["servers"]
PORTS: dict[str, int] = {name: server["listen"] for name, server in BOARD.items()}
PAGE = "http://127.0.0.1:8080/"
ADDITION = [name for name in PORTS if "chat" not in name]
CHAT = [name for name in PORTS if "chat" in name]
UP_SECONDS = 300
LONG = 30.0  # seconds: a wait that ends sooner wherever things work


def run(*command: str, folder: Path = ROOT, seconds: float = 60, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=seconds,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
    )


@pytest.fixture(scope="module")
def lan() -> Iterator[Sequence[str]]:
    """The command that steers the running services."""
    docker = shutil.which("docker")
    if docker is None or run(docker, "compose", "version").returncode or run(docker, "info").returncode:
        reason = "docker compose does not answer here"
        if os.environ.get("CONFORMANCE_REQUIRE_CONTAINERS"):
            pytest.fail(reason)
        pytest.skip(reason)
    compose = [docker, "compose", "--project-name", f"java-python-sockets-test-{os.getpid()}"]
    try:
        up = run(*compose, "up", "--build", "--detach", "--wait", seconds=UP_SECONDS)
        assert up.returncode == 0, up.stdout + up.stderr
        yield compose
    finally:
        run(*compose, "down", "--volumes", "--remove-orphans", "--timeout", "1", seconds=UP_SECONDS)


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Java programs, compiled as the README says."""
    if shutil.which("javac") is None:
        pytest.skip("there is no JDK on this machine to run the Java clients outside of a container")
    folder = tmp_path_factory.mktemp("classes")
    for source in (ROOT / "java-reference").glob("*.java"):
        shutil.copy(source, folder)
    sources = [path.name for path in folder.glob("*.java")]
    compiled = run("javac", "-encoding", "UTF-8", *sources, folder=folder)
    assert compiled.returncode == 0, compiled.stderr
    return folder


def test_the_readme_lists_every_port() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d{4}) \| (\w+ `\w+`)", readme, re.MULTILINE))
    assert {int(port) for port in rows} == set(PORTS.values())
    assert rows[str(PORTS["java-multithreaded"])] == "Java `MultithreadedServer`"


def test_the_board_stands_in_front_of_every_server_and_nothing_else_is_published() -> None:
    services = COMPOSE["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["board"]
    assert {*PORTS, "board"} == set(services)
    assert all(server["to"] == f"{name}:8999" for name, server in BOARD.items())
    everyone, page = services["board"]["ports"]
    first, last = min(PORTS.values()), max(PORTS.values())
    assert sorted(PORTS.values()) == list(range(first, last + 1))
    assert everyone == f"{first}-{last}:{first}-{last}"
    assert page == "127.0.0.1:8080:8080"


def test_no_service_fills_the_disk_or_takes_the_memory() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["logging"]["driver"] == "json-file", name
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name
        assert {"mem_limit", "pids_limit"} <= set(service), name


def told() -> Iterator[dict[str, Any]]:
    """What a page of the board is told: what there is when it opens, then each change, until too long was waited.

    The taps tell the board a moment after the programs have what they wanted.
    """
    end = time.monotonic() + LONG
    with urllib.request.urlopen(f"{PAGE}changes", timeout=LONG) as stream:
        while time.monotonic() < end:
            line = stream.readline()
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: "))
    pytest.fail(f"the board has not told within {LONG:g} s what was awaited")


def test_the_board_is_up_and_no_health_check_shows_on_it(lan: Sequence[str]) -> None:
    shown = run(*lan, "ps", "--format", "{{.Health}}", "board")
    assert shown.stdout.strip() == "healthy", shown.stdout + shown.stderr
    with urllib.request.urlopen(PAGE, timeout=10) as page:
        assert page.status == 200
    servers = next(told())["servers"]
    assert [server["name"] for server in servers] == list(PORTS)
    assert [server["came"] for server in servers] == [0] * len(PORTS)


@pytest.mark.parametrize("service", ADDITION)
def test_the_board_shows_a_java_and_a_python_client_decoded(lan: Sequence[str], classes: Path, service: str) -> None:
    number = list(PORTS).index(service)
    before = {row["key"] for row in next(told())["connections"]}
    port = str(PORTS[service])
    clients = (
        run(sys.executable, "-m", "pyclient", "simple", "--port", port),
        run("java", "-Dfile.encoding=UTF-8", "SimpleClient", "127.0.0.1", port, folder=classes),
    )
    sums = [re.findall(r"Réponse serveur : (-?\d+)$", done.stdout, re.M) for done in clients]
    assert [len(each) for each in sums] == [3, 3], clients
    rows: dict[str, Any] = {}
    for change in told():
        came = [row for row in change["connections"] if row["server"] == number and row["key"] not in before]
        rows |= {row["key"]: row for row in came}
        if [(row["state"], row["fields"]) for row in rows.values()] == [("ended", 10)] * 2:
            break
    shown = [[field["value"] for field in row["tail"] if field["field"] == "sum"] for row in rows.values()]
    assert shown == [each[-2:] for each in sums]


@pytest.mark.parametrize("service", PORTS)
def test_every_server_is_healthy_in_its_own_protocol(lan: Sequence[str], service: str) -> None:
    shown = run(*lan, "ps", "--format", "{{.Health}}", service)
    assert shown.stdout.strip() == "healthy", shown.stdout + shown.stderr


@pytest.mark.parametrize("service", ADDITION)
def test_a_python_client_from_outside_is_served(lan: Sequence[str], service: str) -> None:
    done = run(sys.executable, "-m", "pyclient", "simple", "--port", str(PORTS[service]))
    assert_three_sums(done)


@pytest.mark.parametrize("service", ADDITION)
def test_a_java_client_from_outside_is_served(lan: Sequence[str], classes: Path, service: str) -> None:
    done = run("java", "-Dfile.encoding=UTF-8", "SimpleClient", "127.0.0.1", str(PORTS[service]), folder=classes)
    assert_three_sums(done)


@pytest.mark.parametrize("service", CHAT)
def test_both_chat_clients_from_outside_are_served(lan: Sequence[str], classes: Path, service: str) -> None:
    number, port = list(PORTS).index(service), str(PORTS[service])
    python = run(sys.executable, "-m", "pyclient", "chat", "alice", "--port", port, typed="bonjour\n")
    java = run("java", "-Dfile.encoding=UTF-8", "ChatClient", "bob", "127.0.0.1", port, folder=classes, typed="salut\n")
    for done in (python, java):
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == "### Connexion terminée."
    messages: list[tuple[str, str]] = []
    for change in told():
        messages += [(each["author"], each["text"]) for each in change["messages"] if each["server"] == number]
        if len(messages) >= 2:
            break
    assert messages == [("alice", "bonjour"), ("bob", "salut")]
    logs = run(*lan, "logs", "--no-log-prefix", service).stdout
    assert "--> Message de alice : bonjour" in logs
    assert "--> Message de bob : salut" in logs


def assert_three_sums(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    numbers = [int(number) for number in re.findall(r"(?:nombre \d|Réponse serveur) : (-?\d+)$", done.stdout, re.M)]
    assert len(numbers) == 9, done.stdout + done.stderr
    for first, second, total in zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True):
        assert first + second == total
