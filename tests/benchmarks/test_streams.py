"""What is measured through the streams is one and the same work on every side."""

import io
import shutil
import struct
from pathlib import Path

import pytest

from benchmarks.sampling import Effort
from benchmarks.streams import COUNT, WORKS, measure, stream_pass

needs_jdk = pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK: there is no javac on the PATH")


def _written(work: str) -> list[bytes]:
    written = []
    for one in WORKS[work].passes:
        file = io.BytesIO()
        one(file)
        written.append(file.getvalue())
    return written


def test_as_many_ints_as_are_counted() -> None:
    assert _written("write-ints")[0] == struct.pack(f">{COUNT}i", *range(-COUNT // 2, COUNT // 2))


@pytest.mark.parametrize("work", [work for work in WORKS if work.startswith("write")])
def test_every_side_writes_the_same(work: str) -> None:
    assert len(set(_written(work))) == 1


@pytest.mark.parametrize("work", [work for work in WORKS if work.startswith("read")])
def test_every_side_reads_all_of_it(work: str) -> None:
    data = _written(work.replace("read", "write"))[0]
    for one in WORKS[work].passes:
        file = io.BytesIO(data)
        one(file)
        assert file.read() == b""


@needs_jdk
def test_the_jdk_writes_the_same_and_reads_it(tmp_path: Path) -> None:
    with stream_pass(tmp_path) as jdk:
        for kind in ("ints", "texts", "records"):
            assert jdk(f"write-{kind}", tmp_path / kind, 1e-3) > 0
            assert (tmp_path / kind).read_bytes() == _written(f"write-{kind}")[0]
            assert jdk(f"read-{kind}", tmp_path / kind, 1e-3) > 0


@needs_jdk
def test_all_is_measured_against_both() -> None:
    rows = [(row.work, getattr(row, "against", "")) for row in measure(Effort(rounds=1, seconds=1e-3))]
    assert rows[:4] == [
        ("write ints", "a struct loop"),
        ("write ints, by bare methods", "a struct loop"),
        ("write ints", "the JDK"),
        ("write ints, all at once", "the JDK"),
    ]
    for work in WORKS:
        for against in ("a struct loop", "the JDK"):
            assert (work.replace("-", " "), against) in rows
