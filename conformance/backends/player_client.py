"""The client of a player process: gives it one case at a time, and returns the outcome."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.agent.events import Event
from conformance.agent.player.player import Outcome
from conformance.agent.player.steps import OperatorStep, Step, from_json, to_json
from conformance.agent.player.walk import Operate
from conformance.agent.problem import Problem
from conformance.agent.recording import Recording

__all__ = ["PlayerControl", "PlayerError"]

_OUTCOME_SECONDS = 60.0
_LISTEN_SECONDS = 10.0


class PlayerError(Exception):
    """The player could not carry out an order: the harness failed, and `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem("harness-failed", values={"reason": reason})


class PlayerControl:
    """Controls one player. `conformance.agent.player.__main__` describes the messages."""

    def __init__(self) -> None:
        self._write: Callable[[str], None] = lambda line: None
        self._rest = b""
        self._errors = b""
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def connect(self, write: Callable[[str], None]) -> None:
        """Sets the function that writes a line to the player's standard input."""
        self._write = write

    def feed(self, stream: str, data: bytes) -> None:
        """Handles what the player has printed."""
        if stream == "err":
            self._errors += data
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._answers.put(json.loads(line))

    def ended(self) -> None:
        """The player has ended; ends every wait for it."""
        self._answers.put({"gone": True})

    def against_server(self, steps: Sequence[Step], afterwards: Sequence[Step], host: str, port: int) -> Outcome:
        """Plays a case against the server at that address."""
        self._order(
            {
                "against": "server",
                "host": host,
                "port": port,
                "steps": to_json(steps),
                "afterwards": to_json(afterwards),
            }
        )
        return self.outcome()

    def listen(self, steps: Sequence[Step], host: str, port: int, connections: int) -> int:
        """Listens for the clients of a case, and returns the port; `outcome` tells later what came of it."""
        self._order(
            {
                "against": "client",
                "host": host,
                "port": port,
                "steps": to_json(steps),
                "connections": connections,
            }
        )
        answer = self._answer(_LISTEN_SECONDS)
        if "listening" not in answer:
            raise PlayerError(answer["problem"]["values"]["reason"])
        return int(answer["listening"])

    def outcome(self, operate: Operate | None = None) -> Outcome:
        """What came of the case under way; `operate` is who types to the client meanwhile, and looks at it."""
        while "operator" in (answer := self._answer(_OUTCOME_SECONDS)):
            (step,) = from_json([answer["operator"]])
            assert operate is not None
            assert isinstance(step, OperatorStep)
            reply = operate(step)
            found = {"problem": reply.problem, "non_strict": reply.non_strict}
            self._order({name: problem and problem.to_json() for name, problem in found.items()})
        shift = time.monotonic() - answer["now"]
        events = [Event.from_json(entry).shifted(shift) for entry in answer["events"]]
        problem, non_strict = (_problem(answer[name], shift) for name in ("problem", "non_strict"))
        return Outcome(problem, Recording(events), non_strict)

    def _order(self, order: dict[str, Any]) -> None:
        self._write(json.dumps(order) + "\n")

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            answer = {"gone": True}
        if "gone" in answer:
            errors = self._errors.decode("utf-8", "replace").strip()
            raise PlayerError(f"the player gave no answer{': ' + errors if errors else ''}")
        return answer


def _problem(entry: Mapping[str, Any] | None, shift: float) -> Problem | None:
    """The problem that the player wrote, on the clock of this process, which is `shift` seconds ahead of its own."""
    problem = Problem.from_json(entry) if entry else None
    return problem and replace(problem, at=None if problem.at is None else problem.at + shift)
