"""An entry of the corpus: what two programs send, whose mistake it is, and what must and may be said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Literal

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.model.protocol import Protocol
from conformance.model.yaml_file import read_yaml, validate
from tests.conformance.exercise import TRANSFER
from tests.diagnosis.corpus.meet import Move, Player, meet
from tests.diagnosis.protocols import PROTOCOLS

__all__ = ["SOURCES", "Entry", "Label", "Source", "Ways", "labels", "make", "protocol"]

Ways = Sequence[Literal["written", "together", "bytes"]]
Source = Literal["reports", "wrong programs", "own", "right"]
SOURCES: tuple[Source, ...] = ("reports", "wrong programs", "own", "right")
_OWN = Path(__file__).with_name("protocols")


@cache
def protocol(name: str) -> Protocol:
    """The protocol of that name: of the course, of an exercise, of these tests, or made up for the corpus."""
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    path = _OWN / f"{name}.yaml"
    return TRANSFER if name == TRANSFER.protocol else validate(Protocol, read_yaml(path), path)


VAGUER: Mapping[str, frozenset[str]] = {
    "csv-text": frozenset(
        {"text-without-length", "write-bytes", "newline-for-length", "number-as-text", "text-writer"}
    ),
    "frame-length": frozenset({"field-too-many"}),
    "struct-padding": frozenset({"field-too-many"}),
    "websocket": frozenset({"http-request"}),
}
"""What else is true where a key is right, and says less: it may be said, and is not the name."""


@dataclass(frozen=True)
class Label:
    """One mistake: the keys that are right words for it, and whose it is; None where it may be said of either side."""

    keys: frozenset[str]
    side: Side | None

    def has(self, key: str, side: Side) -> bool:
        """Whether that is a right word for it."""
        return key in self.keys and self.side in (None, side)


@dataclass(frozen=True)
class Entry:
    """What passes on one connection, and what is to be said of it.

    kind     what is wrong, in words; several entries may be of one kind
    must     the mistakes, all of which must be told, one of them first; none: nothing may be said
    may      keys that may be said as well, of whichever side
    judged   the side that is judged, where the other is wrong on purpose
    codes    problems that say as much as a name does: one of them must be the first
    """

    name: str
    kind: str
    source: Source
    protocol: str
    moves: tuple[Move, ...]
    must: tuple[Label, ...] = ()
    may: frozenset[str] = frozenset()
    judged: Side | None = None
    codes: frozenset[str] = frozenset()

    def allows(self, key: str, side: Side) -> bool:
        """Whether this is true of it."""
        if key in self.may:
            return True
        mine = [label.keys for label in self.must if label.side in (None, side)]
        return any(key in keys or any(key in VAGUER.get(name, ()) for name in keys) for keys in mine)


def labels(text: str, at_fault: Side) -> tuple[Label, ...]:
    """The mistakes that `text` tells: `a|b & server:c` is a or b, and c of the server; `either:` is of any side."""
    told: list[Label] = []
    for part in filter(None, (part.strip() for part in text.split("&"))):
        head, _, keys = part.rpartition(":")
        sides: dict[str, Side | None] = {"": at_fault, CLIENT: CLIENT, SERVER: SERVER, "either": None}
        told.append(Label(frozenset(keys.split("|")), sides[head]))
    return tuple(told)


def make(
    kind: str,
    protocol: str,
    client: Player,
    server: Player,
    *,
    source: Source = "own",
    at_fault: Side = CLIENT,
    must: str = "",
    may: str = "both-sides-waiting",
    judged: Side | None = None,
    ways: Ways = ("written",),
    label: str = "",
) -> Iterable[Entry]:
    """The entry, once for each of the `ways` in which its bytes may come: as they are written, what a side says at a
    time in one piece, or byte by byte.

    `label` tells it from others of the kind. `kind` is without the side that is at fault; our own get it in front.
    """
    kind = f"{at_fault}: {kind}" if must and source == "own" else kind
    moves = meet(client, server)
    for way in ways:
        parts = [kind, protocol, *filter(None, (label, way if way != "written" else ""))]
        yield Entry(
            "/".join(parts),
            kind,
            source,
            protocol,
            tuple(_in_pieces(moves, way)),
            labels(must, at_fault),
            frozenset(filter(None, may.split("|"))),
            judged,
        )


def _in_pieces(moves: Sequence[Move], way: str) -> Iterable[Move]:
    if way == "written":
        yield from moves
        return
    for _, run in groupby(moves, key=lambda move: (move.side, isinstance(move.what, bytes))):
        group = list(run)
        pieces = [move.what for move in group if isinstance(move.what, bytes)]
        if not pieces:
            yield from group
        elif way == "together":
            yield Move(sum(move.after for move in group), group[0].side, b"".join(pieces))
        else:
            data = b"".join(pieces)
            yield from (
                Move(group[0].after if offset == 0 else 0.0005, group[0].side, data[offset : offset + 1])
                for offset in range(len(data))
            )
