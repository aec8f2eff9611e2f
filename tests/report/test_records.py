"""What a real run leaves for its page: facts, and for each failure its place, its mistake and its consoles."""

from __future__ import annotations

import json
import platform
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from conformance.results.reading import Record, find_results
from tests.report.conftest import CELLS


@pytest.fixture(scope="module")
def records(page_path: Path) -> dict[str, Record]:
    return {record.name: record for record in find_results(page_path.parent).records()}


def test_every_cell_and_case_has_its_record(records: dict[str, Record]) -> None:
    assert {name for name, record in records.items() if not record.is_case} == set(CELLS)
    assert records["case/addition/server/little-endian/one-sum"].verdict == "failed"
    assert records["case/addition/server/working-server/split/byte-7"].verdict == "passed"


def test_the_facts_say_what_it_ran_on(page_path: Path) -> None:
    facts = json.loads((page_path.parent / "run.json").read_text(encoding="utf-8"))
    assert facts["backend"] == "processes"
    assert facts["harness"]["python"] == facts["versions"]["python"] == platform.python_version()
    assert facts["harness"]["system"].endswith(platform.machine())
    assert "jdk" not in facts["versions"]  # no Java program was asked for
    assert facts["seconds"] > 0
    assert facts["cells"] == CELLS or set(facts["cells"]) == set(CELLS)
    assert facts["networks"]["byte-by-byte"] == "every byte is a segment of its own"
    assert datetime.fromisoformat(facts["began"]).tzinfo is not None


def _parting(records: dict[str, Record], name: str) -> dict[str, Any]:
    found = records[name].content["parting"]
    assert found is not None
    return dict(found)


def _marked(records: dict[str, Record], name: str) -> dict[str, str]:
    """The marked lines, by the role of the program that printed them."""
    content = records[name].content
    programs = content["programs"]
    return {
        programs[mark["program"]]["role"]: programs[mark["program"]]["console"][mark["line"]]["text"]
        for mark in content["parting"]["lines"]
    }


def test_wrong_bytes_are_placed_on_all_three_accounts(records: dict[str, Record]) -> None:
    name = "addition/little-endian/working-client/direct"
    wire = _parting(records, name)["wire"]
    assert (wire["sender"], wire["field"], wire["offset"]) == ("server", "sum", 0)
    assert wire["bytes"] == "b6000000"
    assert wire["expected"] == {"value": 182, "bytes": "000000b6"}
    assert _marked(records, name) == {
        "server": "<-- Somme retournée : 182",
        "client": "--> Réponse serveur : -1241513984",
    }


def test_the_mistake_is_named_with_how_to_mend_it(records: dict[str, Record]) -> None:
    content = records["addition/little-endian/working-client/direct"].content
    assert content["mistakes"][0]["key"] == "little-endian-int"
    assert "write_int" in content["mistakes"][0]["python"]


def _told(console: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {line["text"]: line["of"] for line in console if "of" in line}


def test_each_line_says_of_which_field_it_tells(records: dict[str, Record]) -> None:
    server, client = records["addition/working-server/working-client/direct"].content["programs"]
    told = _told(server["console"])
    assert told["--> Nouveau client à l'adresse : 127.0.0.1"] == [1, "client", 0]
    assert told["--> Premier nombre reçu : 84"] == [1, "client", 11]
    assert told["<-- Somme retournée : 182"] == [1, "server", 0]
    assert told["### Connexion établie."] == [1]
    assert _told(client["console"])["--> Réponse serveur : 182"] == [1, "server", 0]


def test_a_wrong_value_is_told_of_the_field_whose_turn_it_is(records: dict[str, Record]) -> None:
    server, _ = records["addition/little-endian/working-client/direct"].content["programs"]
    sums = [line["of"] for line in server["console"] if line["text"].startswith("<-- Somme")]
    assert sums == [[1, "server", 0], [1, "server", 4], [1, "server", 8]]


def test_all_lines_of_an_id_tell_of_one_connection(records: dict[str, Record]) -> None:
    server = records["addition/working-many/python-multithreaded/slow"].content["programs"][0]
    connections: dict[str, set[int]] = {}
    for line in server["console"]:
        found = re.search(r"(?:depuis|id client :|à client|Le client) (\d+)", line["text"])
        if found:
            connections.setdefault(found[1], set()).add(line["of"][0])
    assert len(connections) > 2
    assert all(len(numbers) == 1 for numbers in connections.values()), connections
    assert len(set.union(*connections.values())) == len(connections)


def test_what_is_heard_in_a_chat_is_told_of_its_message(records: dict[str, Record]) -> None:
    content = records["chat/working-chat/all-python-chat/direct"].content
    texts = {
        (conversation["connection"], field["sender"], field["offset"]): field["value"]
        for conversation in content["conversations"]
        for field in conversation["fields"]
        if field["field"] == "text"
    }
    heard = [
        (line["text"].partition(" : ")[2], texts[tuple(line["of"])])
        for program in content["programs"]
        for line in program["console"]
        if line["text"].startswith("--> ") and "Adresse" not in line["text"]
    ]
    assert len(heard) > 5
    assert all(shown == sent for shown, sent in heard), heard


def test_a_case_is_placed_too(records: dict[str, Record]) -> None:
    content = records["case/addition/server/little-endian/one-sum"].content
    assert content["parting"]["wire"]["expected"]["bytes"] == "000000b6"
    assert content["console"][content["parting"]["lines"][0]["line"]]["text"] == "<-- Somme retournée : 182"
    assert content["mistakes"][0]["key"] == "little-endian-int"


def test_a_byte_too_many_is_no_field(records: dict[str, Record]) -> None:
    wire = _parting(records, "addition/one-byte-too-many/working-client/direct")["wire"]
    assert (wire["field"], wire["offset"], wire["bytes"]) == (None, 12, "00")


@pytest.mark.parametrize(
    ("server", "printed", "expected"),
    [
        ("wrong-line", "<-- Somme retournée : 183", "<-- Somme retournée : 182"),
        ("loses-a-line", "--> Premier nombre reçu : 0", "### Traitement de cette requête terminée."),
    ],
)
def test_a_wrong_line_is_placed_beside_what_it_must_be(
    records: dict[str, Record], server: str, printed: str, expected: str
) -> None:
    name = f"addition/{server}/working-client/direct"
    assert _marked(records, name)["server"] == printed
    assert _parting(records, name)["lines"][0]["expected"] == expected
    assert _parting(records, name)["wire"]["field"] == "sum"


def test_a_crash_is_placed_where_it_says_so(records: dict[str, Record]) -> None:
    name = "addition/crashes/working-client/direct"
    assert _marked(records, name)["server"] == "RuntimeError: plus de mémoire"


@pytest.mark.parametrize("server", ["chat-leaves-out-one", "chat-mixes-two", "chat-two-orders"])
def test_a_message_that_went_wrong_is_placed(records: dict[str, Record], server: str) -> None:
    wire = _parting(records, f"chat/{server}/all-python-chat/direct")["wire"]
    assert wire["field"] == "text"
    assert wire["sender"] == ("client" if server == "chat-leaves-out-one" else "server")


def test_what_passed_has_no_such_place(records: dict[str, Record]) -> None:
    for name in CELLS:
        if "working-server" in name or "working-many" in name or "working-chat" in name:
            assert records[name].verdict == "passed"
            assert records[name].content["parting"] is None
            assert records[name].content["mistakes"] == []
