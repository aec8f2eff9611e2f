"""What is known to fail, to be flaky or not to be supported; what is written of it; and repetitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.formatting import catalogue
from conformance.model.known import Known, Observed, load_known, update_known
from conformance.model.yaml_file import YamlError
from tests.conformance.running import HERE, Run, run_matrix

WRONG = "addition/little-endian/python-simple"
RIGHT = "addition/python-simple/python-simple"
BROKEN = ("--backend", "processes", "--programs", str(HERE / "broken" / "programs.yaml"))

FILE = """\
# What we know of the class.

failing:
  # Waits for an answer by mail.
  addition/denis/*: he reads lines   # since October
  addition/gael/emma/direct: "low byte first"

flaky:
  chat/*/slow: loses a message
unsupported: {case/chat/server/mine/emoji: ASCII only}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "known.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def kinds(file: Path) -> dict[str, str]:
    return {entry.pattern: entry.kind for entry in load_known([file]).entries}


# The file ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("addition/denis/emma/direct", "failing"),
        ("addition/gael/emma/direct", "failing"),
        ("addition/gael/emma/slow", None),
        ("chat/mine/mixed/slow", "flaky"),
        ("case/chat/server/mine/emoji", "unsupported"),
    ],
)
def test_a_pattern_is_as_in_a_shell(file: Path, name: str, kind: str | None) -> None:
    entry = load_known([file]).of(name)
    assert (entry and entry.kind) == kind


def test_the_name_itself_goes_before_patterns(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    path.write_text("unsupported: {a/*: one}\nfailing: {a/b: two}\n", encoding="utf-8")
    known = load_known([path])
    assert [entry.kind for name in ("a/b", "a/c") if (entry := known.of(name))] == ["failing", "unsupported"]
    assert Known().of("a/b") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("failling: {a: b}", "unknown key 'failling'; did you mean 'failing'?"),
        ("failing: [a]", "failing: must be a mapping of keys to values, got ['a']"),
        ("failing: {a: }", "failing.a: must be a valid string, got None"),
        ("failing: {a: ' '}", "failing: 'a' needs its reason"),
        ("failing: {a: b}\nflaky: {a: c}", "flaky.a: stands under failing too"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "known.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(YamlError) as raised:
        load_known([path])
    assert str(raised.value) == f"{path}: {sentence}"


def test_a_mistake_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    path.write_text("failing:\n  a: b\n   c: d\n", encoding="utf-8")
    run = run_matrix(tmp_path / "results", "--collect-only", "--known", str(path))
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert f"{path}, line 3: " in run.output


def test_an_entry_that_fits_nothing_is_found(file: Path) -> None:
    known = load_known([file])
    names = ["addition/denis/emma/direct", "chat/mine/mixed/slow"]
    assert [entry.pattern for entry in known.unused(names)] == ["addition/gael/emma/direct"]
    names.append("case/chat/server/mine/plain")
    assert {entry.pattern for entry in known.unused(names)} == {
        "addition/gael/emma/direct",
        "case/chat/server/mine/emoji",
    }


# Updating it ---------------------------------------------------------------------------------------------------------

FAILS, PASSES, VARIES = Observed("fails", 'says "no": twice'), Observed("passes"), Observed("varies", "at times")


def test_an_update_of_what_is_as_declared_changes_nothing(file: Path) -> None:
    observed = {"addition/denis/emma/slow": FAILS, "chat/mine/mixed/slow": PASSES, "addition/ada/emma/slow": PASSES}
    assert update_known(file, observed) == (0, 0)
    assert file.read_text(encoding="utf-8") == FILE


def test_an_update_keeps_reasons_and_comments(file: Path) -> None:
    observed = {
        "addition/denis/emma/direct": FAILS,
        "addition/denis/emma/slow": PASSES,
        "addition/gael/emma/direct": PASSES,
        "addition/hana/emma/a case with spaces": FAILS,
        "addition/ada/emma/slow": VARIES,
        "chat/mine/mixed/slow": VARIES,
    }
    assert update_known(file, observed) == (3, 2)
    text = file.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.strip().startswith("#")] == [
        "# What we know of the class.",
        "  # Waits for an answer by mail.",
    ]
    assert kinds(file) == {
        "addition/denis/emma/direct": "failing",
        "addition/hana/emma/a case with spaces": "failing",
        "addition/ada/emma/slow": "flaky",
        "chat/*/slow": "flaky",
        "case/chat/server/mine/emoji": "unsupported",
    }
    reasons = {entry.pattern: entry.reason for entry in load_known([file]).entries}
    assert reasons["addition/denis/emma/direct"] == "he reads lines"
    assert reasons["addition/hana/emma/a case with spaces"] == FAILS.reason
    assert update_known(file, observed) == (0, 0)


def test_an_update_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    assert update_known(path, {"a/b": FAILS, "a/c": PASSES, "a/d": VARIES}) == (2, 0)
    assert kinds(path) == {"a/b": "failing", "a/d": "flaky"}
    assert update_known(path, {"a/b": PASSES}) == (0, 1)
    assert kinds(path) == {"a/d": "flaky"}
    assert update_known(path, {"a/b": FAILS}) == (1, 0)
    assert kinds(path) == {"a/b": "failing", "a/d": "flaky"}


def test_entries_on_one_line_cannot_be_updated(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    path.write_text("failing: {a: b}\n", encoding="utf-8")
    with pytest.raises(YamlError, match="failing: each entry must have a line of its own"):
        update_known(path, {"c": FAILS})


# Runs ----------------------------------------------------------------------------------------------------------------


def test_what_is_known_to_fail_fails_no_run_and_what_is_stale_does(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    path.write_text(
        f"failing: {{{WRONG}/*: low byte first, {RIGHT}/direct: I thought so}}\n"
        f"flaky: {{{RIGHT}/coalesced: never seen}}\n"
        f"unsupported: {{{RIGHT}/slow: too slow for us, {RIGHT}/sloow: a slip}}\n",
        encoding="utf-8",
    )
    chosen = f"{WRONG}/direct or ({RIGHT}/ and not rough)"
    run = run_matrix(tmp_path / "results", *BROKEN, "--known", str(path), "-k", chosen)
    assert {name: record["verdict"] for name, record in run.records.items()} == {
        f"{WRONG}/direct": "known",
        f"{RIGHT}/direct": "failed",
        f"{RIGHT}/byte-by-byte": "passed",
        f"{RIGHT}/coalesced": "passed",
        f"{RIGHT}/slow": "unsupported",
    }
    assert run.codes()[f"{WRONG}/direct"] == "wrong-value"  # nothing is hidden
    assert run.codes()[f"{RIGHT}/direct"] == "stale-known"
    assert run.codes()[f"{RIGHT}/slow"] == "unsupported"
    assert run.records[f"{WRONG}/direct"]["declared"]["reason"] == "low byte first"
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 2 passed, 1 skipped" in run.output
    assert "1 xfailed" in run.output
    told = {"file": path, "pattern": f"{RIGHT}/sloow"}
    assert catalogue("en").text("report.run.known-unused", told) in run.output

    again = run_matrix(tmp_path / "again", *BROKEN, "--known", str(path), "-k", f"{WRONG}/direct or {RIGHT}/slow")
    assert again.status == pytest.ExitCode.OK


def test_a_run_writes_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    options = (*BROKEN, "--update-known", str(path), "-k", f"{WRONG}/direct or {RIGHT}/direct")
    assert run_matrix(tmp_path / "first", *options).status == pytest.ExitCode.TESTS_FAILED
    assert kinds(path) == {f"{WRONG}/direct": "failing"}
    assert run_matrix(tmp_path / "second", *options).status == pytest.ExitCode.OK
    assert kinds(path) == {f"{WRONG}/direct": "failing"}


ALTERNATES = """
import pathlib, runpy, sys
seen = pathlib.Path(__file__).with_name("seen")
if seen.exists():
    seen.unlink()
    sys.exit("not this time")
seen.touch()
sys.argv = ["pyserver", "simple", "--port", sys.argv[1]]
runpy.run_module("pyserver", run_name="__main__")
"""


@pytest.fixture
def alternating(tmp_path: Path) -> tuple[str, ...]:
    """The options for a server that ends at once every other time."""
    folder = tmp_path / "alternating"
    folder.mkdir()
    (folder / "server.py").write_text(ALTERNATES, encoding="utf-8")
    (folder / "programs.yaml").write_text(
        "servers: {alternates: {protocol: addition, console: simple-server, language: python, folder: .,"
        ' command: [python3, server.py, "{port}"]}}\n',
        encoding="utf-8",
    )
    return ("--backend", "processes", "--workers", "1", "--programs", str(folder / "programs.yaml"))


CELL = "addition/alternates/python-simple/direct"


def repeated(results: Path, *options: str) -> Run:
    return run_matrix(results, *options, "--repeat", "4", "-k", f"{CELL} or {RIGHT}/direct")


def test_what_passes_at_times_is_flaky_and_does_not_pass(tmp_path: Path, alternating: tuple[str, ...]) -> None:
    run = repeated(tmp_path / "results", *alternating)
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert run.records[CELL]["verdict"] == "flaky"
    assert run.records[CELL]["repetitions"] == {"passed": 2, "failed": 2}
    assert run.codes()[CELL] == "never-listened"
    assert "failed 2 of 4" in run.output
    assert run.records[f"{RIGHT}/direct"]["verdict"] == "passed"
    assert run.records[f"{RIGHT}/direct"]["repetitions"] == {"passed": 4}


def test_what_is_declared_flaky_fails_no_run_and_is_counted(tmp_path: Path, alternating: tuple[str, ...]) -> None:
    path = tmp_path / "known.yaml"
    path.write_text(f"flaky: {{{CELL}: every other time}}\n", encoding="utf-8")
    run = repeated(tmp_path / "results", *alternating, "--known", str(path))
    assert run.status == pytest.ExitCode.OK, run.output
    assert run.records[CELL]["verdict"] == "flaky"
    assert "1 passed" in run.output
    assert "1 xfailed" in run.output


def test_what_fails_at_times_is_not_known_to_fail(tmp_path: Path, alternating: tuple[str, ...]) -> None:
    path = tmp_path / "known.yaml"
    path.write_text(f"failing:\n  {CELL}: always\n", encoding="utf-8")
    run = repeated(tmp_path / "results", *alternating, "--update-known", str(path))
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert run.records[CELL]["verdict"] == "flaky"
    assert kinds(path) == {CELL: "flaky"}
