"""How a cell is told: to a person when it fails, to whoever reads its record, and in the table at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.recording import Recording
from conformance.judge import Account, Evidence, Verdict, judge
from conformance.model.cells import Cell, all_cells
from conformance.pytest_plugin.summary import summary_lines
from conformance.pytest_plugin.transcript import transcript
from conformance.results.records import Records
from conformance.runner.cell_run import CellResult
from tests.conformance.building import ADDITION, REGISTRY, Part, addition, events, ints, printed, utf

CELLS = {cell.name: cell for cell in all_cells(REGISTRY, [])}
CELL = CELLS["addition/python-simple/python-simple/direct"]


def result(parts: Sequence[Part], server: Sequence[str] = ("bonjour",)) -> CellResult:
    """A cell in which this passed, one second after the other, from the tenth second on."""
    recording = Recording(events(parts, began=10.0))
    ours = Account(CELL.server, printed(server, ["oups"]), None, 20001)
    theirs = Account(CELL.clients[0], printed(["au revoir"]), 3, 20002)
    verdict = judge(Evidence(ADDITION, recording, ours, [theirs], 1))
    return CellResult(CELL, verdict, recording, [ours, theirs], 10.0, 2.5, {"server": 0.25})


def wrong() -> CellResult:
    return result([*addition((84, 98))[:-1], (SERVER, ints(183))])


# To a person ---------------------------------------------------------------------------------------------------------


def test_the_sentence_comes_first_and_then_the_others() -> None:
    told = transcript(wrong()).splitlines()
    assert told[0].startswith("the server's `sum` of round 1 must be int32(first + second) = 182, and it sent 183 ")
    assert told[1] == "also: the server python-simple printed on standard error: 'oups'"


def test_the_wire_is_decoded_with_its_times() -> None:
    told = transcript(wrong())
    assert "\nthe wire, in ms since the cell began:\n  connection 1\n" in told
    assert "     1000.0  client  UTF address = '127.0.0.1'   00 09 31 32 37 2E 30 2E 30 2E 31\n" in told
    assert "     4000.0  server  int sum = 183   00 00 00 B7\n" in told
    assert "     5000.0  client  ends its stream\n" in told


def test_bytes_that_could_not_be_read_are_shown() -> None:
    told = transcript(result([(CLIENT, utf("::1")), (CLIENT, b"\0\0\1"), (SERVER, b"\x2a")]))
    assert "client  unread: 00 00 01\n" in told
    assert "server  unread: 2A\n" in told


def test_both_consoles_are_shown_with_their_ends() -> None:
    told = transcript(wrong())
    assert "\nthe console of the server python-simple, which was stopped:\n" in told
    assert "[err] oups\n" in told
    assert told.endswith(
        "\nthe console of the client python-simple, which ended with status 3:\n   -10000.0  [out] au revoir"
    )


def test_a_console_without_a_line_says_so() -> None:
    told = transcript(result([], server=()))
    assert "which was stopped:\n" in told
    silent = Account(CELL.server, [], None, 1)
    empty = CellResult(CELL, Verdict(["oups"], []), Recording(), [silent], 0.0, 0.0)
    assert transcript(empty).endswith("which was stopped:\n  (nothing)")


def test_what_is_long_loses_its_middle() -> None:
    told = transcript(result([], server=[f"ligne {number}" for number in range(100)])).splitlines()
    assert "  ... 41 lines more, all in the cell's record ..." in told
    assert any(line.endswith("ligne 0") for line in told)
    assert not any(line.endswith("ligne 50") for line in told)


# To a program --------------------------------------------------------------------------------------------------------


def test_the_record_of_a_cell(tmp_path: Path) -> None:
    path = Records(tmp_path).result(wrong())
    assert path.name == "direct.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["cell"] == "addition/python-simple/python-simple/direct"
    assert (record["protocol"], record["server"], record["clients"], record["network"]) == (
        "addition",
        "python-simple",
        "python-simple",
        "direct",
    )
    assert record["verdict"] == "failed"
    assert record["reason"] == record["problems"][0]
    assert record["reason"].startswith("the server's `sum` of round 1 ")
    assert (record["seconds"], record["phases"]) == (2.5, {"server": 0.25})
    server, client = record["programs"]
    assert (server["role"], server["port"], server["status"]) == ("server", 20001, None)
    assert server["console"][0] == {"at": -10.0, "stream": "out", "text": "bonjour", "whole": True, "of": [1]}
    assert (client["role"], client["status"]) == ("client", 3)
    assert record["wire"][0] == {
        "at": 0.0,
        "connection": 1,
        "kind": "opened",
        "sender": "client",
        "detail": "127.0.0.1:50000",
    }
    assert record["wire"][1]["data"] == utf("127.0.0.1").hex()
    [conversation] = record["conversations"]
    assert conversation["fields"][-1] == {
        "at": 4.0,
        "sender": "server",
        "field": "sum",
        "type": "int",
        "value": 183,
        "bytes": "000000b7",
        "offset": 0,
    }
    assert conversation["problems"] == [record["reason"]]


def test_the_record_of_a_cell_that_passed_has_no_reason(tmp_path: Path) -> None:
    passed = CellResult(CELL, Verdict([], []), Recording(), [], 0.0, 1.0)
    record = json.loads(Records(tmp_path).result(passed).read_text(encoding="utf-8"))
    assert (record["verdict"], record["reason"], record["problems"]) == ("passed", None, [])


def test_the_record_of_a_cell_that_was_skipped(tmp_path: Path) -> None:
    record = json.loads(Records(tmp_path).skipped(CELL, "no JDK").read_text(encoding="utf-8"))
    assert (record["verdict"], record["reason"]) == ("skipped", "no JDK")


def test_the_record_of_half_a_character(tmp_path: Path) -> None:
    """A lone surrogate is legal in writeUTF; a record that holds one must still be a file that can be read."""
    path = Records(tmp_path).result(result([(CLIENT, utf("\ud83d"))]))
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["conversations"][0]["fields"][0]["value"] == "\ud83d"


# In the table --------------------------------------------------------------------------------------------------------


def cells(server: str, client: str) -> list[Cell]:
    return [
        CELLS[f"addition/{server}/{client}/{network}"] for network in ("direct", "byte-by-byte", "coalesced", "slow")
    ]


def test_servers_stand_down_and_clients_across() -> None:
    outcomes = [(cell, "passed") for cell in cells("java-SimpleServer", "python-simple")]
    broken = cells("java-SimpleServer", "java-SimpleClient")
    outcomes += [(broken[0], "passed"), (broken[1], "failed"), (broken[2], "skipped"), (broken[3], "failed")]
    outcomes += [(CELLS["chat/python-chat/mixed/slow"], "passed")]
    outcomes += [(cells("python-async", "python-simple")[0], "skipped")]
    assert summary_lines(outcomes) == [
        "",
        "addition           python-simple  java-SimpleClient",
        "java-SimpleServer  4 ok           1 ok, FAILED byte-by-byte slow, 1 skipped",
        "python-async       1 skipped      -",
        "",
        "chat         mixed",
        "python-chat  1 ok",
    ]


def test_the_names_of_all_cells_are_different_paths() -> None:
    names = [cell.name for cell in all_cells(REGISTRY, [17, 21])]
    assert len(set(names)) == len(names)
    assert "addition/java17-SimpleServer/java21-MultithreadedClients/byte-by-byte" in names
    assert "chat/python-chat/mixed/slow" in names
    assert all(name.count("/") == 3 for name in names)
