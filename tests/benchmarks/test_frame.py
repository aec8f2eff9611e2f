"""The frame of the benchmarks: what a ratio is, in which order samples are taken, and what is made of the rows.

How fast anything is, is no verdict of a test.
"""

import json
from pathlib import Path
from statistics import median

import pytest

from benchmarks.__main__ import main
from benchmarks.record import write_json
from benchmarks.rows import Figure, Ratio, Row, UnavailableError
from benchmarks.sampling import Effort, in_turns
from benchmarks.suite import BENCHMARKS, Benchmark
from benchmarks.table import as_table

RATIO = Ratio("async, 100 clients", "Java", [300.0, 200.0, 500.0], [100.0, 100.0, 100.0], "requests/s", at_least=3.0)
FIGURE = Figure("memory of a client", [1024.0, 2048.0, 4096.0], "bytes", at_most=2047.0, remark="of 10,000")


def test_a_ratio_is_taken_between_samples_of_the_same_moment() -> None:
    ratio = Ratio("w", "a", ours=[10.0, 40.0, 9.0], theirs=[10.0, 20.0, 3.0], unit="u")
    assert ratio.values == [1.0, 2.0, 3.0]
    assert median(ratio.values) == 2.0


@pytest.mark.parametrize(("goal", "reached"), [(None, None), (3.0, True), (3.1, False)])
def test_a_ratio_must_be_high_enough(goal: float | None, reached: bool | None) -> None:
    assert Ratio("w", "a", [3.0], [1.0], "u", at_least=goal).reached is reached


@pytest.mark.parametrize(("goal", "reached"), [(None, None), (3.0, True), (2.9, False)])
def test_a_figure_must_be_low_enough(goal: float | None, reached: bool | None) -> None:
    assert Figure("w", [3.0], "u", at_most=goal).reached is reached


def test_samples_are_taken_in_turns_and_the_first_turn_does_not_count() -> None:
    taken: list[str] = []

    def sample(name: str) -> float:
        taken.append(name)
        return len(taken)

    first, second = in_turns(2, lambda: sample("A"), lambda: sample("B"))
    assert "".join(taken) == "ABABAB"
    assert (first, second) == ([3.0, 5.0], [4.0, 6.0])


def test_a_table_reads_on_a_terminal_and_is_markdown() -> None:
    assert as_table([RATIO, FIGURE]) == (
        "| work               | against | median      | from  | to    | goal    |                        |\n"
        "| ------------------ | ------- | ----------- | ----- | ----- | ------- | ---------------------- |\n"
        "| async, 100 clients | Java    | 3 x         | 2     | 5     | >= 3 x  | reached                |\n"
        "| memory of a client |         | 2,048 bytes | 1,024 | 4,096 | <= 2047 | not reached; of 10,000 |"
    )


def test_the_record_has_every_sample(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"addition": [RATIO, FIGURE]})
    ratio, figure = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["benchmarks"]["addition"]
    assert (ratio["kind"], ratio["ours"], ratio["median"], ratio["reached"]) == ("ratio", [300, 200, 500], 3, True)
    assert (figure["kind"], figure["values"], figure["highest"], figure["reached"]) == (
        "figure",
        [1024, 2048, 4096],
        4096,
        False,
    )


def test_a_benchmark_that_cannot_run_says_why_and_the_others_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def impossible(_effort: Effort) -> list[Row]:
        raise UnavailableError("there is no javac on the PATH")

    monkeypatch.setitem(BENCHMARKS, "addition", Benchmark("adding", impossible))
    monkeypatch.setitem(BENCHMARKS, "other", Benchmark("another one", lambda _effort: iter([RATIO])))
    assert main(["--only", "addition", "--only", "other"]) == 1
    printed = capsys.readouterr().out
    assert "not measured: there is no javac on the PATH" in printed
    assert as_table([RATIO]) in printed
