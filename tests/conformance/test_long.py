"""Long sessions: a right client is right however often it asks, and every field of it is read once."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conformance.running import HERE, run_matrix

PROGRAMS = HERE / "long" / "programs.yaml"
ROUNDS = 4000


def test_a_right_client_that_asks_four_thousand_sums_passes(tmp_path: Path) -> None:
    wanted = {f"addition/python-multithreaded/asker-4000/{network}" for network in ("direct", "byte-by-byte")}
    asked = "python-multithreaded and asker-4000 and not asker-40000 and (direct or byte-by-byte)"
    run = run_matrix(tmp_path, "--backend", "processes", "--programs", str(PROGRAMS), "-k", asked)
    assert run.codes() == dict.fromkeys(wanted), run.output
    for name in wanted:
        [conversation] = run.records[name]["conversations"]
        kept = [entry for entry in conversation["fields"] if "field" in entry]
        left_out = sum(entry["left_out"] for entry in conversation["fields"] if "left_out" in entry)
        assert len(kept) + left_out == 1 + 3 * ROUNDS
        assert len(json.dumps(run.records[name])) < 5_000_000
