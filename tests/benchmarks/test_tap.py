"""The benchmark of the tap, on a small scale: that it measures, not how fast anything is."""

from __future__ import annotations

import shutil

import pytest

from benchmarks.rows import Figure
from benchmarks.sampling import Effort
from benchmarks.tap import measure

pytestmark = pytest.mark.skipif(
    not (shutil.which("cc") and shutil.which("javac")), reason="the peers are compiled, and no cc or no javac is here"
)


def test_a_round_trip_and_bulk_pass_through_a_tap() -> None:
    round_trip, bulk = measure(Effort(rounds=2, seconds=0.05))
    assert isinstance(round_trip, Figure)
    assert isinstance(bulk, Figure)
    assert len(round_trip.values) == len(bulk.values) == 2
    assert min(bulk.values) > 0
