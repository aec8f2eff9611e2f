"""A short and harmless conversation, made from the protocol: enough to see whether a server speaks it.

The client introduces itself where the protocol has its address. Of a loop it takes one round, if it asks with numbers
and the protocol says what the answer must be. It says nothing where that would reach others, or would have to be made
up: a file's name, a message.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.hexdump import show
from conformance.agent.recording import Connection
from conformance.agent.sized_bytes import SizeError
from conformance.diagnosis import Finding, diagnose
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step
from javaio import IncompleteValueError, UTFDataFormatError, WireType

__all__ = ["NoAnswerError", "Talk", "WrongAnswerError"]

_NUMBERS = ("byte", "unsignedByte", "short", "unsignedShort", "int", "long")
_SPEAKS_FIRST_SECONDS = 0.2
_KEEPS_SECONDS = 0.3
_FIRST_NUMBER = 20


class WrongAnswerError(Exception):
    """The server does not speak the protocol: a sentence, and what to do."""

    def __init__(self, sentence: str, advice: str) -> None:
        super().__init__(sentence)
        self.advice = advice


class NoAnswerError(Exception):
    """The server keeps silent where it should answer: a sentence."""


class Talk:
    """A connection to the server, and what was said on it."""

    def __init__(self, address: str, port: int, protocol: Protocol, wait: float) -> None:
        self.asked = False
        self.said: list[str] = []
        self._protocol = protocol
        self._wait = wait
        self._socket = socket.create_connection((address, port), wait)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self._values: dict[str, Any] = {}
        self._seen = Connection(1, time.monotonic())

    @property
    def own_port(self) -> int:
        """The port at this end."""
        return int(self._socket.getsockname()[1])

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def begin(self) -> None:
        """Says what can be said without harm, and checks what comes back."""
        first = next(iter(self._protocol.fields), None)
        if first is not None and first.sender == CLIENT and (data := self._comes_within(_SPEAKS_FIRST_SECONDS)):
            raise WrongAnswerError(
                f"it speaks first, and in {self._protocol.protocol} the client does. It says {_both(data)}",
                "this is another service: check the port",
            )
        self._follow(self._protocol.session)

    def mistakes(self) -> list[Finding]:
        """What fits the server's bytes so far, if they do not fit the protocol: the likeliest first."""
        found = diagnose(self._protocol, [self._seen], now=time.monotonic(), patience=0.0, of=SERVER)
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
        raise NoAnswerError("it keeps the connection after I have left")

    def _follow(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case FieldStep(sender="client", form="IP address"):
                    self._send(step, self._socket.getsockname()[0].partition("%")[0])
                case FieldStep(sender="server"):
                    self._receive(step)
                case Repeat(repeat=body) if _is_harmless(body):
                    for number, part in enumerate(body):
                        assert isinstance(part, FieldStep)
                        if part.sender == CLIENT:
                            self._send(part, _FIRST_NUMBER + 2 * number)
                        else:
                            self._receive(part)
                            self.asked = True
                case BothWays() | Repeat() | FieldStep():
                    self._stays()
                    return

    def _stays(self) -> None:
        """Nothing is said from here on; a server that understood keeps the connection."""
        try:
            data = self._comes_within(_KEEPS_SECONDS)
        except WrongAnswerError as error:
            told = ", ".join(self.said) or "nothing"
            raise WrongAnswerError(f"{error} (I had sent {told})", error.advice) from None
        del data  # what others say in the room is none of our business

    def _send(self, step: FieldStep, value: Any) -> None:
        self._values[step.field] = value
        data = step.wire(self._values).encode(value)
        now = time.monotonic()
        self._seen.client.received.append((now, data))
        self._seen.client.sent.append((now, len(data)))
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise WrongAnswerError(_closed(error), _SEE_CONSOLE) from None
        self.said.append(f"{step.field} {value}")

    def _receive(self, step: FieldStep) -> None:
        wire, wanted = self._wire(step), self._wanted(step)
        give_up = time.monotonic() + self._wait
        while True:
            try:
                value, size = wire.decode(self._rest)
                break
            except IncompleteValueError as error:
                left = give_up - time.monotonic()
                data = self._comes_within(left) if left > 0 else b""
                if not data:
                    if not self._rest:
                        raise NoAnswerError(f"no {step.type} `{step.field}` came within {self._wait:g} s") from None
                    raise WrongAnswerError(
                        f"of {step.type} `{step.field}`{wanted} only {error.got} of {error.expected} bytes came: "
                        f"{_both(self._rest)}",
                        f"send it as {_HOW.get(step.type, step.type)} does",
                    ) from None
                self._rest += data
            except UTFDataFormatError as error:
                raise WrongAnswerError(
                    f"`{step.field}` must be UTF, and is not ({error}): {_both(self._rest)}",
                    "send it as writeUTF does: two bytes of length, then the text",
                ) from None
        raw, self._rest = self._rest[:size], self._rest[size:]
        self._values[step.field] = value
        if step.expected is not None and value != (right := step.expected(self._values)):
            raise WrongAnswerError(
                f"`{step.field}` must be {step.equals} = {right} ({show(wire.encode(right))}), and it is {value} "
                f"({_both(raw)})",
                f"compare the bytes; {_HOW.get(step.type, step.type)} sends the highest byte first",
            )
        self.said.append(f"{step.field} {value}")

    def _wire(self, step: FieldStep) -> WireType[Any]:
        try:
            return step.wire(self._values)
        except SizeError as error:
            raise WrongAnswerError(
                f"it can send no bytes `{step.field}`: {error}", "check how it writes the size"
            ) from None

    def _wanted(self, step: FieldStep) -> str:
        return "" if step.expected is None else f" (which must be {step.expected(self._values)})"

    def _comes_within(self, seconds: float) -> bytes:
        """What comes in that time; nothing where nothing does. That the connection ends is a wrong answer."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return b""
        try:
            data = self._socket.recv(1 << 16)
        except OSError as error:
            raise WrongAnswerError(_closed(error), _SEE_CONSOLE) from None
        if not data:
            raise WrongAnswerError(_closed(None), _SEE_CONSOLE)
        now = time.monotonic()
        self._seen.server.received.append((now, data))
        self._seen.server.sent.append((now, len(data)))
        return data


_SEE_CONSOLE = "read what the server's console says; it may expect another protocol, or have met an error"
_HOW: Mapping[str, str] = {"UTF": "writeUTF", **{name: f"write{name[0].upper()}{name[1:]}" for name in _NUMBERS}}


def _is_harmless(body: Sequence[Step]) -> bool:
    fields = [step for step in body if isinstance(step, FieldStep)]
    return (
        len(fields) == len(body)
        and fields[0].sender == CLIENT
        and all(step.type in _NUMBERS for step in fields if step.sender == CLIENT)
        and any(step.sender == SERVER for step in fields)
        and all(step.equals is not None for step in fields if step.sender == SERVER)
    )


def _closed(error: OSError | None) -> str:
    return "it closes the connection" if error is None else f"it breaks the connection off ({error.strerror or error})"


def _both(data: bytes) -> str:
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data[:16])
    return f"{show(data)}, as text {text!r}"
