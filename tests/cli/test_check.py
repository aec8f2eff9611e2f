"""`check` goes through all cases against a program that runs already, and names what is wrong."""

from __future__ import annotations

import functools
import json
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from conformance.formatting import LANGUAGES, Catalogue, Language, catalogue
from conformance.model import load_registry
from conformance.model.cases import load_cases
from javaio import DataInputStream, DataOutputStream
from tests.cli.running import Command, Ended, Server, adds, adds_little_endian, ended, free_port, run, run_here

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
    assert (told["sent"], told["came"]) == ("address '127.0.0.1', first 84, second 98", "sum -1241513984")
    causes = summary.pop("causes")
    assert [(cause["diagnosis"]["key"], cause["cases"]) for cause in causes] == [("little-endian-int", ["one-sum"])]
    assert summary == {"event": "summary", "passed": 0, "non_strict": 0, "failed": 1}
    done = check(*words)
    assert done.status == 1
    assert any(told["sentence"] in line for line in done.lines)
    assert said("causes.0") in done.lines
    assert any("sum -1241513984" in line for line in done.lines)


def test_a_server_that_is_not_there() -> None:
    words = ("server", f"127.0.0.1:{free_port()}", "--protocol", "addition")
    told, summary = check(*words, "--json").told
    assert (told["code"], told["where"], told["diagnosis"]) == ("no-connection", {"side": "server"}, [])
    assert (summary["stopped"], summary["failed"]) == ("absent", 1)
    done = check(*words)
    assert (done.status, len(done.lines)) == (1, 1)
    assert told["sentence"] in done.lines[0]


def against(serve: Callable[[socket.socket], None], *words: str, one_at_a_time: bool = False) -> list[dict[str, Any]]:
    """What `check` says, in JSON, of a server that serves so; the summary is the last."""
    with Server(serve, one_at_a_time=one_at_a_time) as server:
        return list(check("server", f"127.0.0.1:{server.port}", *words, "--json").told)


def codes(told: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The code of each case that did not pass."""
    return {entry["case"]: entry["code"] for entry in told if entry.get("code")}


FRAGILE = """
import socket, struct
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("port", listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as source:
            source.read(struct.unpack(">H", source.read(2))[0]).decode()
            while len(data := source.read(8)) == 8:
                connection.sendall(struct.pack(">I", sum(struct.unpack(">II", data)) % 2**32))
"""


def test_a_server_that_a_client_ends_is_told_of_once_and_everything_else_was_tried_before() -> None:
    for port in started([sys.executable, "-c", FRAGILE]):
        *told, summary = check("server", f"127.0.0.1:{port}", "--protocol", "addition", "--json").told
    (case, code), *others = codes(told).items()
    assert (code, others, summary["stopped"], told[-1]["case"]) == ("server-ended", [], "ended", case)
    assert told[-1]["values"]["case"] == case
    assert {entry["case"] for entry in told} >= {"one-sum", "byte-by-byte", "pauses-in-turn", "sum/of-0+0"}
    assert len(told) + summary["not_run"] > 150


def test_no_client_comes_and_says_nothing_before_the_others_came() -> None:
    came: list[bytes] = []

    def notes(connection: socket.socket) -> None:
        came.append(connection.recv(100, socket.MSG_PEEK))
        with suppress(ValueError):
            adds(connection)

    against(notes, "--protocol", "addition", "--all")
    assert came.index(b"") > 120


def test_a_silent_server_costs_two_waits() -> None:
    def says_nothing(connection: socket.socket) -> None:
        while connection.recv(1000):
            pass

    *told, summary = against(says_nothing, "--protocol", "addition", "--timeout", "1")
    assert summary["stopped"] == "first"
    waits = [entry["values"]["timeout"] for entry in told if "timeout" in (entry["values"] or {})]
    assert waits[0] == 1
    assert all(wait < 0.5 for wait in waits[2:])
    assert 2 < len(told) < 10


def test_the_first_cases_stop_at_a_mistake_and_all_goes_on() -> None:
    *told, summary = against(adds_little_endian, "--protocol", "addition")
    assert summary["stopped"] == "first"
    assert len(told) < 20
    assert summary["causes"][0]["diagnosis"]["key"] == "little-endian-int"
    *everything, whole = against(adds_little_endian, "--protocol", "addition", "--all", "--timeout", "0.5")
    assert len(everything) > 150
    assert "stopped" not in whole
    assert [cause["diagnosis"]["key"] for cause in whole["causes"] if len(cause["cases"]) > 5] == ["little-endian-int"]


def one_recv_for_a_message(connection: socket.socket) -> None:
    connection.recv(1024)
    with suppress(struct.error):
        while data := connection.recv(1024):
            connection.sendall(struct.pack(">I", sum(struct.unpack(">II", data)) % 2**32))


def loses_what_came_before_a_pause(connection: socket.socket) -> None:
    """A timeout of 100 ms, after which an int is read from its beginning again."""
    with connection.makefile("rwb", buffering=0) as stream:
        DataInputStream(stream).read_utf()
    connection.settimeout(0.1)

    def number() -> int:
        while True:
            data = b""
            with suppress(TimeoutError):
                while len(data) < 4:
                    data += connection.recv(4 - len(data)) or end()
                return int.from_bytes(data, "big")

    def end() -> bytes:
        raise EOFError

    while True:
        connection.sendall(struct.pack(">I", (number() + number()) % 2**32))


def leaves_who_is_silent(connection: socket.socket) -> None:
    """A timeout of half a second, anywhere."""
    connection.settimeout(0.5)
    with suppress(TimeoutError):
        adds(connection)


@pytest.mark.parametrize(
    ("serve", "key"),
    [
        (one_recv_for_a_message, "one-recv-one-message"),
        (loses_what_came_before_a_pause, "timeout-inside-value"),
        (leaves_who_is_silent, "idle-timeout"),
    ],
)
def test_the_pattern_of_what_passes_names_the_mistake_of_who_reads(
    serve: Callable[[socket.socket], None], key: str
) -> None:
    *_, summary = against(serve, "--protocol", "addition", "--timeout", "1")
    assert [cause["diagnosis"] and cause["diagnosis"]["key"] for cause in summary["causes"]] == [key]


def test_what_the_harness_sent_wrong_is_not_diagnosed_as_the_server_s() -> None:
    """A chat server that looks at no text passes on what it cannot read."""
    room: list[socket.socket] = []

    def text(connection: socket.socket) -> bytes:
        size = connection.recv(2, socket.MSG_WAITALL)
        data = connection.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
        if len(size) < 2 or len(data) < int.from_bytes(size, "big"):
            raise EOFError
        return size + data

    def passes_on(connection: socket.socket) -> None:
        text(connection)
        room.append(connection)
        try:
            while True:
                message = text(connection) + text(connection)
                for each in list(room):
                    with suppress(OSError):
                        each.sendall(message)
        finally:
            room.remove(connection)

    *told, summary = against(passes_on, "--protocol", "chat", "--only", "malformed")
    assert set(codes(told)) == {entry["case"] for entry in told if entry["case"].startswith("malformed-text")}
    assert summary["non_strict"] == len(told) - summary["failed"] > 10
    assert [entry["diagnosis"] for entry in told if entry["diagnosis"]] == []


def client_says(*words: str, data: bytes, answers: int = 0) -> list[dict[str, Any]]:
    """What `check` says of a client that sends this, reads so many bytes, and leaves; if it says nothing, it stays."""
    with ended(
        Command("check", "client", "--port", "127.0.0.1:0", "--protocol", "addition", "--json", *words)
    ) as judge:
        address = ("127.0.0.1", int(judge.event(event="start")["port"]))
        with socket.create_connection(address) as connection:
            connection.sendall(data)
            connection.settimeout(LIMIT)
            with suppress(OSError):
                if data:
                    connection.recv(answers, socket.MSG_WAITALL)
                    connection.shutdown(socket.SHUT_WR)
                while connection.recv(100):
                    pass
        judge.line('"summary"')
        return [{**json.loads(judge.lines[-2]), "status": judge.end()}, json.loads(judge.lines[-1])]


def test_a_client_that_says_nothing_is_inconclusive() -> None:
    told, summary = client_says("--only", "answered", "--timeout", "1", data=b"")
    assert (told["verdict"], told["code"], told["status"]) == ("inconclusive", "nothing-said", 1)
    assert (summary["passed"], summary["failed"], summary["inconclusive"]) == (0, 0, 1)


def test_a_client_that_asks_nothing_is_inconclusive() -> None:
    told, _ = client_says("--only", "answered", "--timeout", "1", data=b"\0\x09127.0.0.1")
    assert (told["verdict"], told["code"], told["status"]) == ("inconclusive", "nothing-said", 1)


@pytest.mark.parametrize(("words", "status"), [((), 1), (("--allow-suspicious",), 0)])
def test_a_client_that_is_wrong_both_ways_is_suspicious(words: Sequence[str], status: int) -> None:
    data = b"\0\x09127.0.0.1" + struct.pack("<4i", 20, 22, 84, 98)
    told, summary = client_says("--only", "answered", *words, data=data, answers=8)
    assert (told["verdict"], told["code"], told["status"]) == ("suspicious", "suspicious-values", status)
    assert told["diagnosis"][0]["key"] == "little-endian-int"
    assert summary["suspicious"] == 1


def test_all_that_is_said_of_a_wrong_server_is_french_where_french_is_asked_for(wrong_server: str) -> None:
    """No text of the English catalogue that the French one has otherwise; and each case's own sentence in French."""
    words = ("check", "server", f"127.0.0.1:{wrong_server}", "--protocol", "addition", "--timeout", "0.5", "--only")
    environment = {"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "fr_FR.UTF-8"}
    english, french = catalogue("en"), catalogue("fr")
    cases = {case.name: case for case in load_cases(load_registry().cases)["addition", "server"].cases}
    names = set()
    for only in ("address", "stalled", "sum"):
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
    key, _, form = name.partition(".")
    forms: Any = WORDS.templates("")[f"cli.check.{key}"]
    text = str(forms[int(form)] if form else forms)
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
    assert (told["verdict"], told["code"]) == ("non-strict", None)
    assert (accepted["code"], accepted["note"]) == ("left-open", note)
    assert accepted["where"] == {"connection": 1, "side": "server", "offset": 0}
    assert summary == {"event": "summary", "passed": 1, "non_strict": 1, "failed": 0}


def test_the_course_s_own_servers_pass_every_case(course_server: str) -> None:
    done = check("server", "127.0.0.1", "--protocol", "addition")
    assert done.status == 0, done.lines
    passed, non_strict, failed = counts(done.lines[-1])
    assert passed in (155, 156)
    assert (non_strict, failed) == (36, 0)


def test_a_protocol_without_cases_says_so(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("{protocol: own, about: nothing yet, port: 9000, session: []}", encoding="utf-8")
    done = check("server", "127.0.0.1:1", "--protocol", str(own))
    assert done.status == 2
    assert WORDS.text("cli.check.usage.no-cases.server", {"protocol": "own"}) in done.errors


def test_what_becomes_of_a_message_that_goes_to_all_is_told() -> None:
    def strips(connection: socket.socket) -> None:
        with connection.makefile("rwb", buffering=0) as stream:
            inp, out = DataInputStream(stream), DataOutputStream(stream)
            inp.read_utf()
            while True:
                author, text = inp.read_utf(), inp.read_utf().strip()
                out.write_utf(author)
                out.write_utf(text)

    *told, summary = against(strips, "--protocol", "chat", "--only", "text/text-2")
    assert [(entry["code"], entry["broadcast"]["code"]) for entry in told] == [("unexpected-bytes", "message-unknown")]
    assert told[0]["broadcast"]["values"]["change"] == "stripped"
    assert len(summary["causes"]) == 1
