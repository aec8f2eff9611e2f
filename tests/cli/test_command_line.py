"""The frame: help that teaches, errors in one sentence, and what the exit status says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.recordings import addition_recording
from tests.cli.running import LONG, ROOT, Server, Tap, ended, free_port, listens, run


def test_help_names_every_command_and_shows_examples() -> None:
    command = run("--help")
    text = "\n".join(command.lines)
    assert command.process.returncode == 0
    for word in ("tap", "decode", "doctor", "python -m conformance doctor 192.168.1.20 --protocol addition"):
        assert word in text


@pytest.mark.parametrize("name", ["tap", "decode", "doctor"])
def test_every_command_has_help_with_examples_and_its_status(name: str) -> None:
    command = run(name, "--help")
    text = "\n".join(command.lines)
    assert command.process.returncode == 0
    assert f"  python -m conformance {name} " in text
    assert "status is 0" in text


def tap(*words: object) -> list[object]:
    return ["tap", "--listen", free_port(), "--to", "127.0.0.1:1", *words]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "COMMAND"),
        (["tip"], "tip"),
        (["tap"], "--listen"),
        (["tap", "--listen", "x", "--to", "h", "--protocol", "chat"], "'x'"),
        (["tap", "--listen", "99999", "--to", "h", "--protocol", "chat"], "99999"),
        (["tap", "--listen", "localhost", "--to", "h", "--protocol", "chat"], "takes a port"),
        (tap("--protocol", "chatt"), "no such protocol: 'chatt'; known are addition, chat"),
        (tap("--protocol", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (tap("--protocol", "chat", "--network", "wet"), "no such network: 'wet'; known are direct, byte-by-byte"),
        (tap("--protocol", "chat", "--save", "x.txt"), ".json or .pcapng"),
        (tap("--protocol", "chat", "--save", "no/such/folder/x.json"), "cannot be written"),
        (["tap", "--listen", "8999", "--to", "localhost", "--protocol", "chat"], "circle"),
        (["tap", "--listen", "192.0.2.77:0", "--to", "localhost", "--protocol", "chat"], "cannot listen"),
        (["decode", "nowhere.json"], "nowhere.json: cannot be read"),
        (["decode", "pyproject.toml"], "pyproject.toml: is no recording"),
        (["doctor"], "HOST"),
        (["doctor", "a b"], "'a b'"),
        (["doctor", "http://localhost"], "http://localhost"),
        (["doctor", "[::1:8999"], "[::1]:8999"),
        (["doctor", "localhost:port"], "'port'"),
        (["doctor", "localhost", "--wait", "0"], "'0'"),
        (["doctor", "localhost", "--protocol", "x"], "no such protocol"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_sentence_and_status_2(words: list[object], sentence: str) -> None:
    command = run(*words)
    errors = command.errors()
    assert command.process.returncode == 2, errors
    assert sentence in errors
    assert len(errors.splitlines()) == 1, errors
    assert command.lines == []


def test_a_protocol_file_with_a_mistake_is_told_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("protocol: mine\nabout: x\nport: 1\nsession:\n  - {from: client, field: a, type: integer}\n")
    command = run(*tap("--protocol", file))
    assert command.process.returncode == 2
    assert "mine.yaml: session.0.type: no such type on the wire: 'integer'" in command.errors()


def test_a_port_that_is_taken() -> None:
    with Server(listens) as server, ended(Tap(server.port, "chat")) as first:
        assert isinstance(first, Tap)
        second = run("tap", "--listen", f"127.0.0.1:{first.port}", "--to", "127.0.0.1:1", "--protocol", "chat")
        assert second.process.returncode == 2
        assert f"cannot listen on port {first.port} of 127.0.0.1: Address already in use" in second.errors()


def test_a_reader_who_leaves_ends_it_quietly(tmp_path: Path) -> None:
    file = addition_recording(tmp_path / "a.json", rounds=20_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "decode", file], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(LONG) == 1
