"""The word of a soak on a series; and a short one, to see that it runs and looks at everything."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak.slopes import slope_of

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3600.0


def series(value: Callable[[float], float], seconds: float = HOUR) -> list[tuple[float, float]]:
    return [(float(at), value(at)) for at in range(0, int(seconds), 4)]


def noisy(level: float, noise: float, per_hour: float) -> Callable[[float], float]:
    chance = random.Random(7)
    return lambda at: level + chance.gauss(0, noise) + per_hour * at / HOUR


@pytest.mark.parametrize(
    ("value", "seconds", "word"),
    [
        (noisy(100, 3, 0), HOUR, "flat"),
        (noisy(100, 3, 5), HOUR, "flat"),  # less than is tolerated
        (noisy(100, 3, 40), HOUR, "grows"),
        (lambda at: 100 + at // 600 * 10, HOUR, "grows"),  # in steps
        (lambda at: 100 if at > 600 else at / 6, HOUR, "flat"),  # it fills up to its bound, and stays there
        (noisy(100, 3, -50), HOUR, "flat"),
        (noisy(100, 30, 0), 600.0, "too short to tell"),
        (noisy(100, 0, 400), 190.0, "too short to tell"),
    ],
)
def test_the_word_on_a_series(value: Callable[[float], float], seconds: float, word: str) -> None:
    assert slope_of(series(value, seconds), floor=8.0, share=0.1).word == word


def test_noise_alone_hardly_ever_grows() -> None:
    words = []
    for seed in range(300):
        chance = random.Random(seed)
        words.append(slope_of(series(lambda at, chance=chance: chance.gauss(100, 20), 900.0), 8.0, 0.1).word)  # type: ignore[misc]
    assert words.count("grows") <= 3


def test_a_short_soak(tmp_path: Path) -> None:
    told, chart = tmp_path / "soak.json", tmp_path / "soak.svg"
    command = [sys.executable, "-m", "tests.soak", "--minutes", "0.15", "--json", str(told), "--chart", str(chart)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout
    content = json.loads(told.read_text())
    assert content["wrong"] == ""
    assert {"python async", "python chat", "board", "board's relays", "tap"} <= content["series"]["memory"].keys()
    assert all(len(pairs) > 10 for by_name in content["series"].values() for pairs in by_name.values())
    assert {one["word"] for by_name in content["slopes"].values() for one in by_name.values()} == {"too short to tell"}
    assert all(content["done"][name] > 10 for name in ("python multithreaded", "python async", "python chat"))
    assert chart.read_text().startswith("<?xml")
