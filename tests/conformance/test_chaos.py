"""A process of a cell is killed or stopped: the verdict is on whose it was, and on nobody where it was ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conformance.running import HERE, run_matrix

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process is doing")

PROGRAMS = ("--backend", "processes", "--programs", str(HERE / "chaos" / "programs.yaml"))

CELLS = {
    "is-killed/python-simple": ("failed", "is-killed"),
    "is-stopped/python-simple": ("failed", "is-stopped"),
    "python-simple/is-killed": ("failed", "is-killed"),
    "python-simple/is-stopped": ("failed", "is-stopped"),
    "python-simple/kills-the-tap": ("error", None),
}


def test_who_was_killed_or_stopped(tmp_path: Path) -> None:
    names = [f"addition/{cell}/direct" for cell in CELLS]
    run = run_matrix(tmp_path, *PROGRAMS, "--workers", "3", "-k", " or ".join(names))
    told = {
        name: (run.records[name]["verdict"], (run.records[name].get("culprit") or {}).get("name")) for name in names
    }
    assert told == {f"addition/{cell}/direct": wanted for cell, wanted in CELLS.items()}, run.output
    assert run.records["addition/python-simple/kills-the-tap/direct"]["problems"][0]["code"] == "harness-tap"
