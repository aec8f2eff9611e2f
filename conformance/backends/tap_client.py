"""The client of a tap process: gives it one order at a time, and records the events in between."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable
from typing import Any

from conformance.agent.events import Event
from conformance.agent.recording import Recording
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.frames import FrameReader

__all__ = ["TapControl", "TapError"]

_ANSWER_SECONDS = 15.0


class TapError(Exception):
    """The tap could not carry out an order: one sentence with the reason."""


class TapControl:
    """Controls one tap. `conformance.agent.tap.__main__` describes the messages."""

    def __init__(self) -> None:
        self.broken = False
        self._write: Callable[[str], None] = lambda line: None
        self._frames = FrameReader()
        self._errors = b""
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._recording = self._next = Recording()

    def connect(self, write: Callable[[str], None]) -> None:
        """Sets the function that writes a line to the tap's standard input."""
        self._write = write

    def feed(self, stream: str, data: bytes) -> None:
        """Handles what the tap has printed."""
        if stream == "err":
            self._errors += data
            return
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

    def ended(self) -> None:
        """The tap has ended; ends every wait for it."""
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
        """Has the tap relay connections to `listen` to the server at `to`; returns the recording, which fills.

        `connect_timeout` is that of `Relay`. Raises `TapError`.
        """
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
        """Has the tap stop listening, and reset the connections that are still open. Raises `TapError`."""
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
