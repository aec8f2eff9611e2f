"""Who sends without end: the cell is over once its recording is full, and what is certain by then is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER
from tests.conformance.running import HERE, run_matrix

PROGRAMS = HERE / "flooding" / "programs.yaml"


@pytest.mark.parametrize(
    ("server", "client", "code", "side", "verdict"),
    [
        ("sends-for-ever", "reads-for-ever", "unasked", SERVER, "failed"),
        ("reads-for-ever", "asks-for-ever", "not-recorded", CLIENT, "inconclusive"),
    ],
)
def test_a_cell_ends_when_its_recording_is_full(
    server: str, client: str, code: str, side: str, verdict: str, tmp_path: Path
) -> None:
    name = f"addition/{server}/{client}/direct"
    run = run_matrix(
        tmp_path, "--backend", "processes", "--programs", str(PROGRAMS), "-k", f"{server} and {client} and direct"
    )
    problem = run.problem(name)
    assert problem is not None, run.output
    assert (problem.code, problem.where.side, run.records[name]["verdict"]) == (code, side, verdict)
