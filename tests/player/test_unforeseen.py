"""Programs with faults that no case was written for: `check` judges each of them wrong, and the right ones right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).with_name("unforeseen")
LIMIT = 120
PATIENCE = "2"

# The fault, a case that it does not stand, and how the sentence about it begins.
ADDITION_SERVERS = [
    ("adds in 16 bits", "sum/of-2147483647+1", "the server sent 00 00 00 00 where int -2147483648 (80 00 00 00) must"),
    ("adds as float", "sum", "the server sent 80 00 00 00 where int 2147483647 (7F FF FF FF) must come"),
    (
        "remembers the answer to a first number",
        "sum",
        "the server sent 80 00 00 00 where int -2 (FF FF FF FE) must come",
    ),
    ("sees no signs", "one-segment", "the server sent 00 00 00 08 where int -2 (FF FF FF FE) must come"),
    ("takes what one read brings for a request", "byte-by-byte", "the server "),
    (
        "has one memory for all clients",
        "stalled-beside",
        "the server sent 00 00 00 63 where int 182 (00 00 00 B6) must",
    ),
    ("reads a signed length", "longest-address", "the server sent C2 C2 C2 C2 where int 182 (00 00 00 B6) must come"),
    ("reads at most one kilobyte of address", "longest-address", "the server sent C2 C2 C2 C2 where int 182 "),
    ("reads standard UTF-8", "odd-address", "the server ended the connection by "),
    ("has no patience", "says-nothing-first", "the server ended the connection by end where it must keep silent"),
    ("takes two zeros for the end", "sum/of-0+0", "the server ended the connection by end, and int 0 must come"),
    ("closes after a hundred clients", "", "no connection to "),
]
CHAT_SERVERS = [
    ("strips the text", "text/text-2", "only 00 00 came from the server within 2 s, and UTF ' ' must come"),
    ("keeps a thousand characters", "longest", "only 03 E8 62 62"),
    ("puts a question mark for a surrogate", "surrogates", "only 00 01 3F came from the server within 2 s"),
    ("takes a repetition for a mistake", "twice", "nothing came from the server within 2 s, and UTF 'alice' must come"),
    ("leaves out the poster", "echo", "nothing came from the server within 2 s, and UTF 'alice' must come"),
    ("tells the fourth every two messages the wrong way round", "one-order-at-full-speed", "message 1 is "),
    ("waits for who does not read", "never-reads", "nothing came from the server within 2 s, and UTF 'alice' must"),
    ("keeps all for who does not read", "never-reads", "the server did not end the connection within 2 s"),
    ("fails with who has gone", "leaver", "the server ended the connection by "),
    ("tells who joins what was said", "late", "the server sent "),
]
ADDITION_CLIENTS = [
    ("takes what one read brings for an answer", "split/byte-1", "the client "),
    ("asks again when it waits", "slow/ms-300", "the client sent 00 00 00 "),
    ("introduces itself by its name", "introduces-itself", "the client sent UTF "),
    (
        "introduces itself by nothing",
        "introduces-itself",
        "the client sent UTF '' where an IP address as",
    ),
    ("asks everything first", "slow/ms-50", "the client sent 00 00 00 "),
    ("says goodbye", "answered", "the client ended the connection by end after 0A, and an int must come"),
    ("stays", "answered", "the client did not end the connection within 2 s"),
    ("hangs up", "answered", "the client ended the connection by reset, and not by end"),
]


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


@contextmanager
def server(program: str, fault: str) -> Iterator[str]:
    """A server with that fault; its port."""
    command = python(str(PROGRAMS / program), fault)
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()


def check_server(port: str, protocol: str, only: str) -> list[dict[str, Any]]:
    words = ("server", f"127.0.0.1:{port}", "--protocol", protocol, "--only", only, "--patience", PATIENCE, "--json")
    done = subprocess.run(
        python("-m", "conformance", "check", *words),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        timeout=LIMIT,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_client(fault: str, only: str) -> list[dict[str, Any]]:
    """What is said of the client, which is started whenever it is asked for."""
    words = ("--port", "127.0.0.1:0", "--protocol", "addition", "--only", only, "--patience", PATIENCE, "--json")
    told: list[dict[str, Any]] = []
    clients: list[subprocess.Popen[bytes]] = []
    command = python("-m", "conformance", "check", "client", *words, "--connections", "1")
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE) as judge:
        assert judge.stdout is not None
        for line in judge.stdout:
            told.append(json.loads(line))
            if told[-1].get("event") == "start":
                client = python(str(PROGRAMS / "addition_client.py"), fault, "127.0.0.1", str(told[-1]["port"]))
                silent = subprocess.DEVNULL
                clients.append(subprocess.Popen(client, env=environment(), stdout=silent, stderr=silent))
    for each in clients:
        each.kill()
        each.wait(LIMIT)
    return told


def failed(told: Sequence[dict[str, Any]]) -> list[str]:
    assert told[-1]["event"] == "summary"
    return [entry["reason"] for entry in told if entry.get("verdict") == "failed"]


@pytest.mark.parametrize(("fault", "case", "sentence"), ADDITION_SERVERS)
def test_an_addition_server(fault: str, case: str, sentence: str) -> None:
    with server("addition_server.py", fault) as port:
        reasons = failed(check_server(port, "addition", case))
    assert any(reason.startswith(sentence) for reason in reasons), reasons


@pytest.mark.parametrize(("fault", "case", "sentence"), CHAT_SERVERS)
def test_a_chat_server(fault: str, case: str, sentence: str) -> None:
    with server("chat_server.py", fault) as port:
        reasons = failed(check_server(port, "chat", case))
    assert any(reason.startswith(sentence) for reason in reasons), reasons


@pytest.mark.parametrize(("fault", "case", "sentence"), ADDITION_CLIENTS)
def test_an_addition_client(fault: str, case: str, sentence: str) -> None:
    reasons = failed(check_client(fault, case))
    assert reasons[0].startswith(sentence), reasons


@pytest.mark.parametrize(("program", "protocol"), [("addition_server.py", "addition"), ("chat_server.py", "chat")])
def test_without_a_fault_a_server_stands_them_all(program: str, protocol: str) -> None:
    with server(program, "none") as port:
        assert failed(check_server(port, protocol, "")) == []


def test_without_a_fault_a_client_stands_them_all() -> None:
    assert failed(check_client("none", "")) == []
