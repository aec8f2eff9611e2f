"""Names the mistake behind what does not fit the protocol, while the conversation goes on.

Not at the first wrong byte: with all the bytes that belong to it a mistake is known better. It is looked for once
nothing has come for a moment, the conversation stands still, or it is over.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.agent.events import CLIENT, SERVER, Event, Side
from conformance.agent.recording import Connection
from conformance.diagnosis import Finding, diagnose
from conformance.model.protocol import Protocol
from conformance.observe.live_events import Mistake

__all__ = ["Naming"]

_QUIET_SECONDS = 0.3
_MOST_KEPT = 1 << 16  # bytes of a side: who went wrong later than that keeps the mistake nameless


class Naming:
    """Keeps the beginning of a connection, and names what goes wrong in it, each mistake once."""

    def __init__(self, protocol: Protocol, number: int) -> None:
        self._protocol = protocol
        self._kept: Connection | None = Connection(number, 0.0)
        self._sizes: dict[Side, int] = {CLIENT: 0, SERVER: 0}
        self._wrong_since: float | None = None
        self._last = 0.0
        self._told: set[tuple[str, Side]] = set()

    def add(self, event: Event) -> None:
        """Takes in what the tap saw."""
        self._last = event.at
        if event.kind == "received":
            self._sizes[event.sender] += len(event.data)
            if event.size or self._sizes[event.sender] > _MOST_KEPT:
                self._kept = None
        if self._kept is not None:
            self._kept.add(event)

    def wrong(self) -> None:
        """Something does not fit the protocol: a mistake is to be named when it can be."""
        self._wrong_since = self._last

    def when_quiet(self, now: float) -> Iterator[Mistake]:
        """Names it if nothing has come for a moment."""
        if self._wrong_since is not None and now - self._last >= _QUIET_SECONDS:
            yield from self.name(now, still=False)

    def name(self, now: float, *, still: bool) -> Iterator[Mistake]:
        """Names what it can; `still` where nothing has moved for so long that somebody must be waiting."""
        if self._kept is None or (self._wrong_since is None and not still):
            return
        self._wrong_since = None
        findings = diagnose(self._protocol, [self._kept], now=now if still else None, patience=0.0)
        for side in (CLIENT, SERVER):
            mine = [finding for finding in findings if finding.side == side and not _may_be_slow(finding)]
            if mine and (mine[0].key, side) not in self._told:
                self._told.add((mine[0].key, side))
                yield Mistake(now, self._kept.number, mine[0], tuple(mine[1:]))


def _may_be_slow(finding: Finding) -> bool:
    """Whether somebody may just be thinking, or typing; nobody does inside a field."""
    return finding.key == "both-sides-waiting" and not finding.raw
