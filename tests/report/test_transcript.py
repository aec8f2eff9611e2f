"""What the terminal shows of a failure, and the table at the end; and the record of the same cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.problem import Problem, Where
from conformance.agent.recording import Recording
from conformance.decoder import read_conversations
from conformance.diagnosis import Finding
from conformance.diagnosis.finding import Certainty
from conformance.diagnosis.readers import CaseEvidence, Cut, Delivery
from conformance.formatting import LANGUAGES, catalogue, sentence
from conformance.formatting.errors import error_texts
from conformance.formatting.findings import explain
from conformance.judge import VERDICTS, ProcessResult, Verdict, VerdictName, judge
from conformance.model import Program
from conformance.model.cells import Cell, all_cells
from conformance.model.error_messages import explain_error
from conformance.pytest_plugin.terminal import Reported, culprit_lines, status_of, summary_lines, transcript
from conformance.report.layout import Entry
from conformance.results.analysis import analyse
from conformance.results.records import Records, skipped, to_record
from conformance.runner.cell_run import CellResult
from tests.conformance.building import ADDITION, REGISTRY, Part, addition, events, ints, printed, utf

CELLS = {cell.name: cell for cell in all_cells(REGISTRY, {})}
CELL = CELLS["addition/python-simple/python-simple/direct"]
WORDS = catalogue("en")


def result(parts: Sequence[Part], server: Sequence[str] = ("bonjour",)) -> CellResult:
    """A cell in which this passed, one second after the other, from the tenth second on."""
    recording = Recording(events(parts, began=10.0))
    ours = ProcessResult(CELL.server, printed(server, ["oups"]), None, 20001)
    theirs = ProcessResult(CELL.clients[0], printed(["au revoir"]), 3, 20002)
    verdict = judge(read_conversations(ADDITION, recording), ours, [theirs], 1)
    return CellResult(CELL, verdict, recording, [ours, theirs], 10.0, 2.5, {"server": 0.25})


def wrong() -> CellResult:
    return result([*addition((84, 98))[:-1], (SERVER, ints(183))])


def shown(cell: CellResult) -> str:
    return transcript(analyse(cell), WORDS)


# To a person ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_problem_comes_first_and_then_the_others(language: str) -> None:
    words = catalogue("fr" if language == "fr" else "en")
    cell = wrong()
    first, second, *_ = (sentence(problem, words) for problem in cell.verdict.problems)
    told = transcript(analyse(cell), words).splitlines()
    assert cell.verdict.problems[0].code == "wrong-value"
    assert told[:2] == [first, words.text("report.transcript.also", {"sentence": second})]


def test_the_wire_is_decoded_with_its_times() -> None:
    told = shown(wrong())
    connection = WORDS.text("report.transcript.connection", {"number": 1})
    assert f"\n{WORDS.text('report.transcript.wire')}\n  {connection}\n" in told
    assert "     1000.0  client  UTF address = '127.0.0.1'   00 09 31 32 37 2E 30 2E 30 2E 31\n" in told
    assert "     4000.0  server  int sum = 183   00 00 00 B7\n" in told
    assert f"     5000.0  client  {WORDS.text('report.transcript.end')}\n" in told


def test_bytes_that_could_not_be_read_are_shown() -> None:
    told = shown(result([(CLIENT, utf("::1")), (CLIENT, b"\0\0\1"), (SERVER, b"\x2a")]))
    for side, raw in (("client", b"\0\0\1"), ("server", b"\x2a")):
        assert f"{side}  {WORDS.text('report.transcript.unread', {'raw': raw})}\n" in told


def test_an_error_on_the_console_of_who_did_wrong_is_explained_and_no_other() -> None:
    line = "gone: java.io.EOFException"
    (error,) = explain_error(line)
    values = {"line": line, "told": " ".join(error_texts(error, WORDS).values())}
    explained = WORDS.text("report.transcript.explained", values)
    by_server = result([*addition((84, 98))[:-1], (SERVER, ints(183))], server=[line])
    assert analyse(by_server).culprit == by_server.results[0].program
    assert shown(by_server).splitlines().count(explained) == 1
    by_client = wrong()
    by_client.results[1] = replace(by_client.results[1], lines=printed([line]))
    assert explained not in shown(by_client).splitlines()


def _console(who: str, ended: str, **values: object) -> str:
    return WORDS.text(f"report.transcript.console.{ended}", {"who": WORDS.text(f"side.{who}"), **values})


def test_both_consoles_are_shown_with_their_ends() -> None:
    told = shown(wrong())
    assert f"\n{_console('server', 'stopped', name='python-simple')}\n" in told
    assert "[err] oups\n" in told
    last = _console("client", "ended", name="python-simple", status=3)
    assert told.endswith(f"\n{last}\n   -10000.0  [out] au revoir")


def test_a_console_without_a_line_says_so() -> None:
    silent = ProcessResult(CELL.server, [], None, 1)
    problem = Problem("wrong-connections", values={"made": 0, "wanted": 1})
    empty = CellResult(CELL, Verdict((problem,), []), Recording(), [silent], 0.0, 0.0, {})
    nothing = WORDS.text("report.transcript.nothing")
    assert shown(empty).endswith(f"{_console('server', 'stopped', name='python-simple')}\n  {nothing}")


def test_what_is_long_loses_its_middle() -> None:
    told = shown(result([], server=[f"ligne {number}" for number in range(100)])).splitlines()
    assert f"  {WORDS.text('report.transcript.more', count=41)}" in told
    assert any(line.endswith("ligne 0") for line in told)
    assert not any(line.endswith("ligne 50") for line in told)


# To a program --------------------------------------------------------------------------------------------------------


def test_the_record_of_a_cell(tmp_path: Path) -> None:
    path = Records(tmp_path).write(to_record(analyse(wrong())))
    assert path.name == "direct.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["kind"], record["name"]) == ("cell", "addition/python-simple/python-simple/direct")
    assert (record["protocol"], record["server"], record["clients"], record["network"]) == (
        "addition",
        "python-simple",
        "python-simple",
        "direct",
    )
    assert record["verdict"] == "failed"
    assert record["problems"][0]["code"] == "wrong-value"
    assert record["problems"][0]["at"] == 4.0
    assert (record["seconds"], record["phases"]) == (2.5, {"server": 0.25})
    server, client = record["programs"]
    assert (server["role"], server["port"], server["status"]) == ("server", 20001, None)
    assert server["console"][0].items() >= {"at": -10.0, "stream": "out", "text": "bonjour", "whole": True}.items()
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
        "side": "server",
        "field": "sum",
        "type": "int",
        "value": 183,
        "offset": 0,
        "size": 4,
        "bytes": "000000b7",
    }
    assert conversation["problems"] == [record["problems"][0]]


def test_a_record_reads_back_as_the_problems_that_it_was_made_of() -> None:
    cell = wrong()
    entries = to_record(analyse(cell))["problems"]
    problems = [Problem.from_json(entry) for entry in entries if "code" in entry]
    assert [(one.code, one.where, one.values) for one in problems] == [
        (one.code, one.where, one.values) for one in cell.verdict.problems
    ]


def test_the_record_of_what_was_skipped() -> None:
    record = skipped(CELL, Problem("cannot-run-here", values={"reason": "no JDK"}))
    assert (record["verdict"], record["name"], record["began"], record["wire"]) == ("skipped", CELL.name, None, [])
    assert [entry["code"] for entry in record["problems"] if "code" in entry] == ["cannot-run-here"]


def test_the_record_of_half_a_character(tmp_path: Path) -> None:
    """A lone surrogate is legal in writeUTF; a record that holds one must still be a file that can be read."""
    path = Records(tmp_path).write(to_record(analyse(result([(CLIENT, utf("\ud83d"))]))))
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["conversations"][0]["fields"][0]["value"] == "\ud83d"


# In the table --------------------------------------------------------------------------------------------------------


def cells(server: str, client: str) -> list[Cell]:
    return [
        CELLS[f"addition/{server}/{client}/{network}"] for network in ("direct", "byte-by-byte", "coalesced", "slow")
    ]


def test_servers_stand_down_and_clients_across() -> None:
    reported = [Reported(cell, "passed") for cell in cells("java-SimpleServer", "python-simple")]
    verdicts: tuple[VerdictName, ...] = ("passed", "failed", "skipped", "failed")
    reported += map(Reported, cells("java-SimpleServer", "java-SimpleClient"), verdicts)
    reported += [Reported(CELLS["chat/python-chat/mixed/slow"], "passed")]
    reported += [Reported(cells("python-async", "python-simple")[0], "skipped")]
    one, four, skips = (
        WORDS.text(f"report.run.{name}", count=count) for name, count in (("passed", 1), ("passed", 4), ("skipped", 1))
    )
    failed = WORDS.text("report.run.failed-in", {"networks": "byte-by-byte slow"})
    lines = summary_lines(reported, WORDS)
    assert [" ".join(line.split()) for line in lines] == [
        "",
        "addition python-simple java-SimpleClient",
        f"java-SimpleServer {four} {one}, {failed}, {skips}",
        f"python-async {skips} -",
        "",
        "chat mixed",
        f"python-chat {one}",
    ]
    assert lines[1].index("java-SimpleClient") == lines[2].index(f"{one}, {failed}") == lines[3].index("-", 13)


def test_every_verdict_has_its_name_in_the_table() -> None:
    four = cells("python-simple", "python-simple")
    verdicts: tuple[VerdictName, ...] = ("inconclusive", "suspicious", "error", "passed")
    [_, _, row] = summary_lines(map(Reported, four, verdicts), WORDS)
    for cell, verdict in zip(four[:3], verdicts, strict=False):
        assert WORDS.text(f"report.run.{verdict}-in", {"networks": cell.network_name}) in row
    [_, _, row] = summary_lines([Reported(cell, "passed", wire_only=True) for cell in four], WORDS)
    assert row.endswith(WORDS.text("report.run.passed.wire-only", count=4))
    for verdict in VERDICTS:
        [_, _, row] = summary_lines([Reported(four[0], verdict)], WORDS)
        assert row.removeprefix(four[0].server.name).strip()


# Whose mistake -------------------------------------------------------------------------------------------------------


def not_passed(cell: Cell, verdict: VerdictName, code: str, culprit: Program | None, **more: Any) -> Reported:
    values = {"role": "client", "wanted": 3, "asked": 1, "reason": "so it is"}
    return Reported(
        cell, verdict, False, culprit, problem=Problem(code, Where(1, CLIENT, program="it"), values), **more
    )


def test_what_did_not_pass_stands_by_whose_mistake_it_is() -> None:
    first, second, third, fourth = cells("java-SimpleServer", "python-simple")
    hers, his = first.server, first.clients[0]
    low = Finding("little-endian-int", CLIENT, (1,), certainty="likely")
    lines = culprit_lines(
        [
            not_passed(first, "failed", "ended-before-input", hers),
            not_passed(second, "suspicious", "suspicious-values", his, finding=low),
            not_passed(third, "suspicious", "suspicious-values", his, finding=low),
            not_passed(fourth, "error", "harness-failed", None),
            not_passed(fourth, "inconclusive", "nobody-typed", None),
            Reported(first, "passed"),
            Reported(first, "skipped"),
        ],
        WORDS,
    )
    who = [WORDS.text(f"role.{program.role}", {"program": program.name}) for program in (his, hers)]
    who += [WORDS.text(f"report.page.{name}") for name in ("harness", "culprit-unknown")]
    assert [line.startswith(f"{name}: ") for line, name in zip(lines, who, strict=True)] == [True] * 4
    assert WORDS.text("finding.little-endian-int.title") in lines[0]
    for line, count, cell in zip(lines, (2, 1, 1, 1), (second, first, fourth, fourth), strict=True):
        assert WORDS.text("report.run.cells", count=count) in line
        assert cell.name in line


def test_of_one_program_each_cause_has_its_line() -> None:
    one, two, three, _ = cells("java-SimpleServer", "python-simple")
    of = [
        not_passed(one, "failed", "ended-before-input", one.server),
        not_passed(two, "failed", "wrong-rounds", one.server),
    ]
    of.append(not_passed(three, "failed", "wrong-rounds", one.server))
    assert [two.name in line for line in culprit_lines(of, WORDS)] == [True, False]


@pytest.mark.parametrize("partners", [("python-simple",), ("python-simple", "java-SimpleClient")])
def test_which_cells_of_a_program_pass_tells_how_it_reads_where_it_fails_with_two_partners(
    partners: tuple[str, ...],
) -> None:
    whole = Delivery(joined=(True, False), several=True, parted=0.01, apart=0.01)
    cut = Delivery(cuts=(Cut("first", "int", 2, 4, 0.01),))
    of: list[Reported] = []
    for partner in partners:
        direct, split = (CELLS[f"addition/python-simple/{partner}/{network}"] for network in ("direct", "byte-by-byte"))
        key = (SERVER, direct.server.name)
        of.append(Reported(direct, "passed", reads={key: CaseEvidence(direct.name, True, whole)}))
        proof = CaseEvidence(split.name, False, cut)
        of.append(replace(not_passed(split, "failed", "wrong-rounds", split.server), reads={key: proof}))
    (line,) = culprit_lines(of, WORDS)
    assert (WORDS.text("finding.reads-once.title") in line) == (len(partners) == 2)


TEXT = [(CLIENT, b"127.0.0.1\n17\n25\n")]  # an address of 12,594 bytes that never comes whole


@pytest.mark.parametrize(
    ("certainty", "parts", "whose"),
    [
        ("certain", [], CLIENT),
        ("likely", TEXT, CLIENT),
        ("likely", addition((17, 25)), SERVER),
        ("possible", TEXT, SERVER),
    ],
)
def test_a_server_that_dies_of_what_a_client_sends_is_not_to_blame(
    monkeypatch: pytest.MonkeyPatch, certainty: Certainty, parts: Sequence[Part], whose: str
) -> None:
    finding = Finding("text-writer", CLIENT, (1,), certainty=certainty)
    monkeypatch.setattr("conformance.results.analysis.diagnose", lambda *_, **__: [finding])
    died = ProcessResult(CELL.server, printed([], ["oups"]), 1, 20001)
    recording = Recording(events(parts))
    verdict = Verdict((died.found("ended-by-itself", status=1),), read_conversations(ADDITION, recording))
    cell = CellResult(CELL, verdict, recording, [died], 10.0, 2.5, {})
    analysis = analyse(cell)
    assert analysis.culprit is not None
    assert analysis.culprit.role == whose
    # The diagnosis comes first, where it is about who is to blame.
    assert shown(cell).startswith(explain(finding, [], WORDS).splitlines()[0]) == (whose == CLIENT)


def test_what_the_other_may_have_done_wrong_is_not_told_of_the_culprit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server crashes; that the client has the low byte first is likely, and not why."""
    low = Finding("little-endian-int", CLIENT, (1,), certainty="likely")
    monkeypatch.setattr("conformance.results.analysis.diagnose", lambda *_, **__: [low])
    died = ProcessResult(CELL.server, printed([], ["oups"]), 1, 20001)
    problem = died.found("ended-by-itself", status=1, printed="oups")
    verdict = Verdict((problem,), read_conversations(ADDITION, Recording()))
    cell = CellResult(CELL, verdict, Recording(), [died], 10.0, 2.5, {})
    title = WORDS.text("finding.little-endian-int.title")
    [line] = culprit_lines([Reported.of(analyse(cell))], WORDS)
    assert title not in line
    told = shown(cell)
    assert told.startswith(sentence(problem, WORDS))
    assert title in told
    record = json.loads(json.dumps(to_record(analyse(cell))))
    assert [finding["key"] for finding in record["diagnosis"]] == ["little-endian-int"]
    assert Entry.of(record).mistake is None


def test_the_record_says_whose_mistake_it_is() -> None:
    record = to_record(analyse(wrong()))
    assert record["culprit"] == {"role": "server", "name": "python-simple"}
    assert [program["compared"] for program in record["programs"]] == [True, True]


def test_a_verdict_other_than_failed_is_named_first() -> None:
    nothing = Problem("nothing-said", Where(1, CLIENT))
    empty = CellResult(CELL, Verdict((nothing,), []), Recording(), [], 0.0, 0.0, {})
    values = {"verdict": WORDS.text("report.page.inconclusive"), "sentence": sentence(nothing, WORDS)}
    assert shown(empty).startswith(WORDS.text("report.transcript.verdict", values))


# In pytest's own lines -----------------------------------------------------------------------------------------------


def status(verdict: str, *, wire_only: bool = False, passed: bool = True) -> tuple[str, str, Any] | None:
    return status_of(verdict, wire_only=wire_only, passed=passed, words=WORDS)


def test_what_simply_passed_or_failed_is_as_pytest_has_it() -> None:
    assert status("passed") is None
    assert status("failed", passed=False) is None
    assert status("error", passed=False) is None


def test_what_passed_says_how() -> None:
    for told, note in ((status("passed", wire_only=True), "wire-only"), (status("non-strict"), "non-strict")):
        assert told is not None
        assert told[:2] == ("passed", ".")
        assert WORDS.text(f"report.page.{note}") in told[2][0]


@pytest.mark.parametrize("verdict", ["inconclusive", "suspicious"])
def test_what_is_not_green_fails_unless_it_is_let_pass_and_is_yellow(verdict: str) -> None:
    for passed, category in ((False, "failed"), (True, verdict)):
        told = status(verdict, passed=passed)
        assert told is not None
        assert (told[0], told[2]) == (category, (verdict.upper(), {"yellow": True}))


def test_the_names_of_all_cells_are_different_paths() -> None:
    names = [cell.name for cell in all_cells(REGISTRY, {"java": ["17", "21"]})]
    assert len(set(names)) == len(names)
    assert "addition/java17-SimpleServer/java21-MultithreadedClients/byte-by-byte" in names
    assert "chat/python-chat/mixed/slow" in names
    assert all(name.count("/") == 3 for name in names)
