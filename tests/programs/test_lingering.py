"""Lingering: the event loop stays awake between turns that follow each other closely, and for no longer."""

from collections import deque
from collections.abc import Callable

import pytest

from pyserver import lingering
from pyserver.lingering import Linger


class Loop:
    """An event loop to look at: what is to be called soon, and a clock that is set by hand, in microseconds."""

    def __init__(self) -> None:
        self.soon: deque[Callable[[], None]] = deque()
        self.now = 1_000_000.0

    def perf_counter(self) -> float:
        return self.now / 1_000_000

    def go_round(self) -> bool:
        """Whether it has something to do, and so does not sleep."""
        awake = bool(self.soon)
        for _ in range(len(self.soon)):
            self.soon.popleft()()
        return awake


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(lingering, "time", loop)
    return loop


def turns(loop: Loop, linger: Linger, *microseconds: int) -> None:
    """A turn ends after each of these times."""
    for duration in microseconds:
        loop.now += duration
        linger.turn_ended()


def test_after_two_turns_close_together_it_stays_awake_for_a_third(loop: Loop) -> None:
    linger = Linger(loop.soon.append)
    turns(loop, linger, 500, 60)
    for _ in range(9):
        loop.now += 10
        assert loop.go_round()


def test_it_sleeps_when_nothing_came_so_soon(loop: Loop) -> None:
    linger = Linger(loop.soon.append)
    turns(loop, linger, 500, 60)
    loop.now += 101
    assert loop.go_round(), "it looks once more"
    assert not loop.go_round()


def test_clients_that_take_their_time_cost_nothing(loop: Loop) -> None:
    linger = Linger(loop.soon.append)
    turns(loop, linger, 500, 101, 150, 2000)
    assert not loop.go_round()


def test_each_turn_has_it_stay_awake_anew_and_it_looks_once_each_time_round(loop: Loop) -> None:
    linger = Linger(loop.soon.append)
    turns(loop, linger, 500, 60)
    for _ in range(5):
        assert loop.go_round()
        turns(loop, linger, 90)
        assert len(loop.soon) == 1
    loop.now += 99
    assert loop.go_round()
    loop.now += 2
    assert loop.go_round()
    assert not loop.go_round()
