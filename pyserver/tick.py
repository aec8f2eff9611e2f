"""The output of one tick, which is one iteration of the event loop: its lines are printed first, then its answers sent.

All lines of a tick are one system call; one call for each line would cost more than all other work. No answer is sent
before its lines are printed, so the console has everything that a client was told, however the program ends.
"""

import asyncio
from collections.abc import Callable

from pyconsole import encoded, out_encoded
from pyserver.busy_poll import BusyPoll

__all__ = ["Tick"]

# Bytes of lines that are printed before the tick ends, so that a line is visible a few milliseconds after its cause.
_ENOUGH = 64 << 10


class Tick:
    """Collects lines, answers and calls until the current iteration of the event loop is over."""

    __slots__ = ("_answers", "_begun", "_busy_poll", "_call_soon", "_calls", "_lines", "_size")

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._call_soon = call_soon
        self._busy_poll = BusyPoll(call_soon)
        self._begun = False
        self._lines: list[bytes] = []
        self._size = 0
        self._answers: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._calls: list[Callable[[], None]] = []

    def out(self, line: str) -> None:
        """Prints a line at the end of the tick."""
        self._print(encoded(line))

    def answer(self, lines: bytes, transport: asyncio.WriteTransport, data: bytes) -> None:
        r"""Prints lines, which are UTF-8 and each end with `\n`, then sends `data` on `transport`."""
        self._answers.append((transport, data))
        self._print(lines)

    def then(self, function: Callable[[], None]) -> None:
        """Calls `function` at the end of the tick, after its lines are printed."""
        self._begin()
        self._calls.append(function)

    def flush(self) -> None:
        """Prints the lines, sends the answers and makes the calls now."""
        lines, self._lines = self._lines, []
        answers, self._answers = self._answers, []
        calls, self._calls = self._calls, []
        self._size = 0
        if lines:
            out_encoded(b"".join(lines))
        for transport, data in answers:
            transport.write(data)
        for function in calls:
            function()

    def _print(self, lines: bytes) -> None:
        self._begin()
        self._lines.append(lines)
        self._size += len(lines)
        if self._size >= _ENOUGH:
            self.flush()

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._call_soon(self._end)

    def _end(self) -> None:
        self._begun = False
        self.flush()
        # A tick that was flushed before its end still counts once.
        self._busy_poll.tick_ended()
