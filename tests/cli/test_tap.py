"""`tap` as a student runs it: in between, in a process of its own, ended by Ctrl-C."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from pathlib import Path

import pytest

from conformance.formatting import catalogue
from conformance.model import load_registry
from tests.cli.pcapng_reader import packets, streams
from tests.cli.running import (
    LONG,
    Command,
    Server,
    Tap,
    adds,
    adds_little_endian,
    connect,
    ended,
    free_port,
    hangs_up,
    ints,
    listens,
    received,
    run_here,
    utf,
)

NETWORKS = [name for name, network in load_registry().networks.items() if network.usual]
WORDS = catalogue("en")


def ended_by(side: str) -> str:
    """What is said when that side has ended its stream."""
    return WORDS.text("cli.live.end", {"who": WORDS.text(f"side.{side}")})


def ask(port: int, first: int, second: int) -> int:
    """A right client with one question."""
    with connect(port) as client:
        client.sendall(utf("127.0.0.1") + ints(first, second))
        (answer,) = struct.unpack(">i", received(client, 4))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    return int(answer)


def test_a_conversation_field_by_field_and_a_summary() -> None:
    with Server(adds) as server, ended(Tap(server.port, "addition")) as tap:
        assert isinstance(tap, Tap)
        assert ask(tap.port, 84, 98) == 182
        tap.line(ended_by("server"))
        assert tap.interrupt() == 0
    text = "\n".join(tap.lines)
    for line in (
        f"#1   {WORDS.text('cli.live.from-client')}  UTF address = '127.0.0.1'   00 09 31 32 37 2E 30 2E 30 2E 31",
        "int first = 84   00 00 00 54",
        "int second = 98   00 00 00 62",
        f"#1   {WORDS.text('cli.live.from-server')}  int sum = 182   00 00 00 B6",
        ended_by("client"),
        WORDS.text("cli.totals.none"),
    ):
        assert line in text
    assert "\x1b" not in text


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_applies_and_connections_have_numbers(network: str) -> None:
    with Server(adds) as server, ended(Tap(server.port, "addition", "--network", network, "--json")) as tap:
        assert isinstance(tap, Tap)
        assert ask(tap.port, 1, 2) == 3
        assert ask(tap.port, 3, 4) == 7
        assert tap.event(event="field", field="sum", connection=1)["value"] == 3
        assert tap.event(event="field", field="sum", connection=2)["value"] == 7
        tap.event(event="end", sender="server", connection=2)
        assert tap.interrupt() == 0


def test_byte_by_byte_each_byte_goes_on_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with (
        Server(adds) as server,
        ended(Tap(server.port, "addition", "--network", "byte-by-byte", "--save", file)) as tap,
    ):
        assert isinstance(tap, Tap)
        assert ask(tap.port, 1, 2) == 3
        tap.line(ended_by("server"))
        assert tap.interrupt() == 0
    sizes = [event["size"] for event in json.loads(file.read_text())["events"] if event["kind"] == "sent"]
    assert sizes == [1] * 23


def test_an_answer_that_is_wrong_is_a_problem_and_status_1() -> None:
    with Server(adds_little_endian) as server, ended(Tap(server.port, "addition", "--json")) as tap:
        assert isinstance(tap, Tap)
        assert ask(tap.port, 1, 2) == 3 << 24
        assert tap.event(event="field", code="wrong-value")["values"]["expected"] == 3
        assert tap.interrupt() == 1
    assert json.loads(tap.lines[-1])["problems"] == 1


def test_what_cannot_be_decoded_is_shown_as_bytes() -> None:
    with Server(listens) as server, ended(Tap(server.port, "addition")) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(b"\0\3\xff\xfe\xfd")
            assert "address" in tap.line("!!!")
            tap.line("00 03 FF FE FD   .....")
            client.sendall(b"more")
            tap.line("6D 6F 72 65   more")
        assert tap.interrupt() == 1


def test_a_client_that_waits_for_more_than_ever_comes_is_told_who_waits_for_whom() -> None:
    with Server(listens) as server, ended(Tap(server.port, "addition", "--json")) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1") + ints(1, 2))
            stall = tap.event(event="stall", code="stalled")
            assert (stall["where"]["side"], stall["where"]["field"]) == ("server", "sum")


def test_a_server_that_is_not_there() -> None:
    with ended(Tap(free_port(), "chat", "--json")) as tap:
        assert isinstance(tap, Tap)
        with pytest.raises(ConnectionResetError), connect(tap.port) as client:  # by then, or by its first read
            client.recv(1)
        assert tap.event(event="problem", code="refused")["values"] == {"reason": "Connection refused"}
        assert tap.interrupt() == 1


def test_a_server_that_hangs_up() -> None:
    with Server(hangs_up) as server, ended(Tap(server.port, "addition", "--json")) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1") + ints(1, 2))
            assert client.recv(1) == b""
        assert tap.event(event="problem", code="never-sent")["where"]["field"] == "sum"
        assert tap.interrupt() == 1


def test_nobody_came() -> None:
    with ended(Tap(free_port(), "chat", "--json")) as tap:
        assert tap.interrupt() == 0
    assert set(json.loads(tap.lines[-1]).values()) == {"summary", 0}


def test_ctrl_c_while_they_talk_drops_them_and_counts_them() -> None:
    with Server(listens) as server, ended(Tap(server.port, "chat", "--json")) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1"))
            tap.event(event="field", field="address")
            assert tap.interrupt() == 0
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        with pytest.raises(ConnectionRefusedError):
            connect(tap.port)
    summary = json.loads(tap.lines[-1])
    assert [summary[key] for key in ("connections", "open", "fields", "client_bytes")] == [1, 1, 1, 11]


def test_a_protocol_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "double.yaml"
    file.write_text(
        "protocol: double\nabout: x\nport: 7000\nsession:\n  - repeat:\n"
        "      - {from: client, field: number, type: long}\n"
        "      - {from: server, field: twice, type: long, equals: number * 2}\n"
    )
    with Server(listens) as server, ended(Tap(server.port, file, "--json")) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(struct.pack(">q", 21))
            assert tap.event(event="field", field="number")["value"] == 21
            client.shutdown(socket.SHUT_WR)
            assert tap.event(event="problem", code="never-sent")["values"] == {"equals": "number * 2", "expected": 42}


def test_every_interface_and_both_families_are_listened_on() -> None:
    with Server(adds) as server:
        command = Command("tap", "--listen", 0, "--to", f"127.0.0.1:{server.port}", "--protocol", "addition", "--json")
        with ended(command) as tap:
            port = tap.event(event="listening")["port"]
            assert ask(port, 1, 2) == 3
            assert tap.event(event="opened")["client"].startswith("127.0.0.1:")
            if socket.has_dualstack_ipv6():
                with socket.create_connection(("::1", port), LONG) as client:
                    client.sendall(utf("::1"))
                    assert tap.event(event="opened", connection=2)["client"].startswith("[::1]:")
                    assert tap.event(event="field", connection=2)["value"] == "::1"


def test_saved_twice_and_shown_again(tmp_path: Path) -> None:
    as_json, as_pcapng = tmp_path / "a.json", tmp_path / "a.pcapng"
    with (
        Server(adds) as server,
        ended(Tap(server.port, "addition", "--save", as_json, "--save", as_pcapng, "--network", "slow")) as tap,
    ):
        assert isinstance(tap, Tap)
        assert ask(tap.port, 84, 98) == 182
        tap.line(ended_by("server"))
        assert tap.interrupt() == 0
    again = run_here("decode", as_json)
    assert again.status == 0, again.errors
    assert again.lines[1:] == tap.lines[1:-2]  # all but the line before, and the two that name the files
    facts = {"to": f"127.0.0.1:{server.port}", "network": "slow", "protocol": "addition", "path": as_json}
    assert again.lines[0] == WORDS.text("cli.decode.recording", facts)

    found = packets(as_pcapng)
    ends = streams(found)
    assert {bytes(stream.data) for stream in ends.values()} == {utf("127.0.0.1") + ints(84, 98), ints(182)}
    assert ("127.0.0.1", tap.port) in ends
    began = json.loads(as_json.read_text())["began"]
    assert all(0 <= packet.at - began < LONG for packet in found)


def test_a_recording_is_in_the_file_while_the_tap_still_runs(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with Server(listens) as server, ended(Tap(server.port, "chat", "--save", file)) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1"))
            until = time.monotonic() + LONG
            while utf("127.0.0.1").hex() not in file.read_text() and time.monotonic() < until:
                time.sleep(0.01)
            tap.process.kill()
            tap.process.wait()
    again = run_here("decode", file, "--json").told
    assert [each["value"] for each in again if each["event"] == "field"] == ["127.0.0.1"]
    assert [each["event"] for each in again][-2:] == ["cut", "summary"]


def test_long_texts_are_cut_in_the_middle_and_control_characters_shown() -> None:
    with Server(listens) as server, ended(Tap(server.port, "chat")) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1") + utf("a\x1b[2Jb") + utf("x" * 60_000))
            assert "UTF author = 'a\\x1b[2Jb'" in tap.line("author")
            line = tap.line("UTF text")
            assert f"({WORDS.text('cli.live.characters', count=60_000)})" in line
            assert len(line) < 300


def test_json_is_whole_and_only_long_values_are_cut() -> None:
    with Server(listens) as server, ended(Tap(server.port, "chat", "--json")) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1") + utf("alice") + utf("x" * 60_000))
            author = tap.event(event="field", field="author")
            text = tap.event(event="field", field="text")
        tap.event(event="end", sender="server")
        tap.interrupt()
    assert author == {
        "event": "field",
        "at": author["at"],
        "time": author["time"],
        "connection": 1,
        "sender": "client",
        "field": "author",
        "type": "UTF",
        "value": "alice",
        "offset": 11,
        "size": 7,
        "bytes": "0005616c696365",
    }
    assert (text["value"], text["characters"], text["size"]) == ("x" * 1000, 60_000, 60_002)
    summary = json.loads(tap.lines[-1])
    assert (summary["event"], summary["fields"], summary["client_bytes"]) == ("summary", 3, 60_020)


def test_colours_are_for_terminals_that_want_them() -> None:
    pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
    for variables, coloured in (
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ):
        assert (b"\x1b[" in in_a_terminal(pty, variables)) is coloured


def in_a_terminal(pty: object, variables: dict[str, str]) -> bytes:
    """What `doctor` writes on a terminal."""
    import subprocess
    import sys

    from tests.cli.running import ROOT

    main, other = pty.openpty()  # type: ignore[attr-defined]
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | variables
    words = [sys.executable, "-m", "conformance", "doctor", f"127.0.0.1:{free_port()}"]
    process = subprocess.Popen(words, cwd=ROOT, stdout=other, env=environment)
    os.close(other)
    shown = b""
    try:
        while piece := os.read(main, 4096):
            shown += piece
    except OSError:
        pass  # how Linux says that the other end is closed
    process.wait(LONG)
    os.close(main)
    return shown


def test_a_flood_goes_through_whole_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    """Far more fields than can be read in the time: the relay goes on, and the rest of the command stays in bounds."""
    size = 24 << 20
    words = ("--save", tmp_path / "a.json", "--json")
    with Server(listens) as server, ended(Tap(server.port, "addition", *words)) as tap:
        assert isinstance(tap, Tap)
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1"))
            piece = ints(1, 2) * (1 << 13)
            for _ in range(size // len(piece)):
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
            assert tap.event(event="elided", code="too-fast")["where"]["side"] == "client"
            tap.event(event="end", sender="server")
        with connect(tap.port) as client:  # and whoever comes next is shown as ever
            client.sendall(utf("127.0.0.1"))
            tap.event(event="field", field="address", connection=2)
        tap.interrupt()
    saved = json.loads((tmp_path / "a.json").read_text())
    carried = sum(len(event.get("data", "")) // 2 for event in saved["events"])
    if not any('"unsaved"' in line for line in tap.lines):
        assert carried == size + 22


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
@pytest.mark.parametrize("suffix", ["json", "pcapng"])
def test_on_a_full_disk_it_says_so_at_once_and_goes_on_relaying(tmp_path: Path, suffix: str) -> None:
    import resource

    file = tmp_path / f"a.{suffix}"
    with Server(adds) as server, ended(Tap(server.port, "addition", "--save", file, "--json")) as tap:
        assert isinstance(tap, Tap)
        resource.prlimit(tap.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))  # what a full disk is like
        with connect(tap.port) as client:
            client.sendall(utf("127.0.0.1"))
            for number in range(100):
                client.sendall(ints(number, 1))
                assert received(client, 4) == ints(number + 1)
            tap.event(event="unsaved", code="unwritable")
        assert ask(tap.port, 84, 98) == 182
        tap.event(event="end", sender="server", connection=2)
        assert tap.interrupt() == 1
        assert tap.errors() == ""


def test_without_a_protocol_bytes_are_shown_and_saved_for_one(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with Server(adds) as server, ended(Tap(server.port, "raw", "--save", file, "--json")) as tap:
        assert isinstance(tap, Tap)
        assert ask(tap.port, 84, 98) == 182
        assert tap.event(event="bytes", sender="server")["guesses"][0]["fields"] == "int 182"
        tap.event(event="end", sender="server")
        assert tap.interrupt() == 0
    assert run_here("decode", file, "--json").told[-1]["judged"] is False
    assert run_here("decode", file, "--protocol", "addition", "--json").told[-1]["fields"] == 4


def test_without_a_protocol_nothing_tells_the_port() -> None:
    assert run_here("tap", "--listen", 0, "--to", "localhost", "--protocol", "raw").status == 2
