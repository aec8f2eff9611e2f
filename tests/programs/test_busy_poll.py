"""Busy polling: the event loop stays awake between ticks that follow each other closely, and for no longer."""

from collections import deque
from collections.abc import Callable

import pytest

from pyserver import busy_poll
from pyserver.busy_poll import BusyPoll


class Loop:
    """An event loop for the test: the scheduled callbacks, and a clock set by hand, in microseconds."""

    def __init__(self) -> None:
        self.soon: deque[Callable[[], None]] = deque()
        self.now = 1_000_000.0

    def perf_counter(self) -> float:
        return self.now / 1_000_000

    def go_round(self) -> bool:
        """One iteration; returns whether a callback was scheduled, so that the loop does not sleep."""
        awake = bool(self.soon)
        for _ in range(len(self.soon)):
            self.soon.popleft()()
        return awake


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(busy_poll, "time", loop)
    return loop


def ticks(loop: Loop, poll: BusyPoll, *microseconds: int) -> None:
    """A tick ends after each of these times."""
    for duration in microseconds:
        loop.now += duration
        poll.tick_ended()


def test_after_two_ticks_close_together_it_stays_awake_for_a_third(loop: Loop) -> None:
    poll = BusyPoll(loop.soon.append)
    ticks(loop, poll, 500, 60)
    for _ in range(9):
        loop.now += 10
        assert loop.go_round()


def test_it_sleeps_when_nothing_came_so_soon(loop: Loop) -> None:
    poll = BusyPoll(loop.soon.append)
    ticks(loop, poll, 500, 60)
    loop.now += 101
    assert loop.go_round(), "it polls once more"
    assert not loop.go_round()


def test_slow_clients_cost_nothing(loop: Loop) -> None:
    poll = BusyPoll(loop.soon.append)
    ticks(loop, poll, 500, 101, 150, 2000)
    assert not loop.go_round()


def test_each_tick_extends_the_poll_and_each_iteration_polls_once(loop: Loop) -> None:
    poll = BusyPoll(loop.soon.append)
    ticks(loop, poll, 500, 60)
    for _ in range(5):
        assert loop.go_round()
        ticks(loop, poll, 90)
        assert len(loop.soon) == 1
    loop.now += 99
    assert loop.go_round()
    loop.now += 2
    assert loop.go_round()
    assert not loop.go_round()
