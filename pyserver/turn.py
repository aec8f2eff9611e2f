"""One turn of the event loop: all that it brings is shown in one piece, and only then answered.

A system call for each line would cost more than all the rest of the work. Since nothing leaves before its lines are on
the console, whatever a client has been told stands there, however the program ends.
"""

import asyncio
from collections.abc import Callable

from pyconsole import encoded, out_encoded
from pyserver.lingering import Linger

__all__ = ["Turn"]

# Bytes of lines after which a turn ends early, so that each line is visible within a few milliseconds of its cause.
_ENOUGH = 64 << 10


class Turn:
    """Gathers lines, and what is to be done once they are shown, until the event loop has gone round."""

    __slots__ = ("_afterwards", "_answers", "_begun", "_call_soon", "_lines", "_linger", "_size")

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._call_soon = call_soon
        self._linger = Linger(call_soon)
        self._begun = False
        self._lines: list[bytes] = []
        self._size = 0
        self._answers: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._afterwards: list[Callable[[], None]] = []

    def out(self, line: str) -> None:
        """A line for standard output."""
        self._show(encoded(line))

    def answer(self, lines: bytes, transport: asyncio.WriteTransport, data: bytes) -> None:
        r"""Lines for standard output, in UTF-8 and each ended by `\n`, and what is sent once they are shown."""
        self._answers.append((transport, data))
        self._show(lines)

    def then(self, function: Callable[[], None]) -> None:
        """Has the function called at the end of the turn, once its lines are shown."""
        self._begin()
        self._afterwards.append(function)

    def end(self) -> None:
        """Shows the lines, sends the answers, calls the functions, now."""
        lines, self._lines = self._lines, []
        answers, self._answers = self._answers, []
        afterwards, self._afterwards = self._afterwards, []
        self._size = 0
        if lines:
            out_encoded(b"".join(lines))
        for transport, data in answers:
            transport.write(data)
        for function in afterwards:
            function()

    def _show(self, lines: bytes) -> None:
        self._begin()
        self._lines.append(lines)
        self._size += len(lines)
        if self._size >= _ENOUGH:
            self.end()

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._call_soon(self._gone_round)

    def _gone_round(self) -> None:
        # However often it has ended early, it is one turn: one that follows closely is another.
        self._begun = False
        self.end()
        self._linger.turn_ended()
