"""`check` goes through all cases against a program that runs already, and names what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


def check(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("conformance", "check", *words),
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )


def listening(process: subprocess.Popen[str]) -> str:
    """The port that the process says it listens on."""
    assert process.stdout is not None
    port = process.stdout.readline().rpartition(" ")[2].strip()
    # What it prints later must not fill its pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return port


def started(words: Sequence[str]) -> Iterator[str]:
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            yield listening(process)
        finally:
            process.kill()


@pytest.fixture(params=["simple", "multithreaded", "async"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from started(command("pyserver", request.param, "--port", "0"))


@pytest.fixture
def wrong_server() -> Iterator[str]:
    script = (
        "import socket, struct, javaio\n"
        "s = socket.create_server(('127.0.0.1', 0)); print('port', s.getsockname()[1], flush=True)\n"
        "while True:\n"
        "    c, _ = s.accept()\n"
        "    with c, c.makefile('rwb', buffering=0) as f:\n"
        "        i = javaio.DataInputStream(f)\n"
        "        try:\n"
        "            i.read_utf()\n"
        "            while True: f.write(struct.pack('<i', i.read_int() + i.read_int()))\n"
        "        except (EOFError, OSError, ValueError, struct.error): pass\n"
    )
    yield from started([sys.executable, "-c", script])


def test_a_right_server_stands_every_case(server: str) -> None:
    done = check("server", f"127.0.0.1:{server}", "--protocol", "addition")
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    count = int(done.stdout.splitlines()[-1].split(" ok,")[0])
    assert count >= 150


def test_a_wrong_server_is_told_its_mistake(wrong_server: str) -> None:
    done = check("server", f"127.0.0.1:{wrong_server}", "--protocol", "addition", "--only", "one-sum")
    assert done.returncode == 1
    assert "the server sent B6 00 00 00 where int 182 (00 00 00 B6) must come" in done.stdout
    assert "little-endian" in done.stdout


def test_machines_get_a_line_of_json_for_each_case(wrong_server: str) -> None:
    done = check("server", f"127.0.0.1:{wrong_server}", "--protocol", "addition", "--only", "no-request", "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry.get("verdict") for entry in told] == ["failed", None]
    assert told[-1] == {"event": "summary", "passed": 0, "failed": 1}


def test_a_client_is_judged_case_by_case() -> None:
    words = command(
        "conformance", "check", "client", "--port", "127.0.0.1:0", "--protocol", "addition", "--only", "split"
    )
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8") as judge:
        give_up = threading.Timer(LIMIT, judge.kill)
        give_up.start()
        assert judge.stdout is not None
        lines: list[str] = []
        for line in judge.stdout:
            lines.append(line)
            if "Start your client now" in line:
                port = line.rpartition("port ")[2].strip(" .\n")
                client = command("pyclient", "simple", "--port", port)
                subprocess.run(client, cwd=ROOT, capture_output=True, timeout=LIMIT, check=True)
        give_up.cancel()
    assert judge.returncode == 0, "".join(lines)
    assert lines[-1].startswith("3 ok, 0 failed")


def test_a_protocol_without_cases_says_so(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("{protocol: own, about: nothing yet, port: 9000, session: []}", encoding="utf-8")
    done = check("server", "127.0.0.1:1", "--protocol", str(own))
    assert done.returncode == 2
    assert "there are no cases against a server of 'own'" in done.stderr
