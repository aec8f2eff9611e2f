"""`check` goes through all cases against a program that runs already, and names what is wrong."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import Command, ended

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120
COURSE_PORT = 8999


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


@pytest.fixture(scope="module", params=["SimpleServer", "MultithreadedServer"])
def course_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An unmodified server of the course, which insists on its port."""
    if shutil.which("javac") is None or shutil.which("java") is None:
        pytest.skip("no JDK on the PATH: the course's servers cannot be tried")
    try:
        socket.create_server(("", COURSE_PORT)).close()
    except OSError as error:
        pytest.skip(f"port {COURSE_PORT} of this machine is taken ({error.strerror}): docker compose, perhaps?")
    originals, classes = ROOT / "tests" / "conformance" / "originals", tmp_path_factory.mktemp("classes")
    (source,) = originals.rglob(f"{request.param}.java")
    sources = sorted(map(str, source.parent.glob("*.java")))
    subprocess.run(["javac", "-encoding", "UTF-8", "-d", str(classes), *sources], check=True)
    name = "fr.cours.sockets.MultithreadedServer" if request.param == "MultithreadedServer" else request.param
    # No collection while the tests run: what the course leaves to the garbage collector stays open.
    yield from started(["java", "-Dfile.encoding=UTF-8", "-XX:+UseSerialGC", "-Xmn256m", "-cp", str(classes), name])


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
    assert told[-1] == {"event": "summary", "passed": 0, "noted": 0, "failed": 1}


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


def test_a_client_of_many_connections_is_judged_by_all_of_them() -> None:
    words = ("client", "--port", "127.0.0.1:0", "--protocol", "addition", "--only", "answered")
    for said, verdict in (
        ((), "ok      answered (12 connections)"),
        (("--connections", "12"), "ok      answered (12 connections)"),
        (("--connections", "13", "--patience", "1"), "        13 connections were to come, and 12 came"),
    ):
        with ended(Command("check", *words, *said)) as judge:
            port = judge.line("Start your client now").rpartition("port ")[2].strip(".")
            many = command("pyclient", "multithreaded", "--port", port, "--clients", "12")
            subprocess.run(many, cwd=ROOT, capture_output=True, timeout=LIMIT, check=True)
            judge.line(verdict)
            assert judge.end() == (0 if "ok" in verdict else 1)


def chat(*words: str) -> list[str]:
    return ["check", "client", "--port", "127.0.0.1:0", "--protocol", "chat", *words]


@contextmanager
def chat_client(author: str, port: str) -> Iterator[subprocess.Popen[bytes]]:
    words = command("pyclient", "chat", author, "--port", port)
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as client:
        try:
            yield client
        finally:
            client.kill()


def test_a_person_is_told_what_to_type_to_a_chat_client() -> None:
    with ended(Command(*chat("--only", "echo"))) as judge:
        start = judge.line("Start your client now")
        assert start.startswith("1 of 1, echo: one's own message comes back, and is not shown. Start your client now, ")
        assert 'with author "alice" and port ' in start
        assert judge.line("never show").strip() == "It must never show a line such as: --> alice : .*"
        with chat_client("alice", start.rpartition("port ")[2].strip(".")) as client:
            assert client.stdin is not None
            judge.line("Type into your client, and Enter behind each line:")
            assert judge.line("bonjour").strip() == "bonjour"
            client.stdin.write(b"bonjour\n")
            client.stdin.flush()
            judge.line("It must show now:")
            assert judge.line("bob").strip() == "--> bob : salut"
            judge.line("End its input: Ctrl-D")
            client.stdin.close()
            judge.line("ok      echo")
        assert judge.end() == 0


def test_what_is_typed_wrong_is_told() -> None:
    with ended(Command(*chat("--only", "echo", "--patience", "5"))) as judge:
        port = judge.line("Start your client now").rpartition("port ")[2].strip(".")
        with chat_client("alice", port) as client:
            assert client.stdin is not None
            judge.line("bonjour")
            client.stdin.write(b"bonsoir\n")
            client.stdin.flush()
            judge.line("FAILED  echo")
            judge.line("where UTF 'bonjour' (00 07 62 6F 6E 6A 6F 75 72) must come")
        assert judge.end() == 1


def test_what_nobody_can_type_by_hand_is_left_out_and_counted() -> None:
    with ended(Command(*chat("--only", "longest"))) as judge:
        start = judge.line("Start your client now")
        assert start.startswith("1 of 1, longest-heard")
        with chat_client("alice", start.rpartition("port ")[2].strip(".")) as client:
            assert client.stdin is not None
            judge.line("(65,545 characters)")
            judge.line("End its input")
            client.stdin.close()
            judge.line("ok      longest-heard")
        assert judge.end() == 0
        assert judge.lines[-1] == "5 cases were left out: nobody can type by hand what they take"


def test_a_program_may_type_in_the_place_of_a_person() -> None:
    with ended(Command(*chat("--only", "long", "--json", "--patience", "20"))) as judge:
        verdicts: list[dict[str, object]] = []
        while len(verdicts) < 12:
            start = judge.event(event="start")
            with chat_client(start["author"], str(start["port"])) as client:
                assert client.stdin is not None
                while True:
                    told = json.loads(judge.line("{"))
                    if told.get("event") == "type":
                        client.stdin.write("".join(f"{line}\n" for line in told["lines"]).encode())
                        client.stdin.flush()
                    elif told.get("event") == "end of input":
                        client.stdin.close()
                    elif "verdict" in told:
                        verdicts.append(told)
                        break
        assert {told["verdict"] for told in verdicts} == {"passed"}
        assert judge.end() == 0
        assert json.loads(judge.lines[-1]) == {"event": "summary", "passed": 12, "noted": 0, "failed": 0}


def test_patience_is_a_number_of_seconds() -> None:
    for wrong in ("0", "-1", "soon", "nan", "1e9"):
        done = check("server", "127.0.0.1:1", "--protocol", "addition", f"--patience={wrong}")
        assert done.returncode == 2
        assert f"to be patient takes a number of seconds up to 3600, not '{wrong}'" in done.stderr


def test_the_course_s_own_servers_are_rough_and_not_wrong(course_server: str) -> None:
    done = check("server", "127.0.0.1", "--protocol", "addition", "--only", "no-request")
    assert done.returncode == 0, done.stdout
    note = "rough, as the course's Java is: it leaves the connection open, for the garbage collector to close"
    assert done.stdout.splitlines()[0] == f"rough   no-request: {note}"
    assert done.stdout.splitlines()[1].startswith("1 ok (1 of them rough, as the course's Java is), 0 failed")
    told = json.loads(
        check("server", "127.0.0.1", "--protocol", "addition", "--only", "no-request", "--json").stdout.splitlines()[0]
    )
    assert (told["verdict"], told["reason"], told["note"]) == ("passed", None, note)


def test_the_course_s_own_servers_stand_every_case(course_server: str) -> None:
    done = check("server", "127.0.0.1", "--protocol", "addition")
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    assert re.search(r"^15[34] ok \(36 of them rough, as the course's Java is\), 0 failed", done.stdout, re.MULTILINE)


def test_a_protocol_without_cases_says_so(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("{protocol: own, about: nothing yet, port: 9000, session: []}", encoding="utf-8")
    done = check("server", "127.0.0.1:1", "--protocol", str(own))
    assert done.returncode == 2
    assert "there are no cases against a server of 'own'" in done.stderr
