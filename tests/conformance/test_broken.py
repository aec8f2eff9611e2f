"""Programs with one fault each meet the real matrix: each is refused for its fault, and marked where it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conformance.running import HERE, Run, any_of, run_matrix

PROGRAMS = HERE / "broken" / "programs.yaml"


@dataclass(frozen=True)
class Fault:
    """The code of the first problem; `wire`: side, offset and field of the bytes that are marked.

    `line` is a pattern of the line that is marked on the console of the program that is blamed, with what it must be.
    """

    code: str
    wire: tuple[str, int, str | None] | None = None
    line: tuple[str, str | None] | None = None
    or_offset: int | None = None


WORKING = [
    "addition/working-server/working-client/direct",
    "addition/working-server/probe-extremes/direct",
    "addition/working-many/python-multithreaded/direct",
    "chat/working-chat/all-python-chat/direct",
]
FIRST_SUM = ("server", 0, "sum")
# Behind alice's message, whom the second of bob and chloe is by is left to chance: so is where its text begins.
SECOND_TEXT = ("server", 29, "text")
BROKEN = {
    "addition/little-endian/working-client/direct": Fault("wrong-value", FIRST_SUM),
    "addition/forgets-to-wrap/probe-extremes/direct": Fault(
        "ended-by-itself", line=(r"OverflowError: .*2147483648", None)
    ),
    "addition/clamps/probe-extremes/direct": Fault("wrong-value", FIRST_SUM),
    "addition/loses-a-line/working-client/direct": Fault(
        "line-differs", FIRST_SUM, ("--> Premier nombre reçu : 0", "### Traitement de cette requête terminée.")
    ),
    "addition/wrong-line/working-client/direct": Fault(
        "line-differs", FIRST_SUM, ("<-- Somme retournée : 183", "<-- Somme retournée : 182")
    ),
    "addition/debug-line/working-client/direct": Fault(
        "line-differs", FIRST_SUM, ("DEBUG 84 98", "<-- Somme retournée : 182")
    ),
    "addition/one-byte-too-many/working-client/direct": Fault("too-many-bytes", ("server", 12, None)),
    "addition/crashes/working-client/direct": Fault("ended-by-itself", line=("RuntimeError: plus de mémoire", None)),
    "addition/answers-early/sends-second-late/direct": Fault("before-question", FIRST_SUM),
    "addition/ids-twice/python-multithreaded/slow": Fault(
        "wrong-ids", line=(r"### Connexion établie \(id client : [12]\)\.", None)
    ),
    "addition/working-server/four-byte-length/direct": Fault("no-address", ("client", 0, "address")),
    "addition/working-server/ends-with-3/direct": Fault("ended-with-status"),
    "addition/working-server/hangs/direct": Fault("still-running"),
    "addition/mute/working-client/direct": Fault("never-listened", line=("### Écoute", None)),
    "addition/working-server/asks-once/direct": Fault("wrong-rounds", ("client", 11 + 8, None)),
    "chat/chat-leaves-out-one/all-python-chat/direct": Fault("message-lost", ("client", 11 + 7, "text")),
    "chat/chat-mixes-two/all-python-chat/direct": Fault("message-unknown", SECOND_TEXT, or_offset=31),
    "chat/chat-mixes-bytes/all-python-chat/direct": Fault("message-unknown", SECOND_TEXT, or_offset=31),
    "chat/chat-two-orders/all-python-chat/direct": Fault("order-differs", SECOND_TEXT, or_offset=31),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All of them in one run: some wait for what never comes, and can do so side by side."""
    cells = any_of([*WORKING, *BROKEN])
    options = ("--backend", "processes", "--programs", str(PROGRAMS), "--workers", "8", "-k", cells)
    return run_matrix(tmp_path_factory.mktemp("broken"), "-p", "tests.conformance.impatient", *options)


def test_exactly_these_cells_were_run(run: Run) -> None:
    assert run.records.keys() == {*WORKING, *BROKEN}
    assert run.status == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("cell", WORKING)
def test_what_they_are_made_from_passes(run: Run, cell: str) -> None:
    assert run.problem(cell) is None


@pytest.mark.parametrize("cell", BROKEN)
def test_what_is_broken_is_refused_for_its_fault(run: Run, cell: str) -> None:
    problem = run.problem(cell)
    assert problem is not None
    assert problem.code == BROKEN[cell].code


@pytest.mark.parametrize("cell", BROKEN)
def test_what_is_blamed_is_what_is_marked(run: Run, cell: str) -> None:
    fault, record, problem = BROKEN[cell], run.records[cell], run.problem(cell)
    assert problem is not None
    divergence: dict[str, Any] = record["divergence"] or {"wire": None, "lines": []}
    wire = divergence["wire"]
    if fault.wire is None:
        assert wire is None
    else:
        side, offset, field = fault.wire
        assert (wire["side"], wire["field"]) == (side, field)
        assert wire["offset"] in (offset, fault.or_offset)
        where = problem.where
        assert (where.connection, where.side, where.offset) == (wire["connection"], wire["side"], wire["offset"])
    if fault.line is None:
        assert problem.where.line is None
    else:
        mark = divergence["lines"][0]
        program = record["programs"][mark["program"]]
        pattern, expected = fault.line
        assert (program["name"], mark["line"]) == (problem.where.program, problem.where.line)
        assert re.fullmatch(pattern, program["console"][mark["line"]]["text"])
        assert mark["expected"] == expected


@pytest.mark.parametrize("cell", [cell for cell in BROKEN if "/mute/" not in cell])  # which has met no client
def test_the_terminal_tells_the_sentence_the_wire_and_both_consoles(run: Run, cell: str) -> None:
    told = run.output.split(f"_ {cell} _", 1)[1].split("/direct.json", 1)[0].split("/slow.json", 1)[0]
    record = run.records[cell]
    assert record["problems"][0]["sentence"] in told
    fields = [field["field"] for conversation in record["conversations"] for field in conversation["fields"]]
    assert all(f" {field} = " in told for field in fields)
    for program in record["programs"]:
        for line in program["console"][:1] + program["console"][-1:]:  # of many lines, the middle is left out
            assert line["text"] in told
