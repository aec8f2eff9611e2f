"""The picture of a run: every ratio with its spread and its goal, in words that a reader finds."""

from pathlib import Path

import pytest

from benchmarks.chart import draw
from benchmarks.rows import Figure, Ratio

pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install '.[benchmark]'")

RATIO = Ratio("async, 100 clients", "Java", [300.0, 200.0, 500.0], [100.0, 100.0, 100.0], "requests/s", at_least=2.5)
FIGURE = Figure("memory of a client", [1024.0, 2048.0, 4096.0], "bytes")


def drawn(path: Path, *rows: Ratio | Figure) -> str:
    draw(path, rows)
    return path.read_text(encoding="utf-8")


def test_a_ratio_is_there_with_its_median_and_the_goal(tmp_path: Path) -> None:
    picture = drawn(tmp_path / "run.svg", RATIO, FIGURE)
    for text in ("async, 100 clients", "against Java", "3 ×", "goal", "median, with the spread"):
        assert f"<!-- {text} -->" in picture, "each text is drawn in curves, and stands beside them as a comment"
    assert "memory" not in picture, "a figure is no ratio"


def test_without_a_goal_none_is_promised(tmp_path: Path) -> None:
    picture = drawn(tmp_path / "run.svg", Ratio("work", "C", [1.0], [2.0], "requests/s"))
    assert "<!-- 0.5 × -->" in picture
    assert "goal" not in picture


def test_the_same_run_gives_the_same_picture(tmp_path: Path) -> None:
    assert drawn(tmp_path / "one.svg", RATIO) == drawn(tmp_path / "two.svg", RATIO)
