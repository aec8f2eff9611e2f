"""From results folders to pages, without a browser: reading, comparing, telling, and what the page carries."""

from __future__ import annotations

import base64
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

from conformance.report.builder import write_report
from conformance.report.timeline import MANY_ROWS, story
from conformance.report.visible import prose, visible
from conformance.results.comparing import compare
from conformance.results.reading import ReportError, find_results
from tests.cli.pcapng_reader import packets, streams
from tests.conformance.running import ROOT
from tests.report.made_up import case_record, cell_record, write_run

MEGABYTE = 1 << 20


def _command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conformance", "report", *words],
        cwd=ROOT,
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
    assert find_results(tmp_path).folder == latest
    assert find_results(latest).folder == latest


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no run has left its results here"):
        find_results(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "is no JSON"), ("[]", "must be an object, got list"), ("{}", "is no record of a cell or a case")],
)
def test_a_damaged_record_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    run = write_run(tmp_path, [])
    (run / "broken.json").write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=sentence) as raised:
        write_report(run)
    assert "broken.json" in str(raised.value)


def test_records_of_earlier_versions_still_make_a_page(tmp_path: Path) -> None:
    record = cell_record()
    for key in ("began", "mistakes", "parting"):
        del record[key]
    case = {key: value for key, value in case_record("sum").items() if key in ("case", "about", "verdict", "reason")}
    page = write_report(write_run(tmp_path, [record, case]))
    assert "a-server" in page.read_text(encoding="utf-8")


# Comparing -----------------------------------------------------------------------------------------------------------


def test_what_has_changed_since_an_earlier_run() -> None:
    before = {"a": "passed", "b": "failed", "c": "failed", "d": "passed", "e": "skipped", "f": "passed", "g": "passed"}
    now = {"a": "failed", "b": "passed", "c": "failed", "e": "passed", "f": "skipped", "g": "passed", "h": "failed"}
    changes = compare(now, before)
    assert changes.newly_failing == ("a",)
    assert changes.newly_passing == ("b",)
    assert changes.still_failing == ("c",)
    assert changes.appeared == ("e", "h")
    assert changes.vanished == ("d", "f")


# Telling -------------------------------------------------------------------------------------------------------------


def test_a_story_goes_in_the_order_of_time() -> None:
    rows = story(cell_record())["rows"]
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
    first, second, _ = [row for row in story(cell_record())["rows"] if row["k"] == "field"]
    assert first["in"] == [["00000001", 0, 1]]
    assert first["out"] == [["00", 0, 0], ["000001", 0, 1]]
    assert second["in"] == [["0000", 1, 0], ["0002", 0, 0]]
    assert second["out"] == [["0000", 1, 0], ["0002", 0, 0]]
    assert second["w"] == 0.06


def test_bytes_behind_the_last_field_are_a_row() -> None:
    record = cell_record()
    record["conversations"][0]["fields"].pop()
    [left] = [row for row in story(record)["rows"] if row["k"] == "bytes"]
    assert (left["s"], left["n"], left["in"]) == ("server", 4, [["00000003", 0, 0]])


def test_what_never_passed_the_tap_has_no_second_leg() -> None:
    record = cell_record()
    record["wire"] = [event for event in record["wire"] if event["kind"] != "sent"]
    assert all(row["out"] == [] and "w" not in row for row in story(record)["rows"] if row["k"] == "field")


def test_a_field_stands_beside_the_lines_that_tell_of_it() -> None:
    record = cell_record()
    server, client = record["programs"]
    server["console"][0] |= {"at": 0.2, "of": [1, "client", 0]}  # long after
    server["console"].append({"at": 0.2001, "stream": "out", "text": "done", "whole": True, "of": [1]})
    client["console"][0] |= {"at": 0.09, "of": [1, "server", 0]}  # a little before
    moments: dict[int, list[str]] = {}
    for row in story(record)["rows"]:
        moments.setdefault(row["g"], []).append(row.get("f") or row.get("x") or row["k"])
    assert ["first", "--> Premier nombre reçu : 1"] in moments.values()
    assert ["sum", "--> Réponse serveur : 3"] in moments.values()
    assert ["done"] in moments.values()


def test_a_late_line_that_tells_of_no_field_holds_up_none_that_does() -> None:
    record = cell_record()
    server = record["programs"][0]
    server["console"] = [
        {"at": 0.08, "stream": "out", "text": "connected", "whole": True, "of": [1]},
        server["console"][0] | {"of": [1, "client", 0]},
    ]
    [first] = [row["g"] for row in story(record)["rows"] if row.get("f") == "first"]
    assert [row["x"] for row in story(record)["rows"] if row["g"] == first and row["k"] == "line"] == [
        "connected",
        "--> Premier nombre reçu : 1",
    ]


def test_values_are_told_as_text() -> None:
    record = cell_record()
    for field, (kind, value) in zip(
        record["conversations"][0]["fields"],
        [("long", 2**63 - 1), ("UTF", "à\n"), ("bytes", "5 bytes")],
        strict=True,
    ):
        field |= {"type": kind, "value": value}
    told = [row["v"] for row in story(record)["rows"] if row["k"] == "field"]
    assert told == ["9223372036854775807", "“à\n”", "5 bytes"]


def test_of_long_bytes_those_around_the_wrong_one_are_told() -> None:
    record, content = cell_record(verdict="failed", reason="wrong"), bytes(range(200))
    record["wire"][6]["data"] = content.hex()
    record["wire"][7]["size"] = 200
    record["conversations"][0]["fields"][2] |= {"type": "bytes", "value": "200 bytes", "bytes": content.hex()}
    record["parting"] = {
        "at": 0.1,
        "lines": [],
        "wire": {
            "connection": 1,
            "sender": "server",
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
    [row] = [row for row in story(record)["rows"] if row.get("m")]
    assert row["z"] == 142
    assert row["in"] == [[content[142:166].hex(), 1, 0]]


def test_a_long_story_keeps_its_ends_and_what_is_marked() -> None:
    record = cell_record()
    lines = [{"at": 1 + number, "stream": "out", "text": str(number), "whole": True} for number in range(3 * MANY_ROWS)]
    marked = 2 * MANY_ROWS
    record["programs"][0]["console"] = lines
    record["parting"] = {"at": 1, "wire": None, "lines": [{"program": 0, "line": marked, "expected": None}]}
    rows = story(record)["rows"]
    assert len(rows) <= MANY_ROWS
    texts = [row["x"] for row in rows if row["k"] == "line"]
    assert {"0", str(marked - 1), str(marked), str(marked + 1), texts[-1]} <= set(texts)
    assert texts[-1] == str(len(lines) - 1)
    assert sum(row["n"] for row in rows if row["k"] == "gap") + len(texts) == len(lines) + 1


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
    written = {record.name: record.content for record in find_results(page_path.parent).records()}
    carried = {record.get("cell") or record["case"]: record for record in records}
    assert "addition/little-endian/working-client/direct" in carried
    for name, record in carried.items():
        assert record == written[name]
    captures = _carried(page_path, "capture")
    assert {"cell" in record for record in records} == {True, False}, "cells, and cases that failed"
    assert len(captures) == len([record for record in records if record["wire"]])
    for number, capture in enumerate(captures):
        (tmp_path / f"{number}.pcapng").write_bytes(capture)
        assert packets(tmp_path / f"{number}.pcapng")


def test_the_capture_has_the_bytes_and_the_date(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path, [cell_record()]))
    [capture] = _carried(page, "capture")
    (tmp_path / "one.pcapng").write_bytes(capture)
    found = packets(tmp_path / "one.pcapng")
    assert found[0].at == pytest.approx(datetime.fromisoformat("2026-03-02T10:15:00.010+00:00").timestamp())
    sent = {port: bytes(stream.data).hex() for (_, port), stream in streams(found).items()}
    assert sent == {50000: "0000000100000002", 9000: "00000003"}


def test_a_hundred_cells_take_at_most_three_megabytes(tmp_path: Path, page_path: Path) -> None:
    largest = max(page_path.parent.glob("addition/*/*/*.json"), key=lambda path: path.stat().st_size)
    template = json.loads(largest.read_text(encoding="utf-8"))
    records = [
        {**template, "cell": f"addition/server-{number}/client/direct", "server": f"server-{number}"}
        for number in range(100)
    ]
    page = write_report(write_run(tmp_path, records))
    assert page.stat().st_size <= 3_000_000
    assert len(_carried(page, "story")) == 100


def test_ten_megabytes_of_traffic_are_left_in_the_record(tmp_path: Path) -> None:
    record = cell_record(verdict="failed", reason="too much")
    record["wire"].append({**record["wire"][6], "at": 0.12, "data": bytes(range(256)).hex() * 40960})
    page = write_report(write_run(tmp_path, [record]))
    assert page.stat().st_size < MEGABYTE // 4
    assert _carried(page, "record") == []
    assert _carried(page, "capture") == []
    assert 'data-record="0000.json" data-capture="0000.pcapng"' in page.read_text(encoding="utf-8")
    sent = {port: len(stream.data) for (_, port), stream in streams(packets(tmp_path / "0000.pcapng")).items()}
    assert sent == {50000: 8, 9000: 4 + 10 * MEGABYTE}
    [told] = [json.loads(text) for text in _carried(page, "story")]
    assert max(row.get("n", 0) for row in told["rows"]) == 10 * MEGABYTE


def test_where_downloads_take_too_much_those_that_passed_go_first(tmp_path: Path) -> None:
    def noisy(number: int, verdict: str) -> dict[str, Any]:
        record = cell_record(f"addition/s{number}/c/direct", verdict=verdict, reason="wrong")
        noise = random.Random(number).randbytes(30_000)
        return {**record, "wire": [*record["wire"][:-1], {**record["wire"][6], "at": 0.12, "data": noise.hex()}]}

    page = write_report(write_run(tmp_path, [*(noisy(number, "passed") for number in range(40)), noisy(40, "failed")]))
    kept = [json.loads(text)["server"] for text in _carried(page, "record")]
    assert 0 < len(kept) < 41
    assert "s40" in kept
    assert page.stat().st_size <= 3_000_000


def test_of_many_small_conversations_what_stands_around_each_counts_too(tmp_path: Path) -> None:
    def noisy(number: int) -> dict[str, Any]:
        noise = random.Random(number).randbytes(1_000)
        record = cell_record(f"addition/s{number}/c/direct")
        return {**record, "wire": [*record["wire"][:-1], {**record["wire"][6], "at": 0.12, "data": noise.hex()}]}

    page = write_report(write_run(tmp_path, [noisy(number) for number in range(1000)]))
    assert 0 < len(_carried(page, "record")) < 1000
    assert page.stat().st_size <= 3_000_000


def test_every_label_is_used_and_in_both_languages() -> None:
    folder = ROOT / "conformance" / "report" / "page"
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    texts = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix != ".json")
    used = set(re.findall(r"""["'(](\w+)["')]""", texts)) | set(re.findall(r'data-t(?:-label)?="(\w+)"', texts))
    for name, texts_of in labels.items():
        assert name in used or name.startswith("against_"), name
        assert set(texts_of) == {"en", "fr"}
        assert all(texts_of.values()), name


# Rough, and alike ----------------------------------------------------------------------------------------------------


def test_a_rough_case_passed_and_says_how_rough_it_is(tmp_path: Path) -> None:
    rough = case_record("forged", note="rough, as the course's Java is: it shows it", rough="it shows it")
    page = write_report(write_run(tmp_path, [rough, case_record("sum")]))
    text = page.read_text(encoding="utf-8")
    assert "(1&nbsp;≈)" in text
    assert '<b class="rough">1&nbsp;≈</b>' in text
    [told] = [json.loads(packed) for packed in _carried(page, "story")]
    assert (told["verdict"], told["rough"]) == ("rough", "it shows it")


def test_what_failed_alike_is_told_once(tmp_path: Path) -> None:
    wrong = {"verdict": "failed", "reason": "the sum is wrong"}
    records = [
        *(cell_record(f"addition/s/{client}/{network}", **wrong) for client in "ab" for network in ("direct", "slow")),
        *(case_record(f"split/byte-{number}", **wrong) for number in range(5)),
    ]
    text = write_report(write_run(tmp_path, records)).read_text(encoding="utf-8")
    assert text.count('<p class="what">') == 3
    assert "and</span> 4" in text


# The run and the command ---------------------------------------------------------------------------------------------


def test_a_run_in_which_everything_is_skipped_has_its_page(tmp_path: Path) -> None:
    records = [
        cell_record(verdict="skipped", reason="no JDK here"),
        case_record("sum", verdict="skipped", reason="no JDK here"),
    ]
    text = write_report(write_run(tmp_path, records)).read_text(encoding="utf-8")
    assert '<b>2</b> <span lang="en">no JDK here</span>' in text


def test_the_command_makes_the_page_again(page_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    done = _command(str(page_path.parent), "--out", str(out))
    assert (done.returncode, done.stdout.strip()) == (0, str(out)), done.stderr
    assert _carried(out, "story") == _carried(page_path, "story")


def test_the_command_compares(tmp_path: Path) -> None:
    earlier = write_run(tmp_path / "1", [cell_record()])
    later = write_run(tmp_path / "2", [cell_record(verdict="failed", reason="wrong")])
    done = _command(str(later), "--compare", str(earlier))
    assert done.returncode == 0, done.stderr
    text = (later / "report.html").read_text(encoding="utf-8")
    assert "Newly failing</span> <b>1</b>" in text


def test_the_command_says_in_a_sentence_what_is_not_there(tmp_path: Path) -> None:
    done = _command(str(tmp_path))
    assert done.returncode == 2
    assert "no run has left its results here" in done.stderr
    assert "Traceback" not in done.stderr
