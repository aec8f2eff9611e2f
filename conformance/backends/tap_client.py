"""Orders to a running tap, and what it tells: one order at a time, events in between."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable
from typing import Any

from conformance.agent.events import Event
from conformance.agent.recording import Recording
from conformance.agent.tap.conditions import Conditions

__all__ = ["TapControl", "TapError"]

_ANSWER_SECONDS = 15.0


class TapError(Exception):
    """The tap could not do what it was told: one sentence with the reason."""


class TapControl:
    """Speaks with one tap (`conformance.agent.tap.__main__` says how).

    `write` takes a line to the tap's standard input; what the tap prints is given to `feed` as it comes.
    """

    def __init__(self) -> None:
        self.broken = False
        self._write: Callable[[str], None] = lambda line: None
        self._rest = b""
        self._errors = b""
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._recording = self._next = Recording()
        self._shift = 0.0

    def connect(self, write: Callable[[str], None]) -> None:
        """Takes the way to the tap's standard input."""
        self._write = write

    def feed(self, stream: str, data: bytes) -> None:
        """Takes in what the tap has printed."""
        if stream == "err":
            self._errors += data
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "kind" in message:
                self._recording.add(Event.from_json(message).shifted(self._shift))
                continue
            if message.get("done") == "open":
                # All before this line is of the cell before. From here on its times are told on our clock: a
                # container's clock is its own where a VM runs it.
                self._recording = self._next
                self._shift = time.monotonic() - message["now"]
            self._answers.put(message)

    def ended(self) -> None:
        """The tap is gone: whoever waits for it need not wait longer."""
        self.broken = True
        self._recording.end()
        self._next.end()
        self._answers.put({"failed": "go on", "why": "it has ended"})

    def open(
        self,
        *,
        listen: tuple[str, int],
        to: tuple[str, int],
        conditions: Conditions,
        seed: int,
        connect_timeout: float = 0.0,
    ) -> Recording:
        """Puts the tap between clients at `listen` and the server at `to`; the recording fills as they talk."""
        self._next = recording = Recording()
        self._order(
            {
                "do": "open",
                "listen": listen,
                "to": to,
                "conditions": conditions.to_json(),
                "seed": seed,
                "connect_timeout": connect_timeout,
            }
        )
        return recording

    def close(self) -> None:
        """Takes the tap away from between them; whatever is still connected is dropped."""
        self._order({"do": "close"})

    def _order(self, order: dict[str, Any]) -> None:
        self._write(json.dumps(order) + "\n")
        try:
            answer = self._answers.get(timeout=_ANSWER_SECONDS)
        except queue.Empty:
            self.broken = True
            errors = self._errors.decode("utf-8", "replace").strip()
            raise TapError(f"the tap did not answer {order['do']!r}{': ' + errors if errors else ''}") from None
        if "failed" in answer:
            raise TapError(f"the tap could not {order['do']} {order.get('listen', '')}: {answer['why']}")
