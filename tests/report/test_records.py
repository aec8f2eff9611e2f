"""What a real run leaves for its page: facts, and for each failure its place, its diagnosis and its consoles."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.recording import Recording
from conformance.decoder import read_conversations
from conformance.formatting import LANGUAGES
from conformance.judge import ConsoleLine, ProcessResult, Verdict
from conformance.model import load_registry
from conformance.model.cells import all_cells
from conformance.report.timeline import timeline
from conformance.results.analysis import analyse
from conformance.results.reading import VERSION, find_results, read_record, record_files
from conformance.results.records import LIMITS, Records, to_record
from conformance.runner.cell_run import CellResult
from tests.conformance.building import ints, utf
from tests.conformance.running import ROOT
from tests.report.conftest import CELLS


@pytest.fixture(scope="module")
def records(page_path: Path) -> dict[str, dict[str, Any]]:
    return {record["name"]: record for record in map(read_record, record_files(page_path.parent))}


def test_every_cell_and_case_has_its_record(records: dict[str, dict[str, Any]]) -> None:
    assert {name for name, record in records.items() if record["kind"] != "case"} == set(CELLS)
    assert records["case/addition/server/little-endian/one-sum"]["verdict"] == "failed"
    assert records["case/addition/server/working-server/split/byte-7"]["verdict"] == "passed"


def test_the_facts_say_what_it_ran_on(page_path: Path) -> None:
    facts = json.loads((page_path.parent / "run.json").read_text(encoding="utf-8"))
    assert facts["backend"] == "processes"
    assert facts["harness"]["python"] == facts["versions"]["python"] == platform.python_version()
    assert facts["harness"]["system"].endswith(platform.machine())
    assert "jdk" not in facts["versions"]  # no Java program was asked for
    assert facts["seconds"] > 0
    assert facts["cells"] == CELLS or set(facts["cells"]) == set(CELLS)
    assert set(facts["networks"]["byte-by-byte"]) == set(LANGUAGES)
    assert datetime.fromisoformat(facts["began"]).tzinfo is not None


def _divergence(records: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return dict(records[name]["divergence"])


def _mark(records: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return dict(_divergence(records, name)["wire"])


def _codes(records: dict[str, dict[str, Any]], name: str) -> list[str]:
    return [problem["code"] for problem in records[name]["problems"] if "code" in problem]


def _text(programs: list[dict[str, Any]], mark: dict[str, Any]) -> str:
    return str(programs[mark["program"]]["console"][mark["line"]]["text"])


def _marked(records: dict[str, dict[str, Any]], name: str) -> dict[str, str]:
    """The marked lines, by the role of the program that printed them."""
    programs = records[name]["programs"]
    return {programs[mark["program"]]["role"]: _text(programs, mark) for mark in _divergence(records, name)["lines"]}


def test_wrong_bytes_are_placed_on_the_wire_and_on_both_consoles(records: dict[str, dict[str, Any]]) -> None:
    name = "addition/little-endian/working-client/direct"
    wire = _mark(records, name)
    assert _codes(records, name)[0] == "wrong-value"
    assert (wire["side"], wire["field"], wire["offset"]) == ("server", "sum", 0)
    assert wire["bytes"] == "b6000000"
    assert wire["expected"] == {"value": 182, "bytes": "000000b6"}
    assert _marked(records, name) == {
        "server": "<-- Somme retournée : 182",
        "client": "--> Réponse serveur : -1241513984",
    }


def test_the_mistake_is_named_with_its_remedy(records: dict[str, dict[str, Any]]) -> None:
    [finding, *_] = records["addition/little-endian/working-client/direct"]["diagnosis"]
    assert (finding["key"], finding["side"]) == ("little-endian-int", "server")
    assert "write_int" in finding["python"]


def _told(console: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {line["text"]: line["of"] for line in console if "of" in line}


def test_each_line_says_of_which_field_it_tells(records: dict[str, dict[str, Any]]) -> None:
    server, client = records["addition/working-server/working-client/direct"]["programs"]
    told = _told(server["console"])
    assert told["--> Nouveau client à l'adresse : 127.0.0.1"] == {"connection": 1, "side": "client", "offset": 0}
    assert told["--> Premier nombre reçu : 84"] == {"connection": 1, "side": "client", "offset": 11}
    assert told["<-- Somme retournée : 182"] == {"connection": 1, "side": "server", "offset": 0}
    assert told["### Connexion établie."] == {"connection": 1}
    assert _told(client["console"])["--> Réponse serveur : 182"] == {"connection": 1, "side": "server", "offset": 0}


def test_a_wrong_value_is_told_of_the_field_whose_turn_it_is(records: dict[str, dict[str, Any]]) -> None:
    server, _ = records["addition/little-endian/working-client/direct"]["programs"]
    sums = [of["offset"] for text, of in _told(server["console"]).items() if text.startswith("<-- Somme")]
    assert sums == [0, 4, 8]


def test_all_lines_of_an_id_tell_of_one_connection(records: dict[str, dict[str, Any]]) -> None:
    server = records["addition/working-many/python-multithreaded/slow"]["programs"][0]
    connections: dict[str, set[int]] = {}
    for line in server["console"]:
        text = "" if "left_out" in line else line["text"]
        found = re.search(r"(?:depuis|id client :|à client|Le client) (\d+)", text)
        if found and "of" in line:
            connections.setdefault(found[1], set()).add(line["of"]["connection"])
    assert len(connections) > 2
    assert all(len(numbers) == 1 for numbers in connections.values()), connections
    assert len(set.union(*connections.values())) == len(connections)


def test_what_is_heard_in_a_chat_is_told_of_its_message(records: dict[str, dict[str, Any]]) -> None:
    content = records["chat/working-chat/all-python-chat/direct"]
    texts = {
        (conversation["connection"], field["side"], field["offset"]): field["value"]
        for conversation in content["conversations"]
        if "fields" in conversation
        for field in conversation["fields"]
        if "field" in field and field["field"] == "text"
    }
    heard = [
        (text.partition(" : ")[2], texts[of["connection"], of["side"], of["offset"]])
        for program in content["programs"]
        for text, of in _told(program["console"]).items()
        if text.startswith("--> ") and "Adresse" not in text
    ]
    assert len(heard) > 5
    assert all(shown == sent for shown, sent in heard), heard


def test_a_case_is_placed_too(records: dict[str, dict[str, Any]]) -> None:
    content = records["case/addition/server/little-endian/one-sum"]
    divergence = _divergence(records, "case/addition/server/little-endian/one-sum")
    assert divergence["wire"] is not None
    assert (divergence["wire"]["bytes"], divergence["wire"]["field"]) == ("b6000000", "sum")
    assert _text(content["programs"], divergence["lines"][0]) == "<-- Somme retournée : 182"
    assert content["diagnosis"][0]["key"] == "little-endian-int"
    assert content["case"] is not None
    assert set(content["case"]["about"]) == set(LANGUAGES)


def test_a_byte_too_many_is_no_field(records: dict[str, dict[str, Any]]) -> None:
    wire = _mark(records, "addition/one-byte-too-many/working-client/direct")
    assert (wire["field"], wire["offset"], wire["bytes"]) == (None, 12, "00")


@pytest.mark.parametrize(
    ("server", "printed", "expected"),
    [
        ("wrong-line", "<-- Somme retournée : 183", "<-- Somme retournée : 182"),
        ("loses-a-line", "--> Premier nombre reçu : 0", "### Traitement de cette requête terminée."),
    ],
)
def test_a_wrong_line_is_placed_beside_what_it_must_be(
    records: dict[str, dict[str, Any]], server: str, printed: str, expected: str
) -> None:
    name = f"addition/{server}/working-client/direct"
    assert _marked(records, name)["server"] == printed
    assert _divergence(records, name)["lines"][0]["expected"] == expected


def test_a_crash_is_placed_where_it_says_so(records: dict[str, dict[str, Any]]) -> None:
    name = "addition/crashes/working-client/direct"
    assert _marked(records, name)["server"] == "RuntimeError: plus de mémoire"


@pytest.mark.parametrize("server", ["chat-leaves-out-one", "chat-mixes-two", "chat-two-orders"])
def test_a_message_that_went_wrong_is_placed(records: dict[str, dict[str, Any]], server: str) -> None:
    wire = _mark(records, f"chat/{server}/all-python-chat/direct")
    assert wire["field"] == "text"
    assert wire["side"] == ("client" if server == "chat-leaves-out-one" else "server")


def test_what_passed_has_no_such_place(records: dict[str, dict[str, Any]]) -> None:
    for name in CELLS:
        if "working-server" in name or "working-many" in name or "working-chat" in name:
            content = records[name]
            assert content["verdict"] == "passed"
            assert (content["problems"], content["divergence"], content["diagnosis"]) == ([], None, [])


# The form ------------------------------------------------------------------------------------------------------------


def _documented() -> dict[str, set[str]]:
    """The keys that each table of docs/records.md explains, by the heading or the sentence above it."""
    tables: dict[str, set[str]] = {}
    above = ""
    for line in (ROOT / "docs" / "records.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            first = line.split("|")[1]
            if not set(first) <= set("- ") and not first.strip().startswith(("key", "list")):
                tables.setdefault(above, set()).update(re.findall(r"`(\w+)`", first))
        elif line.strip():
            above = line.strip("# :")
    return tables


DECLARED = {"declared", "repetitions"}  # where something was declared, or repeated


def _occurring(record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each entry of a record, with the heading of the table that must have its keys."""
    yield "A record", record
    yield "A case", record["case"]
    yield "A problem", record["non_strict"]
    divergence = record["divergence"] or {"wire": None, "lines": []}
    yield "The divergence", record["divergence"]
    yield "The bytes, in `wire`", divergence["wire"]
    lists = {
        "A problem": record["problems"],
        "A finding": record["diagnosis"],
        "A line, in `lines`": divergence["lines"],
        "A program": record["programs"],
        "An event": record["wire"],
        "A conversation": record["conversations"],
    }
    for heading, entries in lists.items():
        yield from ((heading, entry) for entry in entries)
    for program in record["programs"]:
        yield "A problem", program["problem"]
        yield from (("A line, in `console`", line) for line in program["console"])
    for conversation in record["conversations"]:
        yield from (("A problem", problem) for problem in conversation["problems"])
        yield from (("A field, in `fields`", field) for field in conversation["fields"])


def test_the_keys_that_are_documented_are_those_that_occur(
    records: dict[str, dict[str, Any]], page_path: Path, long_record: dict[str, Any]
) -> None:
    facts = json.loads((page_path.parent / "run.json").read_text(encoding="utf-8"))
    found = {"The run": set(facts)}
    for record in (long_record, *records.values()):
        for heading, entry in _occurring(record):
            if entry and "left_out" not in entry:
                found.setdefault(heading, set()).update(entry)
    documented = _documented()
    documented["The run"] -= {"changed"} - facts.keys()  # without git
    documented["A record"] -= DECLARED
    assert found == {heading: documented[heading] for heading in found}


def test_a_record_has_all_keys_of_its_table(records: dict[str, dict[str, Any]], long_record: dict[str, Any]) -> None:
    for content in (long_record, *records.values()):
        assert content.keys() == _documented()["A record"] - DECLARED, content["name"]


def test_the_documented_bounds_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
    for name, limit in LIMITS.items():
        assert re.search(rf"^\| `{name}` \| {limit:,}\b", text, re.MULTILINE), name


# How much is kept ----------------------------------------------------------------------------------------------------

ROUNDS, WRONG_ROUND = 5000, 4000


def _session(rounds: int) -> Iterator[Event]:
    """A session of sums, each number in a piece of its own; the sum of one round is wrong."""
    yield Event(0.0, 1, "opened", CLIENT, detail="127.0.0.1:50000", via="127.0.0.1:9000")
    parts = [(CLIENT, utf("127.0.0.1"))]
    for number in range(rounds):
        parts += [(CLIENT, ints(number)), (CLIENT, ints(1)), (SERVER, ints(number + 1 + (number == WRONG_ROUND)))]
    for at, (side, data) in enumerate(parts):
        yield Event(at / 1000, 1, "received", side, data)
        yield Event(at / 1000, 1, "sent", side, size=len(data))
    yield Event(len(parts) / 1000, 1, "end", CLIENT)
    yield Event(len(parts) / 1000, 1, "end", SERVER)


@pytest.fixture(scope="module")
def long_record() -> dict[str, Any]:
    """The record of a session that is longer than what is kept of one."""
    cell = next(cell for cell in all_cells(load_registry(), {}) if cell.name.startswith("addition/"))
    lines = [ConsoleLine(number / 1000, "out", f"<-- Somme retournée : {number + 1}") for number in range(ROUNDS)]
    lines[-1] = ConsoleLine(lines[-1].at, "out", "x" * 3000)
    result = ProcessResult(cell.server, lines, None, 9000)
    recording = Recording(list(_session(ROUNDS)))
    conversations = read_conversations(cell.protocol, recording)
    verdict = Verdict(tuple(conversations[0].problems), conversations)
    return to_record(analyse(CellResult(cell, verdict, recording, [result], 0.0, 15.0, {})))


def _kept(entries: Sequence[Any]) -> tuple[int, int]:
    """How many entries are there, and how many are not."""
    out = sum(entry["left_out"] for entry in entries if "left_out" in entry)
    return sum("left_out" not in entry for entry in entries), out


def test_of_a_long_session_the_ends_are_kept_and_what_is_around_the_divergence(long_record: dict[str, Any]) -> None:
    [conversation] = long_record["conversations"]
    assert "fields" in conversation
    [program] = long_record["programs"]
    for entries, count, limit in (
        (long_record["wire"], 2 * (1 + 3 * ROUNDS) + 3, LIMITS["wire"]),
        (conversation["fields"], 1 + 3 * ROUNDS, LIMITS["fields"]),
        (program["console"], ROUNDS, LIMITS["console"]),
    ):
        kept, left_out = _kept(entries)
        assert (kept + left_out, kept <= limit) == (count, True)
        assert "left_out" not in entries[0]
        assert "left_out" not in entries[-1]
    sums = [field["value"] for field in conversation["fields"] if "field" in field and field["field"] == "sum"]
    assert {1, WRONG_ROUND, WRONG_ROUND + 2, WRONG_ROUND + 3, ROUNDS} <= set(sums)


def test_every_field_that_is_kept_has_its_events(long_record: dict[str, Any]) -> None:
    rows = [row for row in timeline(long_record)["rows"] if row["k"] == "field"]
    assert len(rows) > 500
    for row in rows:
        for leg in ("in", "out"):
            assert sum(len(piece) // 2 for piece, _, _ in row[leg]) == row["n"], row
    assert [row["v"] for row in rows if row.get("m")] == [str(WRONG_ROUND + 2)]


def test_the_record_of_a_long_session_is_small(long_record: dict[str, Any], tmp_path: Path) -> None:
    records = Records(tmp_path)
    assert records.write(long_record).stat().st_size < 2 << 20
    records.write({"version": VERSION})
    [record] = map(read_record, record_files(find_results(tmp_path)))
    assert record == long_record


def test_of_much_traffic_the_first_bytes_are_kept() -> None:
    content = b"\xff" * (10 << 20)  # no text: nothing of it is read
    pieces = [Event(1.0, 1, "received", CLIENT, content), Event(1.0, 1, "sent", CLIENT, size=len(content))]
    recording = Recording([Event(0.0, 1, "opened", CLIENT, detail="127.0.0.1:50000", via="127.0.0.1:9000"), *pieces])
    cell = next(cell for cell in all_cells(load_registry(), {}) if cell.name.startswith("addition/"))
    record = to_record(analyse(CellResult(cell, Verdict((), []), recording, [], 0.0, 2.0, {})))
    _, received, sent = record["wire"]
    assert "data" in received
    assert len(received["data"]) // 2 + received["size"] == len(content)
    assert len(received["data"]) < 2 << 20
    assert "size" in sent
    assert sent["size"] == len(content)
