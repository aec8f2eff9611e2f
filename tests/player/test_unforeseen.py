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
TIMEOUT = "2"

# The fault, a case that it does not pass, the code of the problem, and facts of it.
ADDITION_SERVERS = [
    ("adds in 16 bits", "sum/of-2147483647+1", "unexpected-bytes", {"expected": -2147483648, "offset": 0}),
    ("adds as float", "sum", "unexpected-bytes", {"expected": 2147483647, "raw": "80000000"}),
    ("remembers the answer to a first number", "sum", "unexpected-bytes", {"expected": -2, "raw": "80000000"}),
    ("sees no signs", "one-segment", "unexpected-bytes", {"expected": -2, "raw": "00000008", "offset": 8}),
    ("takes what one read brings for a request", "byte-by-byte", "", {"side": "server"}),
    # Whose first number is kept for all, and so which of the two gets a wrong sum, hangs on the threads of the server.
    ("has one memory for all clients", "stalled-beside", "unexpected-bytes", {"side": "server", "offset": 0}),
    ("reads a signed length", "longest-address", "unexpected-bytes", {"expected": 182, "raw": "c2c2c2c2"}),
    ("reads at most one kilobyte of address", "longest-address", "unexpected-bytes", {"raw": "c2c2c2c2"}),
    ("reads standard UTF-8", "odd-address", "ended-instead", {"expected": 182, "offset": 0}),
    ("has no patience", "says-nothing-first", "ended-instead", {"due": "silence", "ended": "end"}),
    ("takes two zeros for the end", "sum/of-0+0", "ended-instead", {"expected": 0, "ended": "end"}),
    ("closes after a hundred clients", "", "server-ended", {"side": "server", "ended": "end"}),
]
CHAT_SERVERS = [
    ("strips the text", "text/text-2", "unexpected-bytes", {"expected": " ", "raw": "0000", "offset": 7, "differs": 8}),
    ("keeps a thousand characters", "longest", "unexpected-bytes", {"offset": 65537, "differs": 65537}),
    ("puts a question mark for a surrogate", "surrogates", "unexpected-bytes", {"due": "bytes", "raw": "00013f"}),
    ("takes a repetition for a mistake", "twice", "nothing-came", {"expected": "alice", "offset": 12}),
    ("leaves out the poster", "echo", "nothing-came", {"expected": "alice", "offset": 0}),
    ("tells the fourth every two messages the wrong way round", "one-order-at-full-speed", "order-differs", {}),
    ("waits for who does not read", "never-reads", "nothing-came", {"expected": "alice"}),
    ("keeps all for who does not read", "never-reads", "must-end", {"connection": 2}),
    ("fails with who has gone", "leaver", "ended-instead", {}),
    ("tells who joins what was said", "late", "", {"connection": 2}),
]
ADDITION_CLIENTS = [
    ("takes what one read brings for an answer", "split/byte-1", "", {"side": "client"}),
    ("asks again when it waits", "slow/ms-300", "spoke-when-silent", {}),
    ("introduces itself by its name", "introduces-itself", "no-address", {"field": "address", "offset": 0}),
    ("introduces itself by nothing", "introduces-itself", "no-address", {"value": "", "raw": "0000"}),
    ("asks everything first", "slow/ms-50", "spoke-when-silent", {}),
    ("says goodbye", "answered", "ended-instead", {"ended": "end", "raw": "0a", "field": "first", "type": "int"}),
    ("stays", "answered", "must-end", {"timeout": 2}),
    ("hangs up", "answered", "ended-otherwise", {"ended": "reset", "how": "end"}),
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
    words = ("server", f"127.0.0.1:{port}", "--protocol", protocol, "--only", only, "--timeout", TIMEOUT, "--json")
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
    words = ("--port", "127.0.0.1:0", "--protocol", "addition", "--only", only, "--timeout", TIMEOUT, "--json")
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


def failed(told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The problems, their place and facts in one, each with its code."""
    assert told[-1]["event"] == "summary"
    return [
        {"code": entry["code"], **entry["where"]}
        | {name: value["hex"] if isinstance(value, dict) else value for name, value in entry["values"].items()}
        for entry in told
        if entry.get("verdict") == "failed"
    ]


def is_as_told(problem: dict[str, Any], code: str, facts: dict[str, object]) -> bool:
    return code in ("", problem["code"]) and facts.items() <= {k: v for k, v in problem.items() if k in facts}.items()


@pytest.mark.parametrize(("fault", "case", "code", "facts"), ADDITION_SERVERS)
def test_an_addition_server(fault: str, case: str, code: str, facts: dict[str, object]) -> None:
    with server("addition_server.py", fault) as port:
        problems = failed(check_server(port, "addition", case))
    assert any(is_as_told(problem, code, facts) for problem in problems), problems


@pytest.mark.parametrize(("fault", "case", "code", "facts"), CHAT_SERVERS)
def test_a_chat_server(fault: str, case: str, code: str, facts: dict[str, object]) -> None:
    with server("chat_server.py", fault) as port:
        problems = failed(check_server(port, "chat", case))
    assert any(is_as_told(problem, code, facts) for problem in problems), problems


@pytest.mark.parametrize(("fault", "case", "code", "facts"), ADDITION_CLIENTS)
def test_an_addition_client(fault: str, case: str, code: str, facts: dict[str, object]) -> None:
    problems = failed(check_client(fault, case))
    assert is_as_told(problems[0], code, facts), problems


@pytest.mark.parametrize(("program", "protocol"), [("addition_server.py", "addition"), ("chat_server.py", "chat")])
def test_without_a_fault_a_server_passes_them_all(program: str, protocol: str) -> None:
    with server(program, "none") as port:
        assert failed(check_server(port, protocol, "")) == []


def test_without_a_fault_a_client_passes_them_all() -> None:
    assert failed(check_client("none", "")) == []
