"""Programs with one fault each meet the real matrix: each is refused, and the first sentence names its fault."""

from __future__ import annotations

import re

import pytest

from tests.conformance.running import HERE, Run, any_of, run_matrix

PROGRAMS = HERE / "broken" / "programs.yaml"

WORKING = [
    "addition/working-server/working-client/direct",
    "addition/working-server/probe-extremes/direct",
    "addition/working-many/python-multithreaded/direct",
    "chat/working-chat/all-python-chat/direct",
]
BROKEN = {
    "addition/little-endian/working-client/direct": (
        r"the server's `sum` of round 1 must be int32\(first \+ second\) = 182, and it sent -1241513984 "
        r"\(B6 00 00 00, byte 0\)"
    ),
    "addition/forgets-to-wrap/probe-extremes/direct": (
        r"the server forgets-to-wrap ended with status 1, and a server runs until it is stopped; "
        r"on standard error it printed 'OverflowError: .*2147483648'"
    ),
    "addition/clamps/probe-extremes/direct": (
        r"the server's `sum` of round 1 must be int32\(first \+ second\) = -2147483648, and it sent 2147483647 "
        r"\(7F FF FF FF, byte 0\)"
    ),
    "addition/loses-a-line/working-client/direct": (
        "the console of the server loses-a-line and the wire disagree: line 7 must be "
        "'### Traitement de cette requête terminée.', and is '--> Premier nombre reçu : 0'"
    ),
    "addition/wrong-line/working-client/direct": (
        "the console of the server wrong-line and the wire disagree: line 6 must be '<-- Somme retournée : 182', "
        "and is '<-- Somme retournée : 183'"
    ),
    "addition/debug-line/working-client/direct": (
        "the console of the server debug-line and the wire disagree: line 6 must be '<-- Somme retournée : 182', "
        "and is 'DEBUG 84 98'"
    ),
    "addition/one-byte-too-many/working-client/direct": (
        "the server sent 1 byte too many, at byte 12, where the protocol has nothing more from it: 00"
    ),
    "addition/crashes/working-client/direct": (
        "the server crashes ended with status 1, and a server runs until it is stopped; "
        "on standard error it printed 'RuntimeError: plus de mémoire'"
    ),
    "addition/answers-early/sends-second-late/direct": (
        "the server sent `sum` of round 1 before it had all of `second`, which it answers"
    ),
    "addition/ids-twice/python-multithreaded/slow": (
        "the console of the server ids-twice and the wire disagree: ids must count from 1 to 10, "
        "and 3, 4, 5, 6, 7 and 3 more stand out"
    ),
    "addition/working-server/four-byte-length/direct": (
        r"the client must send its address as UTF `address`, and sent '' \(00 00\), "
        r"followed by 00 09 31 32 37 2E 30 2E 30 2E 31 .* bytes\)"
    ),
    "addition/working-server/ends-with-3/direct": "the client ends-with-3 ended with status 3",
    "addition/working-server/hangs/direct": "the client hangs had not ended after 8 s",
    "addition/mute/working-client/direct": (
        r"the server mute never said '### Écoute sur le port \d+'.*; it printed '### Écoute'"
    ),
    "addition/working-server/asks-once/direct": "the client was to ask 3 times, and asked 1",
    "chat/chat-leaves-out-one/all-python-chat/direct": (
        r"one of bob, chloe never received 'bonjour à tous' by alice \(connection \d\)"
        "|alice never received 'bonjour à tous' by alice"
    ),
    "chat/chat-mixes-two/all-python-chat/direct": (
        r"\w+ received '(salut, ça va \?' by 'chloe|très bien 😀' by 'bob)', a message that nobody posted"
    ),
    "chat/chat-mixes-bytes/all-python-chat/direct": (
        r"\w+ received '(bob' by 'chloe|chloe' by 'bob)', a message that nobody posted"
    ),
    "chat/chat-two-orders/all-python-chat/direct": (
        r"\w+ received '.*' before '.*', and \w+ received them the other way round"
    ),
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
    assert run.reason(cell) is None


@pytest.mark.parametrize("cell", BROKEN)
def test_what_is_broken_is_refused_for_its_fault(run: Run, cell: str) -> None:
    reason = run.reason(cell)
    assert reason is not None
    assert re.fullmatch(BROKEN[cell], reason), reason


@pytest.mark.parametrize("cell", [cell for cell in BROKEN if "/mute/" not in cell])  # which has met no client
def test_the_terminal_tells_the_sentence_the_wire_and_both_consoles(run: Run, cell: str) -> None:
    told = run.output.split(f"_ {cell} _", 1)[1].split("the whole record: ", 1)[0]
    assert run.records[cell]["reason"] in told
    assert "the wire, in ms since the cell began:\n  connection 1\n" in told
    server, client = cell.split("/")[1:3]
    assert f"the console of the server {server}, which " in told
    assert f"the console of the client {client.removeprefix('all-')}" in told
