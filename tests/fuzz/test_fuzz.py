"""Each target holds for its kept inputs and for some hundred new ones; `make fuzz` tries as many as it is told."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.running import bounded, limited
from tests.fuzz.targets import TARGETS, inputs, kept


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_inputs_are_read_in_time(name: str) -> None:
    for data in kept(name):
        bounded(name, data)


@pytest.mark.parametrize("name", TARGETS)
def test_new_inputs_are_read_in_time(name: str) -> None:
    @limited(200)
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        bounded(name, data.draw(inputs(name)))

    fuzz()


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="without SIGALRM no input has a limit of time")
def test_an_input_that_takes_too_long_or_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def spin(_: bytes) -> None:
        while True:
            pass

    monkeypatch.setitem(TARGETS, "spin", spin)
    with pytest.raises(TimeoutError):
        bounded("spin", b"", seconds=0.2)
