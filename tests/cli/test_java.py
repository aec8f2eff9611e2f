"""The commands between and before the Java programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import LONG, Tap, ended, run_here


@contextmanager
def java(classes: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A Java program, ended at the end."""
    with subprocess.Popen(
        ["java", "-cp", str(classes), *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def listening(server: subprocess.Popen[str]) -> int:
    """The port of a server that was given 0."""
    assert server.stdout is not None
    line = server.stdout.readline()
    assert line.startswith("### Écoute sur le port "), line
    return int(line.rpartition(" ")[2])


def test_tap_between_client_and_server(java_classes: Path) -> None:
    with java(java_classes, "SimpleServer", 0) as server, ended(Tap(listening(server), "addition", "--json")) as tap:
        assert isinstance(tap, Tap)
        with java(java_classes, "SimpleClient", "127.0.0.1", tap.port) as client:
            client.wait(LONG)
        tap.event(event="end", sender="server")
        assert tap.interrupt() == 0
    counts = {"connections": 1, "open": 0, "fields": 10, "client_bytes": 35, "server_bytes": 12, "problems": 0}
    assert json.loads(tap.lines[-1]) == {"event": "summary", **counts}


def test_tap_in_a_chat(java_classes: Path) -> None:
    with java(java_classes, "ChatServer", 0) as server, ended(Tap(listening(server), "chat", "--json")) as tap:
        assert isinstance(tap, Tap)
        with java(java_classes, "ChatClient", "alice", "127.0.0.1", tap.port) as client:
            tap.event(event="field", field="address")
            assert client.stdin is not None
            client.stdin.write("bonjour\n")
            client.stdin.flush()
            assert tap.event(event="field", field="text", sender="client")["value"] == "bonjour"
            assert tap.event(event="field", field="text", sender="server")["value"] == "bonjour"
            client.stdin.close()
            tap.event(event="end", sender="client")
            client.wait(LONG)


@pytest.mark.parametrize(
    ("name", "answer"), [("SimpleServer", "one-at-a-time"), ("MultithreadedServer", "serves-second")]
)
def test_doctor_on_a_server(java_classes: Path, name: str, answer: str) -> None:
    with java(java_classes, name, 0) as server:
        words = ("--protocol", "addition", "--wait", 10, "--json")
        done = run_here("doctor", f"127.0.0.1:{listening(server)}", *words)
    assert done.status == 0, done.lines
    assert [each["code"] for each in done.told[3:5]] == ["speaks", answer]
    assert (
        done.told[3]["values"]["said"] == "address 127.0.0.1, first 20, second 22, sum 42, first 24, second 26, sum 50"
    )


def test_doctor_on_a_chat_server_speaks_where_nobody_else_hears_it(java_classes: Path) -> None:
    with java(java_classes, "ChatServer", 0) as server:
        done = run_here("doctor", f"127.0.0.1:{listening(server)}", "--protocol", "chat", "--wait", 10)
        assert done.status == 0, done.lines
        assert server.stdout is not None
        said: list[str] = []
        while not any("est déconnecté" in line for line in said):
            line = server.stdout.readline()
            assert line, said
            said.append(line)
    assert [line.strip() for line in said if "diffusé" in line] == ["<-- Message diffusé à 1 clients"]
