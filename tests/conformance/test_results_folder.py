"""Each run has a results folder of its own, however many begin at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conformance.running import ROOT

RUNS = 8
# Begins as soon as its input ends, as all of them do.
BEGIN = """
import sys
from pathlib import Path
from conformance.results.records import Records

sys.stdin.read()
print(*(Records(Path(sys.argv[1])).folder for _ in range(20)), sep="\\n")
"""


def test_runs_that_begin_in_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BEGIN, str(tmp_path / "results")]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(RUNS)
    ]
    for run in runs:
        assert run.stdin is not None
        run.stdin.close()
        run.stdin = None
    folders = [folder for run in runs for folder in run.communicate()[0].splitlines()]
    assert len(folders) == 20 * RUNS
    assert len(set(folders)) == len(folders)
    assert {path.name for path in (tmp_path / "results").iterdir()} == {Path(folder).name for folder in folders}
