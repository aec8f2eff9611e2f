"""The board's page and its streams, over real sockets, while clients talk to servers through it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.board.app import CODE_HEADER, PAGES, PAGES_OF_ONE
from tests.board.engine import Shown, Stream, shown
from tests.cli.pcapng_reader import packets
from tests.cli.running import LONG, Server, adds, connect, free_port, ints, listens, received, run_here, utf


@pytest.fixture
def board() -> Iterator[Shown]:
    """A board in front of a server that adds, one that only listens, and one that is off."""
    with (
        Server(adds) as adding,
        Server(listens) as listening,
        shown(("addition", adding.port), ("addition", listening.port), ("addition", free_port())) as board,
    ):
        yield board


def ask(client: socket.socket, first: int, second: int) -> int:
    client.sendall(ints(first, second))
    (answer,) = struct.unpack(">i", received(client, 4))
    return int(answer)


def has_come(stream: Stream, value: str, key: str = "0/1") -> None:
    """Waits until that value is the last of the connection's row."""
    stream.until(
        lambda told: any(
            row["key"] == key and row["tail"] and row["tail"][-1]["value"] == value for row in told["connections"]
        )
    )


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/board.css", "text/css; charset=utf-8"),
        ("/report.css", "text/css; charset=utf-8"),
        ("/board.js", "text/javascript; charset=utf-8"),
        ("/common.js", "text/javascript; charset=utf-8"),
        ("/labels.json", "application/json"),
    ],
)
def test_the_page_and_its_files(board: Shown, path: str, kind: str) -> None:
    answer, content = board.get(path)
    assert (answer.status, answer.getheader("Content-Type")) == (200, kind)
    assert content
    answer, nothing = board.get(path, "HEAD")
    assert (answer.status, answer.getheader("Content-Length"), nothing) == (200, str(len(content)), b"")


@pytest.mark.parametrize(
    "path", ["/../app.py", "/%2e%2e/app.py", "/board.html", "/connections/0", "/connections/-1/1/lines"]
)
def test_nothing_else_is_there(board: Shown, path: str) -> None:
    answer, _ = board.get(path)
    assert (answer.status, answer.getheader(CODE_HEADER)) == (404, "no-such-page")


def test_the_texts_of_the_page_are_those_of_the_catalogue(board: Shown) -> None:
    texts = json.loads(board.get("/labels.json")[1])
    assert sorted(texts) == ["en", "fr"]
    assert texts["en"].keys() == texts["fr"].keys()
    script, page = (board.get(path)[1].decode() for path in ("/board.js", "/"))
    asked = set(re.findall(r"""\bt\(["`]([\w.-]+)["`][,)]""", script)) | set(
        re.findall(r'data-t(?:-label)?="([^"]+)"', page)
    )
    assert len(asked) > 20
    assert asked <= texts["en"].keys()


def test_a_conversation_is_shown_while_it_goes_on_and_is_what_it_was(board: Shown) -> None:
    with board.stream() as early, connect(board.ports[0]) as client:
        client.sendall(utf("127.0.0.1"))
        has_come(early, "127.0.0.1")
        assert ask(client, 84, 98) == 182
        has_come(early, "182")
        with board.stream() as late:
            told = late.until(lambda told: True)
        assert told["anew"] is True
        (row,) = told["connections"]
        assert row["client"] == "{}:{}".format(*client.getsockname())
        assert [field["value"] for field in row["tail"]] == ["127.0.0.1", "84", "98", "182"]
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        early.until(lambda told: any(row["state"] == "ended" for row in told["connections"]))


def test_a_server_that_is_off(board: Shown) -> None:
    with board.stream() as stream:
        with pytest.raises(ConnectionResetError), connect(board.ports[2]) as client:  # perhaps before it is connected
            client.recv(1)
        told = stream.until(lambda told: told["servers"][2]["state"] == "refused")
    assert sorted(told["servers"][2]["reason"]) == ["en", "fr"]
    assert [problem["code"] for problem in told["problems"]["changed"]] == ["refused"]


def test_one_connection_is_followed_line_by_line_and_its_end_is_told(board: Shown) -> None:
    with connect(board.ports[0]) as client:
        client.sendall(utf("127.0.0.1"))
        assert ask(client, 1, 2) == 3
        with board.stream() as stream:
            has_come(stream, "3")
        with board.stream("/connections/0/1/lines") as lines:
            told = lines.until(lambda told: True)
            assert (told["anew"], told["left_out"]) == (True, 0)
            assert [line["event"] for line in told["lines"]] == ["opened", *["field"] * 4]
            assert ask(client, 3, 4) == 7
            told = lines.until(lambda told: any(line.get("value") == "7" for line in told["lines"]))
            assert told["anew"] is False
    with board.stream("/connections/0/99/lines") as none:
        assert none.event() == ("gone", None)


def test_it_is_saved_for_decode_and_for_wireshark(board: Shown, tmp_path: Path) -> None:
    with board.stream() as stream, connect(board.ports[0]) as client:
        client.sendall(utf("127.0.0.1"))
        assert ask(client, 84, 98) == 182
        has_come(stream, "182")
    answer, content = board.get("/connections/0/1.json")
    assert answer.getheader("Content-Disposition") == 'attachment; filename="server-0-connection-1.json"'
    path = tmp_path / "lesson.json"
    path.write_bytes(content)
    fields = [told for told in run_here("decode", path, "--json").told if told["event"] == "field"]
    assert (fields[-1]["field"], fields[-1]["value"], fields[-1]["bytes"]) == ("sum", 182, "000000b6")
    answer, content = board.get("/connections/0/1.pcapng")
    path = tmp_path / "lesson.pcapng"
    path.write_bytes(content)
    assert packets(path)
    for missing in ("/connections/0/2.json", "/connections/9/1.json", "/connections/0/1.exe"):
        answer, _ = board.get(missing)
        assert (answer.status, answer.getheader(CODE_HEADER)) == (404, "connection-forgotten")


def test_a_page_that_does_not_read_holds_nobody_up(board: Shown) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", board.port), LONG))
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(b"GET /changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        clients = [stack.enter_context(connect(board.ports[0])) for _ in range(100)]
        for client in clients:
            client.sendall(utf("127.0.0.1"))
        for number in range(20):
            for client in clients:
                assert ask(client, number, 1) == number + 1
        with board.stream() as quick:
            quick.until(lambda told: told["servers"][0]["total"] == 2000)


def test_of_a_long_one_that_is_saved_it_is_told_what_is_not_there(board: Shown, tmp_path: Path) -> None:
    numbers = 40_000
    with connect(board.ports[1]) as client, board.stream() as stream:
        client.sendall(utf("127.0.0.1"))
        has_come(stream, "127.0.0.1", "1/1")
        for _ in range(4):
            client.sendall(ints(*range(numbers // 4)))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        stream.until(lambda told: any(row["state"] == "ended" for row in told["connections"]))
    (tmp_path / "long.json").write_bytes(board.get("/connections/1/1.json")[1])
    (left,) = [told for told in run_here("decode", tmp_path / "long.json", "--json").told if told["event"] == "elided"]
    assert (left["code"], left["where"]["side"]) == ("not-kept", "client")
    assert 100_000 < left["where"]["offset"] < 4 * numbers


def test_one_address_has_so_many_pages_and_a_place_is_free_once_one_leaves(board: Shown) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(board.stream()) for _ in range(PAGES_OF_ONE - 1)]
        with board.stream() as last:
            assert {stream.status for stream in (*streams, last)} == {200}
            with board.stream() as refused:
                assert refused.status == 503
            answer, _ = board.get("/changes")
            assert (answer.status, answer.getheader(CODE_HEADER)) == (503, "pages-of-address")
            assert board.get("/")[0].status == 200
        while True:  # the board learns that a page has left when it next tells it something
            with board.stream() as again:
                if again.status == 200:
                    break


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all addresses of 127.0.0.0/8 on its loopback")
def test_so_many_pages_and_no_more_whoever_asks(board: Shown) -> None:
    with ExitStack() as stack:
        for number in range(PAGES):
            source = f"127.0.0.{2 + number // PAGES_OF_ONE}"
            assert stack.enter_context(board.stream(source=source)).status == 200
        answer, _ = board.get("/changes")
        assert (answer.status, answer.getheader(CODE_HEADER)) == (503, "pages-of-board")


def test_a_stream_can_be_asked_for_its_head_alone(board: Shown) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", board.port, timeout=LONG)
    for path in ("/changes", "/connections/0/1/lines"):
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    connection.close()


def test_a_stall_is_told(board: Shown) -> None:
    session = board.board.watches[1].session
    assert session is not None
    session.viewer.timeout = 0.3
    with board.stream() as stream, connect(board.ports[1]) as client:
        client.sendall(utf("127.0.0.1") + ints(84, 98))
        told = stream.until(lambda told: any(row.get("waits") for row in told["connections"]))
    assert [problem["event"] for problem in told["problems"]["changed"]] == ["stalled"]
