"""The person at a client that the harness started: types on its standard input, and looks at what it prints."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

from conformance.agent.player.operator import OperatorStep, Reply
from conformance.agent.player.steps import Input, Rests, Shows, Type
from conformance.backends.base import Started
from conformance.backends.console_log import ConsoleLog

__all__ = ["Typist"]

_BUSY = 0.6  # of the time: a JVM that has just started is not idle either
_SHOW_SECONDS = 10.0
_SHOWN_CHARACTERS = 60


class Typist:
    """Does the steps of a case, each as soon as it is told.

    A client that cannot send does not read what is typed either. Typing waits for it in a thread, so that the case
    goes on.
    """

    def __init__(self, client: Started, *, typed: bool) -> None:
        self._handle = client.handle
        self._console = client.console
        self._looked_at = 0
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        if typed:
            threading.Thread(target=self._type, daemon=True).start()

    def __call__(self, step: OperatorStep) -> Reply:
        """Does the step."""
        match step:
            case Type():
                for line in step.type:
                    self._lines.put(line)
            case Input():
                self._lines.put(None)
            case Shows():
                return self._look(step)
            case Rests():
                return self._time(step.rests / 1000)
        return Reply()

    def close(self) -> None:
        """Types no more."""
        self._lines.put(None)

    def _type(self) -> None:
        while (line := self._lines.get()) is not None:
            self._handle.type(f"{line}\n")
        self._handle.end_input()

    def _time(self, seconds: float) -> Reply:
        """Lets that time pass, and sees whether the client has spent it."""
        before = self._handle.processor_seconds()
        time.sleep(seconds)
        after = self._handle.processor_seconds()
        if before is None or after is None or after - before < _BUSY * seconds:
            return Reply()
        return Reply(
            f"the client must wait, and used {after - before:.2g} s of processor time in {seconds:g} s: "
            "it looks for the answer again and again"
        )

    def _look(self, step: Shows) -> Reply:
        def seen(log: ConsoleLog) -> bool:
            return any(self._behind(wanted, log) is not None for wanted in (step.shows, step.rough) if wanted)

        self._console.wait_for(seen, time.monotonic() + _SHOW_SECONDS)
        for wanted in (step.shows, step.rough):
            end = self._behind(wanted, self._console) if wanted else None
            if end is not None:
                self._looked_at = end
                return Reply(rough=f"it showed {_words(step.rough)}" if wanted is step.rough else None)
        last = self._console.texts("out")[self._looked_at :]
        return Reply(f"standard output must show {_words(step.shows)}, and has {_words(last)}")

    def _behind(self, wanted: Sequence[str], log: ConsoleLog) -> int | None:
        """The place behind these lines, from what was looked at already; None where they are not all there."""
        place = self._looked_at
        lines = log.texts("out")
        for line in wanted:
            try:
                place = lines.index(line, place) + 1
            except ValueError:
                return None
        return place


def _words(lines: Sequence[str]) -> str:
    if not lines:
        return "nothing"
    shown = [line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}..." for line in lines]
    return " ".join(map(repr, shown if len(shown) <= 3 else [*shown[:2], "...", shown[-1]]))
