"""The operator of a client that the harness started: types on its standard input, and looks at what it prints."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.agent.player.peer import shown
from conformance.agent.player.player import Reply
from conformance.agent.player.steps import Input, OperatorStep, Rests, Shows, Type
from conformance.agent.problem import Problem, Where
from conformance.backends.base import Started
from conformance.backends.console_log import ConsoleLog

__all__ = ["Typist"]

_BUSY = 0.6  # of the time: a JVM that has just started is not idle either
_SHOW_SECONDS = 10.0
_SHOWN_LINES = 3


class Typist:
    """Does the steps of a case, each as soon as it is told, at the client of that label.

    A client that cannot send does not read what is typed either. Typing waits for it in a thread, so that the case
    goes on.
    """

    def __init__(self, client: Started, label: str, *, typed: bool) -> None:
        self._handle = client.handle
        self._console = client.console
        self._label = label
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
        return Reply(self._problem("too-busy", None, used=round(after - before, 2), seconds=seconds))

    def _look(self, step: Shows) -> Reply:
        right, accepted = (_Search([*lines], self._looked_at) for lines in (step.shows, step.non_strict))

        def seen(log: ConsoleLog) -> bool:
            return right.found(log) or (bool(step.non_strict) and accepted.found(log))

        if not self._console.wait_for(seen, time.monotonic() + _SHOW_SECONDS):
            last = [line.text for line in self._console.since(self._looked_at) if line.stream == "out"]
            values = {"shows": _shown(step.shows)} | ({"text": _shown(last)} if last else {})
            return Reply(self._problem("not-shown", right.other, **values))
        if not right.wanted:
            self._looked_at = right.place
            return Reply()
        self._looked_at = accepted.place
        return Reply(non_strict=self._problem("shown-otherwise", accepted.last, text=_shown(step.non_strict)))

    def _problem(self, code: str, line: int | None, **values: object) -> Problem:
        return Problem(code, Where(program=self._label, line=line), values, time.monotonic())


@dataclass
class _Search:
    """Looks for lines of standard output, in their order; each line of the console is looked at once.

    `wanted` are those still to be found, `place` is that behind the last line looked at, `last` that of the last line
    found, and `other` that of the first line since which is not the next one wanted.
    """

    wanted: list[str]
    place: int
    last: int | None = None
    other: int | None = None

    def found(self, log: ConsoleLog) -> bool:
        """Takes in what is new, up to the last of the lines; whether all of them were found."""
        for line in log.since(self.place):
            if not self.wanted:
                break
            if line.stream == "out" and line.text == self.wanted[0]:
                self.wanted.pop(0)
                self.last, self.other = self.place, None
            elif line.stream == "out" and self.other is None:
                self.other = self.place
            self.place += 1
        return not self.wanted


def _shown(lines: Sequence[str]) -> Any:
    """The lines as a problem has them: long ones without their middle, and of many the first ones and the last."""
    return shown(lines if len(lines) <= _SHOWN_LINES else [*lines[: _SHOWN_LINES - 1], "...", lines[-1]])
