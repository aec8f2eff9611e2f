"""Sums, messages or answers: what of a protocol is counted, and how many came in each of the last seconds."""

from __future__ import annotations

from typing import Any

from conformance.agent.events import CLIENT, SERVER
from conformance.model import Protocol

__all__ = ["SECONDS", "Counter"]

SECONDS = 60
"""How far back the page sees."""
_MEAN = 5  # seconds over which the rate is taken


class Counter:
    """Counts the messages that clients post to a room, or else the server's answers."""

    def __init__(self, protocol: Protocol) -> None:
        self._total = 0
        self._by_second: dict[int, int] = {}
        answers = [step for step in protocol.fields if step.sender == SERVER]
        computed = [step.field for step in answers if step.equals is not None]
        if protocol.broadcast:
            self._what, self._sender, self._field = "messages", CLIENT, protocol.broadcast[-1]
        else:
            self._what = "sums" if computed == ["sum"] else "answers"
            self._sender = SERVER
            self._field = (computed or [step.field for step in answers] or [""])[-1]

    def field(self, entry: dict[str, Any]) -> None:
        """A field has passed."""
        if entry["sender"] == self._sender and entry["field"] == self._field:
            self._total += 1
            second = int(entry["at"])
            self._by_second[second] = self._by_second.get(second, 0) + 1
            if len(self._by_second) > 2 * SECONDS:
                self._by_second = {key: count for key, count in self._by_second.items() if key > second - SECONDS}

    def to_json(self, now: float) -> dict[str, Any]:
        """How many there were, in each of the last seconds too, and how many a second just now."""
        second = int(now)
        by_second = [self._by_second.get(key, 0) for key in range(second - SECONDS, second)]
        return {
            "what": self._what,
            "total": self._total,
            "rate": sum(by_second[-_MEAN:]) / _MEAN,
            "seconds": by_second,
        }
