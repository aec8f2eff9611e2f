"""A protocol that nobody here has written, in every command: its file, and the cases that lie beside it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.problem import Problem
from conformance.formatting import catalogue
from conformance.observe.live_conversation import LiveConversation
from conformance.observe.live_events import FieldRead, ProblemFound
from tests.cli.recordings import conversation
from tests.cli.running import LONG, ROOT, Command, Tap, connect, ended, free_port, ints, received, run_here, utf
from tests.conformance.exercise import FOLDER, PROTOCOL, TRANSFER, answered, longs, transfer


@pytest.fixture
def server() -> Iterator[int]:
    """The port of the exercise's server in Python."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, str(FOLDER / "file_server.py"), str(port)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().decode() == f"### Écoute sur le port {port}\n"
        yield port
        process.kill()


# check ---------------------------------------------------------------------------------------------------------------


def test_check_finds_the_cases_beside_the_file(server: int) -> None:
    done = run_here("check", "server", f"127.0.0.1:{server}", "--protocol", PROTOCOL, "--only", "size", "--json")
    assert done.status == 0, done.lines
    assert {"size/size-100000", "negative-size/size--1"} <= {each.get("case") for each in done.told}
    assert (done.told[-1]["passed"], done.told[-1]["failed"]) == (20, 0)


def test_check_tells_a_wrong_server_its_mistake(server: int, tmp_path: Path) -> None:
    """Beside the same protocol with a checksum of eight bytes, the right server is wrong."""
    (tmp_path / "cases").mkdir()
    text = PROTOCOL.read_text(encoding="utf-8")
    assert "field: checksum, type: int, equals: int32(" in text
    (tmp_path / "mine.yaml").write_text(
        text.replace("field: checksum, type: int, equals: int32(", "field: checksum, type: long, equals: int64("),
        encoding="utf-8",
    )
    (tmp_path / "cases" / "server.yaml").write_text(
        "{protocol: file-transfer, against: server, cases: [{name: one, about: a file is answered, steps: ["
        "{send: [UTF: 127.0.0.1, UTF: a, long: 3, hex: 61 62 63]}, {receive: [long: 3, long: 891568578]}]}]}",
        encoding="utf-8",
    )
    words = ("--protocol", tmp_path / "mine.yaml", "--timeout", "1", "--json")
    done = run_here("check", "server", f"127.0.0.1:{server}", *words)
    assert done.status == 1
    failed = done.told[0]
    assert failed["code"] == "unexpected-bytes"
    assert failed["diagnosis"][0]["key"] == "number-of-another-size"


def test_check_judges_a_client(tmp_path: Path) -> None:
    words = ("client", "--port", "127.0.0.1:0", "--protocol", PROTOCOL, "--only", "split/byte-8")
    with ended(Command("check", *words)) as judge:
        port = judge.line("split/byte-8").rpartition("port ")[2].strip(".")
        file = tmp_path / "été 😀.bin"
        file.write_bytes(bytes(range(256)) * 500)
        client = [sys.executable, str(FOLDER / "file_client.py"), "127.0.0.1", port, str(file)]
        subprocess.run(client, cwd=ROOT, capture_output=True, timeout=LONG, check=True)
        assert judge.end() == 0


def test_a_mistake_in_a_case_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(PROTOCOL.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "cases").mkdir()
    cases = tmp_path / "cases" / "server.yaml"
    for text, sentence in (
        ("{protocol: file-transfer, against: server}", "cases: is missing"),
        ("{protocol: file-transfer, against: serveur, cases: []}", "against: must be 'server' or 'client'"),
        ("{protocol: file-transfer, against: server, cases: [], case: []}", "unknown key 'case'; did you mean 'cases'"),
        ("[]", "must be a mapping of keys to values, got []"),
    ):
        cases.write_text(text, encoding="utf-8")
        done = run_here("check", "server", "127.0.0.1:1", "--protocol", tmp_path / "mine.yaml")
        assert done.status == 2
        assert f"{cases}: {sentence}" in done.errors


# tap, decode, doctor -------------------------------------------------------------------------------------------------


def test_tap_and_decode_show_bytes(server: int, tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    tap = Tap(server, PROTOCOL, "--save", saved)
    with ended(tap):
        with connect(tap.port) as client:
            client.sendall(b"".join(data for side, data in transfer(b"abc") if side == CLIENT))
            assert received(client, 12) == longs(3) + ints(891568578)
            client.shutdown(socket.SHUT_WR)
        tap.line("long size = 3   00 00 00 00 00 00 00 03")
        assert "61 62 63" in tap.line("bytes content")
        tap.line("int checksum = 891568578")
        tap.line(catalogue("en").text("cli.live.end", {"who": catalogue("en").text("side.server")}))
        assert tap.interrupt() == 0
    shown = run_here("decode", saved)
    assert shown.status == 0
    assert "file-transfer" in shown.lines[0]
    assert any("bytes content" in line and "61 62 63" in line for line in shown.lines)


def test_doctor_does_no_harm(server: int) -> None:
    done = run_here("doctor", f"127.0.0.1:{server}", "--protocol", PROTOCOL, "--json")
    assert done.status == 0, done.lines
    told = {entry.get("step"): entry for entry in done.told}
    assert told["protocol"]["code"] == "takes"
    assert told["protocol"]["values"] == {"said": "address 127.0.0.1", "protocol": "file-transfer"}


# Read while it comes -------------------------------------------------------------------------------------------------


def live(*parts: tuple[Side, bytes], ends: bool = True) -> tuple[list[tuple[str, object]], list[Problem]]:
    reader = LiveConversation(TRANSFER, 1)
    things = [each for event in conversation(parts, ends=ends) for each in reader.add(event)]
    fields = [each.field for each in things if isinstance(each, FieldRead)]
    wrong = [each.problem for each in things if isinstance(each, ProblemFound)]
    wrong += [field.problem for field in fields if field.problem]
    return [(field.name, field.value) for field in fields], wrong


def test_a_transfer_that_comes_byte_by_byte() -> None:
    contents = [b"abc", b"", bytes(range(256))]
    whole, wrong = live(*transfer(*contents))
    assert wrong == []
    assert [value for name, value in whole if name == "content"] == contents
    pieces = [(side, data[at : at + 1]) for side, data in transfer(*contents) for at in range(len(data))]
    assert live(*pieces) == (whole, [])


OPENING = (CLIENT, utf("127.0.0.1") + utf("a"))


@pytest.mark.parametrize(
    ("parts", "ends", "code", "field", "values"),
    [
        ([(CLIENT, longs(-1) + b"abc")], False, "bad-size", "content", {"size": -1}),
        ([(CLIENT, longs(5) + b"abc")], True, "ends-inside", "content", {"needed": 5, "got": 3, "raw": b"abc"}),
        ([(CLIENT, longs(3) + b"abc"), (SERVER, longs(3) + ints(1))], True, "wrong-value", "checksum", None),
        ([answered(b""), (CLIENT, longs(0))], True, "before-question", "received", {"question": "content"}),
    ],
)
def test_what_is_wrong_with_bytes_is_told_as_they_come(
    parts: list[tuple[Side, bytes]], ends: bool, code: str, field: str, values: dict[str, object] | None
) -> None:
    _, wrong = live(OPENING, *parts, ends=ends)
    assert (wrong[0].code, wrong[0].where.field) == (code, field)
    assert values is None or wrong[0].values == values
