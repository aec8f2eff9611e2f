"""Runs in which something is neither right nor wrong: it fails its test, or is let pass and counted apart."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.formatting import catalogue
from tests.conformance.running import HERE, Run, run_matrix

WORDS = catalogue("en")
CLASS = ("--programs", str(HERE / "class_of_eight" / "programs.yaml"), "--backend", "processes", "-v")
RIGHT, SWAPPED, SILENT = (f"addition/ada/{client}/direct" for client in ("emma", "gael", "hana"))
SELECTED = ("-k", "addition/ada and direct and (emma or gael or hana)")


@pytest.fixture(scope="module")
def xml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verdicts") / "tests.xml"


@pytest.fixture(scope="module")
def run(xml: Path) -> Run:
    return run_matrix(xml.parent, *CLASS, *SELECTED, "--junitxml", str(xml))


def words_of(run: Run) -> dict[str, str]:
    """What pytest calls each test, in its own lines."""
    lines = [line.split("::", 1)[1] for line in run.output.splitlines() if line.startswith("conformance/spec/matrix")]
    return {name: word.rpartition("[")[0].strip() for name, _, word in (line.partition(" ") for line in lines)}


def test_each_verdict_is_in_its_record(run: Run) -> None:
    assert {name: record["verdict"] for name, record in run.records.items()} == {
        RIGHT: "passed",
        SWAPPED: "suspicious",
        SILENT: "inconclusive",
    }
    assert all(record["wire_only"] for record in run.records.values())
    assert run.codes() == {RIGHT: None, SWAPPED: "suspicious-values", SILENT: "nothing-said"}
    assert [finding["key"] for finding in run.records[SWAPPED]["diagnosis"]] == ["little-endian-int"]


def test_nobody_is_accused_but_the_two_clients(run: Run) -> None:
    assert {name: record["culprit"] for name, record in run.records.items()} == {
        RIGHT: None,
        SWAPPED: {"role": "client", "name": "gael"},
        SILENT: {"role": "client", "name": "hana"},
    }
    title = WORDS.text("report.run.culprits")
    below = run.output.split(title)[1].partition("short test summary")[0]  # where CI is set, pytest repeats it all
    for name in ("gael", "hana"):
        assert WORDS.text("role.client", {"program": name}) in below
    assert WORDS.text("role.server", {"program": "ada"}) not in below


def test_what_is_neither_right_nor_wrong_fails_the_run(run: Run) -> None:
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert words_of(run) == {
        RIGHT: f"PASSED ({WORDS.text('report.page.wire-only')})",
        SWAPPED: WORDS.text("report.page.suspicious").upper(),
        SILENT: WORDS.text("report.page.inconclusive").upper(),
    }


def test_programs_read_the_verdicts_too(run: Run, xml: Path) -> None:
    tests = ElementTree.parse(xml).iter("testcase")
    told = {test.get("name"): {one.get("name"): one.get("value") for one in test.iter("property")} for test in tests}
    assert {name: properties["verdict"] for name, properties in told.items()} == {
        name: record["verdict"] for name, record in run.records.items()
    }
    assert {properties["wire_only"] for properties in told.values()} == {"True"}


def test_it_may_be_let_pass_and_is_counted_apart(tmp_path: Path) -> None:
    run = run_matrix(tmp_path, *CLASS, *SELECTED, "--allow-suspicious")
    assert run.status == 0, run.output
    last = run.output.splitlines()[-1]
    for counted in ("1 passed", "1 suspicious", "1 inconclusive"):
        assert counted in last
    assert run.records[SILENT]["verdict"] == "inconclusive"
