"""The clients of the two helper processes: the tap, whose events are recorded, and the player, which plays cases."""

from __future__ import annotations

import json
import queue
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.agent.events import Event
from conformance.agent.player.player import Operate, Outcome
from conformance.agent.player.steps import OperatorStep, Step, from_json, to_json
from conformance.agent.problem import HARNESS, HarnessError, Problem
from conformance.agent.recording import Recording
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.frames import FrameReader

__all__ = ["Control", "PlayerControl", "TapControl"]


def _harness_error(told: Mapping[str, Any], address: tuple[str, int] | None = None) -> HarnessError:
    """What a helper told of its own trouble, at that address."""
    port = {"port": address[1]} if address else {}
    return HarnessError(told["code"], **port, **told["values"])


class Control(ABC):
    """Gives a helper one order at a time, as a line of JSON, and takes what it prints."""

    module: str
    """The program, for `python -m`; its docstring describes the messages."""

    def __init__(self) -> None:
        self.broken = False
        self.write: Callable[[str], None] = lambda line: None  # to the helper's standard input
        self._errors = b""
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def feed(self, stream: str, data: bytes) -> None:
        """Handles what the helper has printed."""
        if stream == "err":
            self._errors += data
        else:
            self._read(data)

    def end(self) -> None:
        """The helper has ended; ends every wait for it."""
        self.broken = True
        self._answers.put(None)

    @abstractmethod
    def _read(self, data: bytes) -> None: ...

    def _order(self, order: dict[str, Any]) -> None:
        self.write(json.dumps(order) + "\n")

    def _answer(self, seconds: float) -> dict[str, Any]:
        ended = self.broken
        try:
            # What is broken answers no more, or answers what was asked before.
            answer = None if ended else self._answers.get(timeout=seconds)
            ended |= answer is None
        except queue.Empty:
            answer, ended = None, False
        if answer is None:
            self.broken = True
            errors = self._errors.decode("utf-8", "replace").strip()
            reason = errors.splitlines()[-1] if errors else "it ended" if ended else f"no answer within {seconds:g} s"
            raise HarnessError(f"harness-{self.module.rpartition('.')[2]}", reason=reason)
        return answer


class TapControl(Control):
    """Controls a tap, and records its events between one order to open and the next."""

    module = "conformance.agent.tap"
    _ANSWER_SECONDS = 15.0

    def __init__(self) -> None:
        super().__init__()
        self._frames = FrameReader()
        self._recording = self._next = Recording()

    def _read(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            if isinstance(message, Event):
                self._recording.add(message)
            elif message is not None:
                if message.get("done") == "open":
                    # Events before this answer belong to the cell before. The times of later events are shifted to the
                    # clock of this machine: containers in a VM have a clock of their own.
                    self._recording = self._next
                    self._frames.shift = time.monotonic() - message["now"]
                self._answers.put(message)

    def end(self) -> None:
        """The tap has ended, and with it the recording."""
        self._recording.end()
        self._next.end()
        super().end()

    def open(
        self, *, listen: tuple[str, int], to: tuple[str, int], conditions: Conditions, seed: int, connect_timeout: float
    ) -> Recording:
        """Has the tap relay connections to `listen` to the server at `to`; returns the recording, which fills.

        `connect_timeout` is that of `Relay`. Raises `HarnessError`.
        """
        self._next = recording = Recording()
        options = {"conditions": conditions._asdict(), "seed": seed, "connect_timeout": connect_timeout}
        self._do({"do": "open", "listen": listen, "to": to, **options})
        return recording

    def close(self) -> None:
        """Has the tap stop listening, and reset the connections that are still open. Raises `HarnessError`."""
        self._do({"do": "close"})

    def _do(self, order: dict[str, Any]) -> None:
        self._order(order)
        answer = self._answer(self._ANSWER_SECONDS)
        if "failed" in answer:
            raise _harness_error(answer["problem"], order.get("listen"))


class PlayerControl(Control):
    """Controls a player: gives it one case at a time, and returns the outcome. All may raise `HarnessError`."""

    module = "conformance.agent.player"
    _OUTCOME_SECONDS = 60.0
    _LISTEN_SECONDS = 10.0
    _rest = b""

    def _read(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._answers.put(json.loads(line))

    def against_server(
        self, program: str, steps: Sequence[Step], afterwards: Sequence[Step], host: str, port: int
    ) -> Outcome:
        """Plays a case against the server at that address, which is that program."""
        case = {"steps": to_json(steps), "afterwards": to_json(afterwards)}
        self._order({"against": "server", "program": program, "host": host, "port": port, **case})
        return self.outcome()

    def listen(self, program: str, steps: Sequence[Step], host: str, port: int, connections: int) -> None:
        """Listens for the clients of a case, which are that program; `outcome` tells later what came of it."""
        case = {"steps": to_json(steps), "connections": connections}
        self._order({"against": "client", "program": program, "host": host, "port": port, **case})
        answer = self._answer(self._LISTEN_SECONDS)
        if "listening" not in answer:
            raise _harness_error(answer["problem"], (host, port))

    def outcome(self, operate: Operate | None = None) -> Outcome:
        """What came of the case under way; `operate` is who types to the client meanwhile, and looks at it."""
        while "operator" in (answer := self._answer(self._OUTCOME_SECONDS)):
            (step,) = from_json([answer["operator"]])
            assert operate is not None
            assert isinstance(step, OperatorStep)
            reply = operate(step)
            found = {"problem": reply.problem, "non_strict": reply.non_strict}
            self._order({name: problem and problem.to_json() for name, problem in found.items()})
        shift = time.monotonic() - answer["now"]  # the player's clock may be another one

        def problem(name: str) -> Problem | None:
            found = answer[name] and Problem.from_json(answer[name])
            return found and replace(found, at=None if found.at is None else found.at + shift)

        if answer["problem"] and answer["problem"]["code"] in HARNESS:
            raise _harness_error(answer["problem"])
        events = [Event.from_json({**entry, "at": entry["at"] + shift}) for entry in answer["events"]]
        return Outcome(problem("problem"), Recording(events), problem("non_strict"))
