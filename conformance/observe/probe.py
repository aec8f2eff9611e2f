"""A short and harmless conversation, made from the protocol: enough to see whether a server speaks it.

The client introduces itself where the protocol has its address. Of a loop it takes two rounds, if it asks with numbers
and the protocol says what the answer must be. A message for all it says only where nobody else would get it. It says
nothing where that would have to be made up: a file's name.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.problem import Problem, ProblemError, Where
from conformance.agent.recording import Connection
from conformance.agent.taken import Receiver
from conformance.decoder import Conversation
from conformance.diagnosis import Finding, diagnose
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step
from conformance.observe.live_conversation import stalled
from javaio import WIRE_TYPES

__all__ = ["NoAnswerError", "Probe"]

_NUMBERS = ("byte", "unsignedByte", "short", "unsignedShort", "int", "long")
_SPEAKS_FIRST_SECONDS = 0.2
_KEEPS_SECONDS = 0.3
_ROUNDS = 2
_FIRST_NUMBER = 20
_AUTHOR, _TEXT = "doctor", "hello"
_SHOWN_BYTES = 16
_SHOWN_TEXT = 60
_HELD_BACK_SECONDS = 0.03  # no system acknowledges later than it is held back, and none waits for less than 40 ms


class NoAnswerError(ProblemError):
    """The server keeps silent where it should answer: it may be busy."""


class Probe(AbstractContextManager["Probe"]):
    """A conversation on an open connection, which it closes. Each answer may take `wait` seconds.

    ProblemError where the server does not speak the protocol; NoAnswerError where it is silent.
    """

    def __init__(self, sock: socket.socket, protocol: Protocol, wait: float) -> None:
        self._socket = sock
        self._protocol = protocol
        self._wait = wait
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.own_port = int(sock.getsockname()[1])
        self.server = Receiver(sock)
        """The server at the other end, as far as the system tells of it."""
        self.alone = False
        """Whether it is known that nobody else would get a message."""
        self.asks = False
        """Whether it has asked something that must be answered."""
        self._left = False
        self._rounds = 0
        self._gaps: list[float] = []
        self._events: list[Event] = []
        self._conversation = Conversation(protocol, Connection(1, time.monotonic()))

    @property
    def said(self) -> str:
        """The fields that have passed, each with its value."""
        return ", ".join(f"{field.name} {field.value}" for field in self._conversation.fields)

    @property
    def heard(self) -> bool:
        """Whether the server has sent anything."""
        return any(event.sender == SERVER and event.data for event in self._events)

    @property
    def held_back(self) -> float | None:
        """For how many seconds the system held back the rest of an answer until its beginning was acknowledged.

        None where it did not: whether it does is seen where this side may acknowledge late, and then at once (Linux).
        """
        late, at_once = self._gaps if len(self._gaps) == _ROUNDS else (0.0, 0.0)
        return late if late > _HELD_BACK_SECONDS > 2 * at_once else None

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
                    for _ in range(_ROUNDS):
                        self._ask(ordinal, body)
                    return
                case _:
                    # Nothing is said from here on to anybody else. A server that understood keeps the connection.
                    self._hear(ordinal)
                    self._receive(_KEEPS_SECONDS)
                    self._check()
                    if self.alone and (message := _message(step)):
                        self._post(ordinal, message)
                    return
        self._hear(len(self._protocol.session))

    def findings(self) -> list[Finding]:
        """What explains what the server has sent so far, or not, if it does not fit: the likeliest first."""
        found = diagnose([self._conversation], now=time.monotonic(), timeout=0.0, of=SERVER)
        return [finding for finding in found if finding.key != "both-sides-waiting"]

    def speaks(self, other: Protocol) -> bool:
        """Whether what has passed is right by that other protocol, with something that the server has said."""
        conversation = Conversation(other, Connection(1, self._conversation.connection.opened))
        for event in self._events:
            conversation.add(event)
        heard = [field for field in conversation.fields if field.side == SERVER]
        wrong = any(problem.where.side == SERVER for problem in conversation.problems)
        return bool(heard) and not wrong and not conversation.decoder.unread(SERVER)

    def leave(self, wait: float) -> bool:
        """Ends our side, takes in what still comes, and returns whether the server ended its own side in time."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            if not self._left:
                self._add(Event(time.monotonic(), 1, "end", CLIENT))
            self._left = True
            give_up = time.monotonic() + wait
            while (left := give_up - time.monotonic()) > 0:
                self._receive(left)
        except (OSError, ProblemError):
            return True  # it is gone: that is what was asked of it
        return False

    def _listen_first(self) -> None:
        if data := self._receive(_SPEAKS_FIRST_SECONDS):
            values = {"protocol": self._protocol.protocol, "raw": data[:_SHOWN_BYTES], "size": len(data)}
            values["text"] = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data[:_SHOWN_TEXT])
            raise ProblemError(Problem("speaks-first", Where(side=SERVER, offset=0), values))

    def _ask(self, ordinal: int, body: Sequence[Step]) -> None:
        """One round: in the first one this side acknowledges late, as in a long conversation, and then at once."""
        for number, part in enumerate(body):
            if isinstance(part, FieldStep) and part.sender == CLIENT:
                self._say(ordinal + number, part, _FIRST_NUMBER + 2 * number + 4 * self._rounds)
        self._gaps.append(self._hear(ordinal + len(body)))
        self._rounds += 1

    def _post(self, ordinal: int, message: Mapping[str, FieldStep]) -> None:
        """Says one message, and waits until it comes back: it is the first that may come."""
        author, *texts = message
        values = {author: _AUTHOR, **dict.fromkeys(texts, _TEXT)}
        told = {"author": _AUTHOR, "text": _TEXT}
        for name, step in message.items():
            self._check_messages(values)
            self._say(ordinal, step, values[name])
        self.asks = True
        give_up = time.monotonic() + self._wait
        while not self._check_messages(values):
            left = give_up - time.monotonic()
            if left <= 0 or not self._receive(left):
                raise NoAnswerError(Problem("message-not-echoed", Where(1, SERVER), told))
            self._check()

    def _check_messages(self, values: Mapping[str, str]) -> bool:
        """Whether a message has come from the server; ProblemError where it is another one: nobody else is there."""
        for message in self._conversation.messages:
            if message.side == SERVER:
                if message.fields != values or self._conversation.messages[0].side == SERVER:
                    first, *_, last = message.fields.values()
                    told = {"author": first, "text": last, "unsent": True}
                    raise ProblemError(Problem("message-unknown", message.last.where(1), told))
                return True
        return False

    def _say(self, ordinal: int, step: FieldStep, value: Any) -> None:
        self._hear(ordinal)
        data = WIRE_TYPES[step.type].encode(value)
        self._pass(CLIENT, data)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._closed(error) from None

    def _hear(self, before: int) -> float:
        """Waits for the fields that the protocol has the server send before that one.

        Returns the longest time between two pieces of what came, in seconds.
        """
        if sys.platform == "linux":  # the system takes this for the next segments, and then decides again by itself
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, self._rounds)
        give_up = time.monotonic() + self._wait
        came: list[float] = []
        while True:
            expected = self._conversation.decoder.expects()
            due = next((each for each in expected if each.side == SERVER and each.ordinal < before), None)
            if due is None:
                return max((later - earlier for earlier, later in pairwise(came)), default=0.0)
            left = give_up - time.monotonic()
            if left <= 0 or not self._receive(left):
                problem = stalled(1, due, self._wait)
                raise ProblemError(problem) if due.got else NoAnswerError(problem)
            came.append(time.monotonic())
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
        self._events.append(event)
        self._conversation.connection.add(event)
        self._conversation.add(event)

    def _closed(self, error: OSError | None) -> ProblemError:
        """That the connection has ended; where it did inside a field, that says more."""
        for problem in self._conversation.problems:
            if problem.code == "ends-inside":
                return ProblemError(problem)
        values = {"said": self.said} if self.said else {}
        if self._rounds:
            return ProblemError(Problem("ends-after-answer", Where(side=SERVER), {**values, "answers": self._rounds}))
        if error is not None:
            values["reason"] = error.strerror or str(error)
        code = "connection-broken" if error else "server-closed" if values else "closes-at-once"
        return ProblemError(Problem(code, Where(side=SERVER), values))


def _is_harmless(body: Sequence[Step]) -> bool:
    """Whether it is numbers that the client begins with, and answers that the protocol knows."""
    fields = [step for step in body if isinstance(step, FieldStep)]
    known = [step.type in _NUMBERS if step.sender == CLIENT else step.equals is not None for step in fields]
    senders = [step.sender for step in fields]
    return len(fields) == len(body) and all(known) and senders[0] == CLIENT and SERVER in senders


def _message(step: Step) -> Mapping[str, FieldStep]:
    """The fields of a message that goes to all, where it is texts alone; none where the step has no such message."""
    match step:
        case BothWays(broadcast=names) if names:
            for part in step.sides.client:
                fields = {one.field: one for one in getattr(part, "repeat", ()) if isinstance(one, FieldStep)}
                if tuple(fields) == tuple(names) and all(one.type == "UTF" for one in fields.values()):
                    return fields
    return {}
