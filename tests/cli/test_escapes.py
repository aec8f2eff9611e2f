"""A hostile peer, recording or file writes nothing on the terminal but text."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.formatting import escapes
from tests.cli.recordings import conversation, save
from tests.cli.running import LONG, Ended, Server, ints, listens, run_here, utf

ATTACK = "\x1b[2J\x1b]0;x\x07\u202e\u2028\nok     protocol:   all is well\n"


def assert_no_harm(done: Ended) -> None:
    for line in done.lines:
        assert not any(map(escapes.hides, line)), line
        assert not line.startswith("ok     protocol:"), line
    assert not any(map(escapes.hides, done.errors.replace("\n", ""))), done.errors


def forges(connection: socket.socket) -> None:
    connection.sendall(ATTACK.encode())
    listens(connection)


def test_the_greeting_of_a_server(tmp_path: Path) -> None:
    with Server(forges) as server:
        done = run_here("doctor", f"127.0.0.1:{server.port}", "--protocol", "addition", "--wait", LONG)
        assert_no_harm(done)
        assert done.status == 1
        assert_no_harm(run_here("check", "server", f"127.0.0.1:{server.port}", "--protocol", "chat", "--only", "echo"))


@pytest.mark.parametrize("protocol", ["addition", "chat", "raw"])
def test_the_texts_of_a_conversation(tmp_path: Path, protocol: str) -> None:
    text = utf("127.0.0.1") + len(ATTACK.encode()).to_bytes(2, "big") + ATTACK.encode()
    path = save(tmp_path / "a.json", conversation([(CLIENT, text + ints(1)), (SERVER, ATTACK.encode())]))
    assert_no_harm(run_here("decode", path, "--protocol", protocol))


def test_what_a_recording_says_of_itself(tmp_path: Path) -> None:
    events = [Event(0.0, 1, "opened", CLIENT, detail=ATTACK, via=ATTACK), Event(1.0, 1, "reset", CLIENT, detail=ATTACK)]
    path = save(tmp_path / "a.json", events)
    lines = path.read_text(encoding="utf-8").replace("127.0.0.1:8999", json.dumps(ATTACK)[1:-1])
    path.write_text(lines.replace('"direct"', json.dumps(ATTACK)), encoding="utf-8")
    done = run_here("decode", path)
    assert_no_harm(done)
    assert any(r"\u001B[2J" in line for line in done.lines)


def test_the_names_in_a_protocol(tmp_path: Path) -> None:
    name = json.dumps(ATTACK)
    file = tmp_path / "p.yaml"
    file.write_text(
        f"protocol: p\nabout: {name}\nport: 1\nsession:\n  - {{from: client, field: {name}, type: int}}\n",
        encoding="utf-8",
    )
    path = save(tmp_path / "a.json", conversation([(CLIENT, ints(1) + b"\0")]))
    done = run_here("decode", path, "--protocol", file)
    assert_no_harm(done)
    assert (done.status, "a field has a name" in done.errors) == (2, True)
    inside = path.read_text(encoding="utf-8").replace('"first"', name)
    path.write_text(inside, encoding="utf-8")
    assert_no_harm(run_here("decode", path))
