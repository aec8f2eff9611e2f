"""A short and harmless conversation, made from the protocol: enough to see whether a server speaks it.

The client introduces itself where the protocol has its address. Of a loop it takes one round, if it asks with numbers
and the protocol says what the answer must be. It says nothing where that would reach others, or would have to be made
up: a file's name, a message.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.problem import Problem, ProblemError, Where
from conformance.agent.recording import Connection
from conformance.decoder import Conversation
from conformance.diagnosis import Finding, diagnose
from conformance.model.protocol import FieldStep, Protocol, Repeat, Step
from conformance.observe.live_conversation import stalled
from javaio import WIRE_TYPES

__all__ = ["NoAnswerError", "Probe"]

_NUMBERS = ("byte", "unsignedByte", "short", "unsignedShort", "int", "long")
_SPEAKS_FIRST_SECONDS = 0.2
_KEEPS_SECONDS = 0.3
_FIRST_NUMBER = 20
_SHOWN_BYTES = 16


class NoAnswerError(ProblemError):
    """The server keeps silent where it should answer: it may be busy."""


class Probe(AbstractContextManager["Probe"]):
    """A connection to the server, and what was said on it. Each answer may take `wait` seconds.

    ProblemError where it cannot connect, or the server does not speak the protocol; NoAnswerError where it is silent.
    """

    def __init__(self, address: str, port: int, protocol: Protocol, wait: float) -> None:
        self._protocol = protocol
        self._wait = wait
        try:
            self._socket = socket.create_connection((address, port), wait)
        except OSError as error:
            values = {"reason": error.strerror or str(error)}
            raise ProblemError(Problem("second-connection-failed", values=values)) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.own_port = int(self._socket.getsockname()[1])
        self.asks = False
        """Whether it has asked something that must be answered."""
        self._conversation = Conversation(protocol, Connection(1, time.monotonic()))

    @property
    def said(self) -> str:
        """The fields that have passed, each with its value."""
        return ", ".join(f"{field.name} {field.value}" for field in self._conversation.fields)

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def begin(self) -> None:
        """Says what can be said without harm, and checks what comes back."""
        if any(step.sender == CLIENT for step in self._protocol.fields[:1]):
            self._listen_first()
        for ordinal, step in enumerate(self._protocol.session):
            match step:
                case FieldStep(sender="server"):
                    pass
                case FieldStep(form="IP address"):
                    self._say(ordinal, step, self._socket.getsockname()[0].partition("%")[0])
                case Repeat(repeat=body) if _is_harmless(body):
                    self.asks = True
                    for number, part in enumerate(body):
                        if isinstance(part, FieldStep) and part.sender == CLIENT:
                            self._say(ordinal + number, part, _FIRST_NUMBER + 2 * number)
                    self._hear(ordinal + len(body))
                    return
                case _:
                    # Nothing is said from here on. A server that understood keeps the connection.
                    self._hear(ordinal)
                    self._receive(_KEEPS_SECONDS)
                    self._check()
                    return
        self._hear(len(self._protocol.session))

    def findings(self) -> list[Finding]:
        """What explains the server's bytes so far, if they do not fit the protocol: the likeliest first."""
        found = diagnose([self._conversation], now=time.monotonic(), timeout=0.0, of=SERVER)
        return [finding for finding in found if finding.raw]

    def leave(self) -> None:
        """Ends our side, and sees whether the server ends its own."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            give_up = time.monotonic() + self._wait
            while (left := give_up - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(1 << 16):
                    return
        except TimeoutError:
            pass
        except OSError:
            return  # it is gone: that is what was asked of it
        raise NoAnswerError(Problem("keeps-connection", Where(side=SERVER), {"seconds": self._wait}))

    def _listen_first(self) -> None:
        if data := self._receive(_SPEAKS_FIRST_SECONDS):
            values = {"protocol": self._protocol.protocol, "raw": data[:_SHOWN_BYTES], "size": len(data)}
            values["text"] = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data[:_SHOWN_BYTES])
            raise ProblemError(Problem("speaks-first", Where(side=SERVER, offset=0), values))

    def _say(self, ordinal: int, step: FieldStep, value: Any) -> None:
        self._hear(ordinal)
        data = WIRE_TYPES[step.type].encode(value)
        self._pass(CLIENT, data)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._closed(error) from None

    def _hear(self, before: int) -> None:
        """Waits for the fields that the protocol has the server send before that one."""
        give_up = time.monotonic() + self._wait
        while True:
            expected = self._conversation.decoder.expects()
            due = next((each for each in expected if each.side == SERVER and each.ordinal < before), None)
            if due is None:
                return
            left = give_up - time.monotonic()
            if left <= 0 or not self._receive(left):
                problem = stalled(1, due, self._wait)
                raise ProblemError(problem) if due.got else NoAnswerError(problem)
            self._check()

    def _check(self) -> None:
        for problem in self._conversation.problems:
            raise ProblemError(problem)

    def _receive(self, seconds: float) -> bytes:
        """What comes in that time; nothing where nothing does. ProblemError where the connection ends."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return b""
        try:
            data = self._socket.recv(1 << 16)
        except OSError as error:
            raise self._closed(error) from None
        if not data:
            self._add(Event(time.monotonic(), 1, "end", SERVER))
            raise self._closed(None)
        self._pass(SERVER, data)
        return data

    def _pass(self, side: Side, data: bytes) -> None:
        now = time.monotonic()
        self._add(Event(now, 1, "received", side, data))
        self._add(Event(now, 1, "sent", side, size=len(data)))

    def _add(self, event: Event) -> None:
        self._conversation.connection.add(event)
        self._conversation.add(event)

    def _closed(self, error: OSError | None) -> ProblemError:
        """That the connection has ended; where it did inside a field, that says more."""
        for problem in self._conversation.problems:
            if problem.code == "ends-inside":
                return ProblemError(problem)
        values = {"said": self.said} if self.said else {}
        if error is not None:
            values["reason"] = error.strerror or str(error)
        return ProblemError(Problem("connection-broken" if error else "server-closed", Where(side=SERVER), values))


def _is_harmless(body: Sequence[Step]) -> bool:
    """Whether it is numbers that the client begins with, and answers that the protocol knows."""
    fields = [step for step in body if isinstance(step, FieldStep)]
    known = [step.type in _NUMBERS if step.sender == CLIENT else step.equals is not None for step in fields]
    senders = [step.sender for step in fields]
    return len(fields) == len(body) and all(known) and senders[0] == CLIENT and SERVER in senders
