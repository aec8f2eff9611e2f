"""What goes wrong, kept short: a mistake once for all who make it, anything else once a connection."""

from __future__ import annotations

from typing import Any

__all__ = ["TROUBLES", "Troubles"]

TROUBLES = 20
"""How many mistakes, and how many other troubles, are remembered."""
_CONNECTIONS = 5  # of those who make a mistake, the last so many are named
# Everything else that can be told of a conversation is told because something is wrong with it.
_USUAL = {"opened", "field", "bytes", "end", "reset", "elided"}

_Known = dict[tuple[Any, ...], dict[str, Any]]


class Troubles:
    """The last things that went wrong; `change` is that of the last change."""

    def __init__(self) -> None:
        self.change = 0
        self._mistakes: _Known = {}
        self._others: _Known = {}

    def line(self, server: int, entry: dict[str, Any], change: int, *, named: bool) -> None:
        """A line about a connection; `named` where it is known already which mistake is made there."""
        event, number = entry["event"], entry["connection"]
        if event == "mistake":
            self._others.pop((server, number), None)  # this explains what was only said to be wrong before
            self._tell(self._mistakes, (server, entry["key"], entry["side"]), entry, change)
        elif (event not in _USUAL or "problem" in entry) and not named:
            self._tell(self._others, (server, number), entry, change)

    def to_json(self) -> list[dict[str, Any]]:
        """The latest first."""
        return sorted([*self._mistakes.values(), *self._others.values()], key=lambda told: -told["at"])

    def _tell(self, known: _Known, key: tuple[Any, ...], entry: dict[str, Any], change: int) -> None:
        before = known.pop(key, None)
        numbers = [*(before["connections"] if before else []), entry["connection"]]
        known[key] = {
            **{name: value for name, value in entry.items() if isinstance(value, str | bool | float)},
            "id": "/".join(map(str, key)),
            "server": key[0],
            "connections": list(dict.fromkeys(numbers))[-_CONNECTIONS:],
            "times": (before["times"] if before else 0) + 1,
        }
        if len(known) > TROUBLES:
            del known[next(iter(known))]
        self.change = change
