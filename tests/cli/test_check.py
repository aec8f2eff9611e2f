"""`check` goes through all cases against a program that runs already, and names what is wrong."""

from __future__ import annotations

import functools
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

from conformance.formatting import LANGUAGES, Catalogue, Language, catalogue
from conformance.model import load_registry
from conformance.model.cases import load_cases
from tests.cli.running import Command, Ended, ended, free_port, run, run_here

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120
COURSE_PORT = 8999
WORDS = catalogue("en")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]


def check(*words: str) -> Ended:
    return run_here("check", *words)


def counts(line: str) -> list[int]:
    """The numbers of a summary: those that passed, of them the non-strict if there are any, those that failed."""
    return [int(number) for number in re.findall(r"(?<![,.\d])\d+(?![,.\d])", line)]


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


def test_a_right_server_passes_every_case(server: str) -> None:
    done = check("server", f"127.0.0.1:{server}", "--protocol", "addition")
    assert done.status == 0, done.lines
    passed, failed = counts(done.lines[-1])
    assert passed >= 150
    assert failed == 0


def test_a_wrong_server_is_told_what_is_wrong_and_where(wrong_server: str) -> None:
    words = ("server", f"127.0.0.1:{wrong_server}", "--protocol", "addition", "--only", "one-sum")
    told, summary = check(*words, "--json").told
    assert (told["case"], told["verdict"], told["code"]) == ("one-sum", "failed", "unexpected-bytes")
    assert told["where"] == {"connection": 1, "side": "server", "offset": 0, "type": "int"}
    assert (told["values"]["raw"], told["values"]["right"]) == ({"hex": "b6000000"}, {"hex": "000000b6"})
    assert told["diagnosis"][0]["key"] == "little-endian-int"
    assert summary == {"event": "summary", "passed": 0, "non_strict": 0, "failed": 1}
    done = check(*words)
    assert done.status == 1
    assert told["sentence"] in done.lines[1]


def test_a_server_that_is_not_there() -> None:
    told, _ = check("server", f"127.0.0.1:{free_port()}", "--protocol", "addition", "--only", "one-sum", "--json").told
    assert (told["code"], told["where"], told["diagnosis"]) == ("no-connection", {"side": "server"}, [])


def test_all_that_is_said_of_a_wrong_server_is_french_where_french_is_asked_for(wrong_server: str) -> None:
    """No text of the English catalogue that the French one has otherwise; and each case's own sentence in French."""
    words = ("check", "server", f"127.0.0.1:{wrong_server}", "--protocol", "addition", "--timeout", "0.5", "--only")
    environment = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "fr_FR.UTF-8"}
    english, french = catalogue("en"), catalogue("fr")
    cases = {case.name: case for case in load_cases(load_registry().cases)["addition", "server"].cases}
    names = set()
    for only in ("address", "stalled"):
        done = run(*words, only, **environment)
        assert (done.process.returncode, done.errors()) == (1, "")
        for line in done.lines:
            assert not any(phrase in line for phrase in phrases(english, french)), line
            if line.startswith(french.text("cli.check.failed")):
                name, _, about = line.removeprefix(french.text("cli.check.failed")).strip().partition(" : ")
                assert about == cases[name].about.in_language("fr")
                names.add(name)
    assert len(names) >= 20


@functools.cache
def phrases(words: Catalogue, others: Catalogue) -> list[str]:
    """What stands between the places of texts that the other language has otherwise: pieces of three words or more."""
    kinds = ("cli.check.", "problem.", "due.", "ended.", "how.", "side.", "finding.", "detail.")
    mine, theirs = words.templates(""), others.templates("")
    found = []
    for name, text in mine.items():
        if name.startswith(kinds):
            other = str(theirs[name])
            for form in text if isinstance(text, list) else [text]:
                pieces = re.split(r"\{[^}]*\}|\n", form)
                found += [piece for piece in pieces if len(piece.split()) >= 3 and piece not in other]
    assert len(found) > 50
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("side", ["server", "client"])
def test_help_is_in_the_language_that_is_asked_for(side: str, language: Language) -> None:
    done = run_here("check", side, "--help", lang=language)
    assert done.status == 0
    assert catalogue(language).text("cli.check.json") in "\n".join(done.lines)


def said(name: str, *values: str) -> str:
    """The English text of that id up to its first place, or with its places filled in by their order."""
    text = str(WORDS.templates("")[f"cli.check.{name}"])
    for value in values:
        text = re.sub(r"\{[^}]*\}", value, text, count=1)
    return text.partition("{")[0]


def port_of(start: str) -> str:
    """The port that the prompt to start a client names: its last number."""
    return str(re.findall(r"\d+", start)[-1])


def head(verdict: str) -> str:
    """How the line of a case begins."""
    return f"{said(verdict):6}  "


def test_a_client_is_judged_case_by_case() -> None:
    words = command(
        *("conformance", "check", "client", "--port", "127.0.0.1:0", "--protocol", "addition", "--only", "split"),
        *("--lang", "en"),
    )
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8") as judge:
        give_up = threading.Timer(LIMIT, judge.kill)
        give_up.start()
        assert judge.stdout is not None
        lines: list[str] = []
        for line in judge.stdout:
            lines.append(line)
            if re.match(r"\d of 3, ", line):
                client = command("pyclient", "simple", "--port", port_of(line))
                subprocess.run(client, cwd=ROOT, capture_output=True, timeout=LIMIT, check=True)
        give_up.cancel()
    assert judge.returncode == 0, "".join(lines)
    assert counts(lines[-1]) == [3, 0]


def test_a_client_of_many_connections_is_judged_by_all_of_them() -> None:
    words = ("client", "--port", "127.0.0.1:0", "--protocol", "addition", "--only", "answered", "--json")
    for connections, code in (((), None), (("12",), None), (("13",), "too-few-connections")):
        options = [f"--connections={number}" for number in connections]
        with ended(Command("check", *words, *options, "--timeout", "1" if code else "20")) as judge:
            port = str(judge.event(event="start")["port"])
            many = command("pyclient", "multithreaded", "--port", port, "--clients", "12")
            subprocess.run(many, cwd=ROOT, capture_output=True, timeout=LIMIT, check=True)
            told = judge.event(case="answered")
            assert told["code"] == code
            assert told["values"] == (code and {"expected": 13, "came": 12})
            assert judge.end() == (1 if code else 0)


def chat(*words: str) -> list[str]:
    return ["check", "client", "--port", "127.0.0.1:0", "--protocol", "chat", "--lang", "en", *words]


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
        start = judge.line("1 of 1, echo")
        assert '"alice"' in start
        assert judge.line(said("hides")).endswith("--> alice : .*")
        with chat_client("alice", port_of(start)) as client:
            assert client.stdin is not None
            judge.line(said("type"))
            assert judge.line("bonjour").strip() == "bonjour"
            client.stdin.write(b"bonjour\n")
            client.stdin.flush()
            judge.line(said("shows"))
            assert judge.line("bob").strip() == "--> bob : salut"
            judge.line(said("input"))
            client.stdin.close()
            judge.line(f"{head('passed')}echo")
        assert judge.end() == 0


def test_what_is_typed_wrong_is_told() -> None:
    with ended(Command(*chat("--only", "echo", "--timeout", "5", "--json"))) as judge:
        with chat_client("alice", str(judge.event(event="start")["port"])) as client:
            assert client.stdin is not None
            judge.event(event="type")
            client.stdin.write(b"bonsoir\n")
            client.stdin.flush()
            told = judge.event(case="echo")
        assert told["code"] == "unexpected-bytes"
        # Behind an address of any length, and the author: 00 05 alice.
        assert told["values"]["differs"] == told["where"]["offset"] + 5
        assert (told["values"]["expected"], told["where"]["side"]) == ("bonjour", "client")
        assert judge.end() == 1


def test_what_nobody_can_type_by_hand_is_left_out_and_counted() -> None:
    with ended(Command(*chat("--only", "longest"))) as judge:
        with chat_client("alice", port_of(judge.line("1 of 1, longest-heard"))) as client:
            assert client.stdin is not None
            judge.line("65,545")
            judge.line(said("input"))
            client.stdin.close()
            judge.line(f"{head('passed')}longest-heard")
        assert judge.end() == 0
        assert counts(judge.lines[-1]) == [5]


def test_a_program_may_type_in_the_place_of_a_person() -> None:
    with ended(Command(*chat("--only", "long", "--json", "--timeout", "20"))) as judge:
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
        assert json.loads(judge.lines[-1]) == {"event": "summary", "passed": 12, "non_strict": 0, "failed": 0}


def test_the_timeout_is_a_number_of_seconds() -> None:
    for wrong in ("0", "-1", "soon", "nan", "1e9"):
        done = check("server", "127.0.0.1:1", "--protocol", "addition", f"--timeout={wrong}")
        assert done.status == 2
        assert WORDS.text("cli.usage.seconds", {"limit": 3600, "text": wrong}) in done.errors


def test_the_course_s_own_servers_are_non_strict_and_not_wrong(course_server: str) -> None:
    words = ("server", "127.0.0.1", "--protocol", "addition", "--only", "no-request")
    done = check(*words)
    assert done.status == 0, done.lines
    note = "it leaves the connection open, for the garbage collector to close"
    assert done.lines[0] == f"{head('non-strict')}no-request: {note}"
    assert counts(done.lines[1]) == [1, 1, 0]
    told, summary = check(*words, "--json").told
    accepted = told["non_strict"]
    assert (told["verdict"], told["code"], accepted["code"], accepted["note"]) == ("passed", None, "left-open", note)
    assert accepted["where"] == {"connection": 1, "side": "server", "offset": 0}
    assert summary == {"event": "summary", "passed": 1, "non_strict": 1, "failed": 0}


def test_the_course_s_own_servers_pass_every_case(course_server: str) -> None:
    done = check("server", "127.0.0.1", "--protocol", "addition")
    assert done.status == 0, done.lines
    passed, non_strict, failed = counts(done.lines[-1])
    assert passed in (153, 154)
    assert (non_strict, failed) == (36, 0)


def test_a_protocol_without_cases_says_so(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("{protocol: own, about: nothing yet, port: 9000, session: []}", encoding="utf-8")
    done = check("server", "127.0.0.1:1", "--protocol", str(own))
    assert done.status == 2
    assert WORDS.text("cli.check.usage.no-cases.server", {"protocol": "own"}) in done.errors
