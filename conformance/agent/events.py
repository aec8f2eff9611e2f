"""What the tap saw, one event at a time.

Each direction of a connection tells its own story: `received` when bytes came from the sender, `sent` when the tap
passed them on (a size only: they are the bytes received, in order, perhaps cut otherwise), then `end` (the sender shut
its output) or `reset`. `opened` starts a connection and names the client's address, and the tap's `via` which it came.
`cut` is the tap's own doing, as its network demands (`detail` says what): nothing more is told of that connection, and
of `sender` `size` bytes had gone on. `missed` is of no connection (0): `size` connections were opened of which
nothing is told.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

__all__ = ["CLIENT", "SERVER", "Event", "Kind", "Side", "other"]

Side = Literal["client", "server"]
Kind = Literal["opened", "received", "sent", "end", "reset", "refused", "cut", "missed"]
CLIENT: Side = "client"
SERVER: Side = "server"


class Event(NamedTuple):
    """One event: `at` in seconds on the tap's clock, `connection` counted from 1, `sender` whose bytes it is about."""

    at: float
    connection: int
    kind: Kind
    sender: Side
    data: bytes = b""
    size: int = 0
    detail: str = ""
    via: str = ""

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON's own types; the bytes in hexadecimal, and what is empty left out."""
        entry = self._asdict() | {"at": round(self.at, 6), "data": self.data.hex()}
        return {name: value for name, value in entry.items() if value or name in ("at", "connection")}

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Event:
        """The event that `to_json` wrote."""
        return cls(**{**entry, "data": bytes.fromhex(entry.get("data", ""))})


def other(side: Side) -> Side:
    """The one who listens while `side` sends."""
    return SERVER if side == CLIENT else CLIENT
