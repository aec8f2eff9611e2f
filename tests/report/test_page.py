"""From results folders to pages, without a browser: reading, comparing, telling, and what the page carries."""

from __future__ import annotations

import base64
import html
import json
import random
import re
import subprocess
import sys
import zlib
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.problem import Problem
from conformance.agent.tap.conditions import ACTIONS
from conformance.formatting import LANGUAGES, catalogue
from conformance.judge import VERDICTS
from conformance.report.builder import prose, visible, write_report
from conformance.report.capture import write_capture
from conformance.report.layout import Entry, failures
from conformance.report.timeline import MANY_ROWS, timeline
from conformance.results.reading import VERSION, ReportError, compare, find_results, read_record, record_files
from tests.cli.pcapng_reader import packets, streams
from tests.conformance.running import ROOT, environment
from tests.report.made_up import (
    A_FINDING,
    a_problem,
    case_record,
    cell_record,
    entry_of,
    failed,
    line,
    not_passed,
    received,
    sent,
    write_run,
)

MEGABYTE = 1 << 20


def _command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conformance", "report", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _carried(page: Path, kind: str) -> list[bytes]:
    """What the page carries of that kind, unpacked."""
    found = re.findall(rf'<script type="text/plain" class="{kind}"[^>]*>([^<]*)</script>', page.read_text("utf-8"))
    return [zlib.decompress(base64.b64decode(text)) for text in found]


# Reading -------------------------------------------------------------------------------------------------------------


def test_the_latest_run_of_a_folder_is_taken(tmp_path: Path) -> None:
    write_run(tmp_path / "2026-03-01T10-00-00", [])
    latest = write_run(tmp_path / "2026-03-02T10-00-00", [])
    assert find_results(tmp_path) == latest
    assert find_results(latest) == latest


def _refused(folder: Path) -> Problem:
    with pytest.raises(ReportError) as raised:
        write_report(folder)
    return raised.value.problem


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    assert (_refused(tmp_path).code, _refused(tmp_path).values["folder"]) == ("no-results", str(tmp_path))


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        ("{", "results-no-json", None),
        ("[]", "results-damaged", None),
        ("{}", "results-damaged", "version"),
        (json.dumps({**cell_record(), "wire": [{"at": 0}]}), "results-damaged", "connection"),
    ],
)
def test_a_damaged_record_is_named(tmp_path: Path, text: str, code: str, key: str | None) -> None:
    run = write_run(tmp_path, [])
    (run / "broken.json").write_text(text, encoding="utf-8")
    problem = _refused(run)
    assert (problem.code, problem.values.get("key")) == (code, key)
    assert problem.values["file"] == str(run / "broken.json")


def test_of_a_run_with_a_damaged_record_the_rest_is_shown_and_the_page_says_which_is_not(tmp_path: Path) -> None:
    run = write_run(tmp_path, [cell_record()])
    (run / "broken.json").write_text('{"half', encoding="utf-8")
    found: list[Problem] = []
    text = write_report(run, unreadable=found.append).read_text("utf-8")
    assert [(problem.code, problem.values["file"]) for problem in found] == [
        ("results-no-json", str(run / "broken.json"))
    ]
    assert cell_record()["name"] in text
    assert str(run / "broken.json") in text


@pytest.mark.parametrize(("version", "code"), [(1, "results-too-old"), (VERSION + 1, "results-version")])
def test_a_version_that_is_not_read_is_named(tmp_path: Path, version: int, code: str) -> None:
    problem = _refused(write_run(tmp_path, [{**cell_record(), "version": version}]))
    assert (problem.code, problem.values["version"]) == (code, version)
    assert problem.values["file"] == str(tmp_path / "0000.json")


def test_the_facts_of_a_version_that_is_not_read_are_named(tmp_path: Path) -> None:
    problem = _refused(write_run(tmp_path, [], version=VERSION + 1))
    assert (problem.code, problem.values["file"]) == ("results-version", str(tmp_path / "run.json"))


def test_a_key_that_was_added_later_is_no_matter(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path, [{**cell_record(), "weather": "fine"}], mood="good"))
    assert len(_carried(page, "opens")) == 1


# Comparing -----------------------------------------------------------------------------------------------------------


def test_what_has_changed_since_an_earlier_run() -> None:
    before = {"a": "passed", "b": "failed", "c": "failed", "d": "passed", "e": "skipped", "f": "passed", "g": "passed"}
    now = {"a": "failed", "b": "non-strict", "c": "failed", "e": "passed", "f": "skipped", "g": "passed", "h": "failed"}
    before |= {"i": "passed", "j": "suspicious", "k": "passed"}
    now |= {"i": "inconclusive", "j": "suspicious", "k": "error"}
    assert compare(now, before) == {
        "newly-failing": ["a", "i"],
        "newly-passing": ["b"],
        "still-failing": ["c", "j"],
        "appeared": ["e", "h"],
        "vanished": ["d", "f", "k"],
    }


# The timeline --------------------------------------------------------------------------------------------------------


def _rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    return list(timeline(record)["rows"])


def test_rows_stand_in_the_order_of_time() -> None:
    rows = _rows(cell_record())
    assert [row["t"] for row in rows] == sorted(row["t"] for row in rows)
    assert [row.get("f") or row.get("x") for row in rows] == [
        "127.0.0.1:50000",
        "first",
        "second",
        "--> Premier nombre reçu : 1",
        "sum",
        "--> Réponse serveur : 3",
        "",
    ]


def test_fields_are_cut_as_they_travelled_on_each_side_of_the_tap() -> None:
    first, second, _ = [row for row in _rows(cell_record()) if row["k"] == "field"]
    assert first["in"] == [["00000001", 0, 1]]
    assert first["out"] == [["00", 0, 0], ["000001", 0, 1]]
    assert second["in"] == [["0000", 1, 0], ["0002", 0, 0]]
    assert second["out"] == [["0000", 1, 0], ["0002", 0, 0]]
    assert second["w"] == 0.06


def test_bytes_behind_the_last_field_are_a_row() -> None:
    record = cell_record()
    record["conversations"][0]["fields"].pop()
    [left] = [row for row in _rows(record) if row["k"] == "bytes"]
    assert (left["s"], left["n"], left["in"]) == ("server", 4, [["00000003", 0, 0]])


def test_what_never_passed_the_tap_has_no_second_leg() -> None:
    record = cell_record()
    record["wire"] = [event for event in record["wire"] if event["kind"] != "sent"]
    assert all(row["out"] == [] and "w" not in row for row in _rows(record) if row["k"] == "field")


def test_a_field_stands_beside_the_lines_that_tell_of_it() -> None:
    record = cell_record()
    server, client = record["programs"]
    server["console"][0] |= {"at": 0.2, "of": {"connection": 1, "side": "client", "offset": 0}}  # long after
    server["console"].append(line(0.2001, "done", of={"connection": 1}))
    client["console"][0] |= {"at": 0.09, "of": {"connection": 1, "side": "server", "offset": 0}}  # a little before
    moments: dict[int, list[str]] = {}
    for row in _rows(record):
        moments.setdefault(row["g"], []).append(row.get("f") or row.get("x") or row["k"])
    assert ["first", "--> Premier nombre reçu : 1"] in moments.values()
    assert ["sum", "--> Réponse serveur : 3"] in moments.values()
    assert ["done"] in moments.values()


def test_a_late_line_that_tells_of_no_field_holds_up_none_that_does() -> None:
    record = cell_record()
    server = record["programs"][0]
    server["console"] = [
        line(0.08, "connected", of={"connection": 1}),
        server["console"][0] | {"of": {"connection": 1, "side": "client", "offset": 0}},
    ]
    [first] = [row["g"] for row in _rows(record) if row.get("f") == "first"]
    assert [row["x"] for row in _rows(record) if row["g"] == first and row["k"] == "line"] == [
        "connected",
        "--> Premier nombre reçu : 1",
    ]


def test_values_are_texts() -> None:
    record = cell_record()
    for field, (kind, value) in zip(
        record["conversations"][0]["fields"],
        [("long", 2**63 - 1), ("UTF", "à\n"), ("boolean", True)],
        strict=True,
    ):
        field |= {"type": kind, "value": value}
    assert [row["v"] for row in _rows(record) if row["k"] == "field"] == ["9223372036854775807", "à\n", "true"]


def test_of_long_bytes_those_around_the_wrong_one_are_shown() -> None:
    record, content = cell_record(**failed()), bytes(range(200))
    record["wire"][6]["data"] = content.hex()
    record["wire"][7]["size"] = 200
    record["conversations"][0]["fields"][2] |= {"type": "bytes", "value": "200 bytes", "size": 200}
    record["divergence"] = {
        "at": 0.1,
        "lines": [],
        "wire": {
            "connection": 1,
            "side": "server",
            "field": "sum",
            "type": "bytes",
            "value": "200 bytes",
            "bytes": content[142:166].hex(),
            "skipped": 142,
            "size": 200,
            "offset": 0,
            "expected": None,
        },
    }
    [row] = [row for row in _rows(record) if row.get("m")]
    assert row["z"] == 142
    assert row["in"] == [[content[142:166].hex(), 1, 0]]


def test_a_long_timeline_keeps_its_ends_and_what_is_marked() -> None:
    record = cell_record()
    lines = [line(1 + number, str(number)) for number in range(3 * MANY_ROWS)]
    marked = 2 * MANY_ROWS
    record["programs"][0]["console"] = lines
    record["divergence"] = {"at": 1, "wire": None, "lines": [{"program": 0, "line": marked, "expected": None}]}
    rows = _rows(record)
    assert len(rows) <= MANY_ROWS
    texts = [row["x"] for row in rows if row["k"] == "line"]
    assert {"0", str(marked - 1), str(marked), str(marked + 1), texts[-1]} <= set(texts)
    assert texts[-1] == str(len(lines) - 1)
    assert sum(row["n"] for row in rows if row["k"] == "gap") + len(texts) == len(lines) + 1


def test_what_the_record_leaves_out_is_a_gap_and_lines_keep_their_numbers() -> None:
    record = cell_record()
    record["programs"][0]["console"] = [line(0.2, "0"), {"left_out": 7}, line(0.3, "8"), line(0.4, "9")]
    record["divergence"] = {"at": 1, "wire": None, "lines": [{"program": 0, "line": 8, "expected": "eight"}]}
    told = timeline(record)
    assert [row["x"] for row in told["rows"] if row.get("m")] == ["8"]
    assert [row["n"] for row in told["rows"] if row["k"] == "gap"] == [7]
    assert told["divergence"]["lines"] == [{"program": 0, "text": "8", "expected": "eight"}]


def test_behind_a_gap_bytes_are_placed_by_their_offsets() -> None:
    record = cell_record()
    wire = record["wire"]
    record["wire"] = [
        wire[0],
        {"left_out": 4},
        received(0.05, "client", 6, b"\0\2"),
        sent(0.06, "client", 6, 2),
        *wire[6:],
    ]
    record["conversations"][0]["fields"][:2] = [
        {"left_out": 1},
        {**record["conversations"][0]["fields"][1], "offset": 6},
    ]
    record["conversations"][0]["fields"][1] |= {"size": 2, "bytes": "0002"}
    [second, _] = [row for row in _rows(record) if row["k"] == "field"]
    assert (second["in"], second["out"], second["w"]) == ([["0002", 0, 0]], [["0002", 0, 0]], 0.06)


# What hides ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("été 😀", "été 😀"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a\x00\tb", 'a<span class="odd">\\u0000\\t</span>b'),
        ("\u202etxt", '<span class="odd">\\u202E</span>txt'),
        ("\ud800", '<span class="odd">\\uD800</span>'),
        ("\U000e0001", '<span class="odd">\\U000E0001</span>'),
    ],
)
def test_what_would_not_be_seen_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_sentence_has_its_names_in_code() -> None:
    assert prose("the `<sum>` is wrong") == "the <code>&lt;sum&gt;</code> is wrong"


# The page ------------------------------------------------------------------------------------------------------------


class _Addresses(HTMLParser):
    """All that a page would load, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]


def test_the_page_is_one_file_that_needs_no_other(page_path: Path) -> None:
    parser = _Addresses()
    parser.feed(page_path.read_text(encoding="utf-8"))
    assert parser.found
    assert [address for address in parser.found if not address.startswith("#")] == []
    style = page_path.read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_carries_records_as_they_are_and_a_capture_of_each(page_path: Path, tmp_path: Path) -> None:
    records = [json.loads(text) for text in _carried(page_path, "record")]
    written = {record["name"]: record for record in map(read_record, record_files(page_path.parent))}
    carried = {record["name"]: record for record in records}
    assert "addition/little-endian/working-client/direct" in carried
    for name, record in carried.items():
        assert record == written[name]
    captures = _carried(page_path, "capture")
    assert {record["kind"] for record in records} == {"cell", "case"}
    assert len(captures) == len([record for record in records if record["wire"]])
    for number, data in enumerate(captures):
        (tmp_path / f"{number}.pcapng").write_bytes(data)
        assert packets(tmp_path / f"{number}.pcapng")


def test_the_capture_has_the_bytes_and_the_date(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path, [cell_record()]))
    [data] = _carried(page, "capture")
    (tmp_path / "one.pcapng").write_bytes(data)
    found = packets(tmp_path / "one.pcapng")
    assert found[0].at == pytest.approx(datetime.fromisoformat("2026-03-02T10:15:00.010+00:00").timestamp())
    sent = {port: bytes(stream.data).hex() for (_, port), stream in streams(found).items()}
    assert sent == {50000: "0000000100000002", 9000: "00000003"}


def test_a_capture_counts_the_bytes_that_are_left_out(tmp_path: Path) -> None:
    record = cell_record()
    record["wire"] = [record["wire"][0], {"left_out": 3}, received(0.05, "client", 6, b"\0\2")]
    write_capture(record, tmp_path / "one.json")
    found = [packet for packet in packets(tmp_path / "one.pcapng") if packet.source[1] == 50000]
    [last] = [packet for packet in found if packet.data]
    assert last.data == b"\0\2"
    assert last.number == found[0].number + 1 + 6  # behind the SYN, and what is left out


def test_a_hundred_cells_take_at_most_three_megabytes(tmp_path: Path, page_path: Path) -> None:
    largest = max(page_path.parent.glob("addition/*/*/*.json"), key=lambda path: path.stat().st_size)
    template = json.loads(largest.read_text(encoding="utf-8"))
    records = [
        {**template, "name": f"addition/server-{number}/client/direct", "server": f"server-{number}"}
        for number in range(100)
    ]
    page = write_report(write_run(tmp_path, records))
    assert page.stat().st_size <= 3_000_000
    assert len(_carried(page, "opens")) == 100


def test_what_is_too_large_for_the_page_stands_beside_it(tmp_path: Path) -> None:
    record = cell_record(**failed())
    noise = random.Random(0).randbytes(MEGABYTE)
    record["wire"].append(received(0.12, "server", 4, noise))
    page = write_report(write_run(tmp_path, [record]))
    assert page.stat().st_size < MEGABYTE // 4
    assert _carried(page, "record") == []
    assert _carried(page, "capture") == []
    assert 'data-record="0000.json" data-capture="0000.pcapng"' in page.read_text(encoding="utf-8")
    sizes = {port: len(stream.data) for (_, port), stream in streams(packets(tmp_path / "0000.pcapng")).items()}
    assert sizes == {50000: 8, 9000: 4 + MEGABYTE}
    [told] = [json.loads(text) for text in _carried(page, "opens")]
    assert max(row.get("n", 0) for row in told["rows"]) == MEGABYTE


def test_rendering_writes_the_page_and_nothing_else(tmp_path: Path) -> None:
    record = cell_record(**failed())
    record["wire"].append(received(0.12, "server", 4, random.Random(0).randbytes(MEGABYTE)))
    run = write_run(tmp_path / "run", [record, case_record("sum"), case_record("split", **failed())])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    out = write_report(run, tmp_path / "page" / "report.html")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != out} == before


def test_where_downloads_take_too_much_those_that_passed_go_first(tmp_path: Path) -> None:
    def noisy(number: int, verdict: str) -> dict[str, Any]:
        record = cell_record(f"addition/s{number}/c/direct", **(failed() if verdict == "failed" else {}))
        noise = random.Random(number).randbytes(30_000)
        return {**record, "wire": [*record["wire"][:-1], received(0.12, "server", 4, noise)]}

    page = write_report(write_run(tmp_path, [*(noisy(number, "passed") for number in range(40)), noisy(40, "failed")]))
    kept = [json.loads(text)["server"] for text in _carried(page, "record")]
    assert 0 < len(kept) < 41
    assert "s40" in kept
    assert page.stat().st_size <= 3_000_000


def test_of_many_small_conversations_what_stands_around_each_counts_too(tmp_path: Path) -> None:
    def noisy(number: int) -> dict[str, Any]:
        record = cell_record(f"addition/s{number}/c/direct")
        noise = random.Random(number).randbytes(1_000)
        return {**record, "wire": [*record["wire"][:-1], received(0.12, "server", 4, noise)]}

    page = write_report(write_run(tmp_path, [noisy(number) for number in range(1000)]))
    assert 0 < len(_carried(page, "record")) < 1000
    assert page.stat().st_size <= 3_000_000


def test_every_text_of_the_page_is_used_and_in_both_languages() -> None:
    folder = ROOT / "conformance" / "report" / "page"
    texts = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    used = set(re.findall(r"""["'(`]([\w-]+)["')`]""", texts))
    made = {
        f"{start}-{side}"
        for start in ("against", "place", "opened", "end", "reset", "refused")
        for side in ("client", "server")
    }
    made |= {f"{start}-{what}" for start in ("understood", "divergence") for what in ("all", "some", "wire")}
    made |= {f"{verdict}-about" for verdict in ("suspicious", "inconclusive", "error")}
    made |= {f"cut-{action}" for action in ACTIONS}
    made |= {"likely", "possible"}  # how certain a finding is
    made |= {f"n-{verdict}" for verdict in VERDICTS}
    english, french = (catalogue(language).templates("report.page.") for language in LANGUAGES)
    assert english.keys() == french.keys()
    assert english.keys() <= used | made | compare({}, {}).keys()
    assert set(re.findall(r"""\Wt\("([\w-]+)\"""", texts)) | set(
        re.findall(r'data-t(?:-label)?="([\w-]+)"', texts)
    ) <= {*english, "against-", "n-"}


def test_every_verdict_has_its_sign_and_its_name() -> None:
    folder = ROOT / "conformance" / "report" / "page"
    signs = re.search(r"set signs = ({.*?})", (folder / "overview.html.j2").read_text(encoding="utf-8"))
    assert signs is not None
    of_verdicts = json.loads(signs[1])
    assert of_verdicts.keys() == set(VERDICTS)
    assert len(set(of_verdicts.values())) == len(VERDICTS)
    drawn = re.search(r"SIGNS = {(.*?)}", (folder / "report.js").read_text(encoding="utf-8"), re.DOTALL)
    assert drawn is not None
    of_opened = dict(re.findall(r'"?([\w-]+)"?: "(.)"', drawn[1]))
    assert of_opened == {name: of_verdicts[name] for name in of_opened}
    assert set(VERDICTS) - of_opened.keys() == {"skipped", "unsupported"}  # which do not open
    assert catalogue("en").templates("report.page.").keys() >= set(VERDICTS)


def test_what_is_wrong_stands_there_in_every_language(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path, [cell_record(**failed())]))
    [told] = [json.loads(text) for text in _carried(page, "opens")]
    assert set(told["problems"][0]) == set(LANGUAGES)
    assert told["problems"][0]["en"] != told["problems"][0]["fr"]
    parts = {language: _of_language(page.read_text(encoding="utf-8"), language) for language in LANGUAGES}
    assert all(told["problems"][0][language].replace("`", "") in parts[language] for language in LANGUAGES)


def _of_language(text: str, language: str) -> list[str]:
    found = re.findall(rf'<span class="in-{language}" lang="{language}">(.*?)</span>', text)
    return [html.unescape(re.sub("<[^>]*>", "", part)) for part in found]


# Non-strict, and alike -----------------------------------------------------------------------------------------------


def test_a_non_strict_case_passed_and_says_what_it_did(tmp_path: Path) -> None:
    allowed = {"en": "it shows it", "fr": "il le montre"}
    record = case_record("forged", verdict="non-strict", non_strict=entry_of(a_problem("it showed it")))
    record["case"]["non_strict"] = allowed
    page = write_report(write_run(tmp_path, [record, case_record("sum")]))
    text = page.read_text(encoding="utf-8")
    assert "(1&nbsp;≈)" in text
    assert '<b class="non-strict">1&nbsp;≈</b>' in text
    [told] = [json.loads(packed) for packed in _carried(page, "opens")]
    assert (told["verdict"], told["allowed"], told["problems"][0]["fr"]) == ("non-strict", allowed, "it showed it")


def test_what_failed_alike_is_shown_once(tmp_path: Path) -> None:
    records = [
        *(
            cell_record(f"addition/s/{client}/{network}", **failed())
            for client in "ab"
            for network in ("direct", "slow")
        ),
        *(case_record(f"split/byte-{number}", **failed()) for number in range(5)),
    ]
    text = write_report(write_run(tmp_path, records)).read_text(encoding="utf-8")
    assert text.count('<p class="what">') == 1
    assert text.count('<li class="meeting">') == 3
    assert 'data-t="and-cases" data-count="4"' in text


def test_what_did_not_pass_stands_with_the_program_whose_mistake_it_is(tmp_path: Path) -> None:
    ada, emma = {"role": "server", "name": "ada"}, {"role": "client", "name": "emma"}
    diagnosis = [{**A_FINDING, "side": "client"}]
    records = [
        cell_record("addition/ada/otto/direct", **failed(), culprit=ada),
        *(
            cell_record(f"addition/{server}/emma/direct", **failed(), culprit=emma, diagnosis=diagnosis)
            for server in ("ada", "bert")
        ),
        cell_record("addition/carl/emma/direct", **failed(), culprit=emma),
        cell_record("addition/bert/emma/slow", **not_passed("inconclusive", "nothing-said"), culprit=emma),
        cell_record("addition/bert/otto/slow", **not_passed("error", "harness-port")),
    ]
    run = write_run(tmp_path, records)
    entries = [Entry.of(record) for record in map(read_record, record_files(run))]
    assert [
        (culprit, [(cause.first.verdict, cause.first.cause, cause.cells) for cause in causes])
        for culprit, causes in failures(entries)
    ] == [
        (
            ("client", "emma"),
            [("failed", "little-endian-int", 2), ("failed", "wrong-value", 1), ("inconclusive", "nothing-said", 1)],
        ),
        (("server", "ada"), [("failed", "wrong-value", 1)]),
        (("harness", ""), [("error", "harness-port", 1)]),
    ]
    text = write_report(run).read_text(encoding="utf-8")
    [told] = {entry.mistake["en"] for entry in entries if entry.mistake}
    of_emma = text.split('<p class="whose"><b lang="en">emma</b>')[1].split('<p class="whose">')[0]
    assert of_emma.index(html.escape(told, quote=False)) < of_emma.index('lang="en">the server')
    assert f">{catalogue('en').text('report.page.possible')}<" in of_emma
    assert "ada" in text.split('<p class="whose">')[2]


def test_what_is_not_well_is_counted_and_found(tmp_path: Path) -> None:
    records = [
        cell_record(f"addition/s/{verdict}/direct", verdict=verdict, problems=[entry_of(a_problem(verdict))])
        for verdict in VERDICTS
    ]
    text = write_report(write_run(tmp_path, records)).read_text(encoding="utf-8")
    for verdict in VERDICTS:
        assert f'<option value="{verdict}" data-t="{verdict}">' in text
        assert f'data-verdict="{verdict}"' in text
    assert 'data-t="n-inconclusive"' in text


@pytest.mark.parametrize(
    ("wire_only", "compared", "agreed"),
    [(False, [True, True], "all"), (False, [True, False], "some"), (True, [False, False], "wire")],
)
def test_nobody_says_that_consoles_agree_that_were_not_compared(
    tmp_path: Path, wire_only: bool, compared: list[bool], agreed: str
) -> None:
    record = cell_record(wire_only=wire_only)
    for program, one in zip(record["programs"], compared, strict=True):
        program["compared"] = one
    page = write_report(write_run(tmp_path, [record]))
    [told] = [json.loads(packed) for packed in _carried(page, "opens")]
    assert told["agreed"] == agreed
    assert ('class="mark passed wire-only"' in page.read_text(encoding="utf-8")) == wire_only


# Runs of the version before ------------------------------------------------------------------------------------------


def test_a_run_of_version_2_is_read(tmp_path: Path) -> None:
    accepted = case_record("forged", verdict="non-strict", non_strict=entry_of(a_problem("it showed it")))
    old = [_of_version_2(record) for record in (cell_record(), accepted, case_record("split", **failed()))]
    run = write_run(tmp_path, old, version=2)
    read = list(map(read_record, record_files(run)))
    assert [record["verdict"] for record in read] == ["passed", "non-strict", "failed"]
    assert [record["version"] for record in read] == [VERSION] * 3
    told = [json.loads(packed) for packed in _carried(write_report(run), "opens")]
    assert [one["agreed"] for one in told if one["verdict"] == "passed"] == ["some"]  # nobody knows which


def _of_version_2(record: dict[str, Any]) -> dict[str, Any]:
    old = {name: value for name, value in record.items() if name not in ("wire_only", "culprit")}
    old["verdict"] = "passed" if old["verdict"] == "non-strict" else old["verdict"]
    for program in old["programs"]:
        del program["compared"]
    return old | {"version": 2}


# The run and the command ---------------------------------------------------------------------------------------------


def test_a_run_in_which_everything_is_skipped_has_its_page(tmp_path: Path) -> None:
    skipped = {"verdict": "skipped", "problems": [entry_of(a_problem("no JDK here"))], "programs": [], "wire": []}
    records = [
        {**cell_record(), **skipped},
        {**case_record("sum"), **skipped},
    ]
    text = write_report(write_run(tmp_path, records)).read_text(encoding="utf-8")
    assert '<b>2</b> <span class="in-en" lang="en">no JDK here</span>' in text


def test_the_command_makes_the_page_again(page_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    done = _command(str(page_path.parent), "--out", str(out))
    assert (done.returncode, done.stdout.strip()) == (0, str(out)), done.stderr
    assert _carried(out, "opens") == _carried(page_path, "opens")


def test_the_command_compares(tmp_path: Path) -> None:
    earlier = write_run(tmp_path / "1", [cell_record()])
    later = write_run(tmp_path / "2", [cell_record(**failed())])
    done = _command(str(later), "--compare", str(earlier))
    assert done.returncode == 0, done.stderr
    text = (later / "report.html").read_text(encoding="utf-8")
    assert re.search(r'data-t="newly-failing">[^<]*</span> <b>1</b>', text)


def test_the_command_says_in_a_sentence_what_is_not_there(tmp_path: Path) -> None:
    done = _command(str(tmp_path))
    assert done.returncode == 2
    assert catalogue("en").text("problem.no-results", {"folder": tmp_path, "facts": "run.json"}) in done.stderr
    assert "Traceback" not in done.stderr
