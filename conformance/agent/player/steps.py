"""What a case is made of, as the player takes it: the standard library alone, so that it plays in a bare container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from conformance.agent.player.items import Item

__all__ = [
    "STEPS",
    "Again",
    "Concurrency",
    "Do",
    "Ends",
    "Input",
    "OperatorStep",
    "Receive",
    "Rests",
    "Same",
    "Send",
    "Serve",
    "Shows",
    "Silence",
    "Step",
    "Together",
    "Type",
    "from_json",
    "to_json",
]

FIRST = "a"  # whose step it is where a case has one connection only


class _Exact:
    """Read from YAML, a step has these keys and no others, and values of these types."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class Send(_Exact):
    """Sends the items, or `only` so many of their bytes: in one segment, or cut behind the given bytes, or behind all.

    `lenient`: a program that has ended the conversation need not take them all.
    """

    send: tuple[Item, ...]
    by: str = FIRST
    cut: tuple[int, ...] | Literal["every byte"] = ()
    pause_ms: int = 3
    only: int | None = None
    lenient: bool = False


@dataclass(frozen=True)
class Receive(_Exact):
    """These items must come, and no other bytes among them."""

    receive: tuple[Item, ...]
    by: str = FIRST


@dataclass(frozen=True)
class Silence(_Exact):
    """Nothing may come for so many milliseconds, and the connection must stand."""

    silence: int
    by: str = FIRST


@dataclass(frozen=True)
class Ends(_Exact):
    """The program must end the connection: orderly, by a reset, or either; having sent nothing, or anything, before.

    `non_strict`: a server that leaves the connection open, and serves another client meanwhile, passes as non-strict.
    """

    ends: Literal["end", "reset", "either"]
    by: str = FIRST
    after: Literal["nothing", "anything"] = "nothing"
    non_strict: Literal["stays open"] | None = None


@dataclass(frozen=True)
class Do(_Exact):
    """Something done to the connection; `nothing` opens it, and no more."""

    do: Literal["half-close", "close", "reset", "nothing"]
    by: str = FIRST


@dataclass(frozen=True)
class Same(_Exact):
    """Each of these connections must receive that many messages, of so many fields, all of them in the same order."""

    same: tuple[str, ...]
    messages: int
    fields: int = 2


@dataclass(frozen=True)
class Concurrency(_Exact):
    """So many connections at once, each going through the steps."""

    concurrency: int
    steps: tuple[Any, ...]


@dataclass(frozen=True)
class Again(_Exact):
    """The steps, so many times."""

    again: int
    steps: tuple[Any, ...]


@dataclass(frozen=True)
class Serve(_Exact):
    """The steps, again and again, for as long as the program does not end the connection."""

    serve: tuple[Any, ...]
    by: str = FIRST


@dataclass(frozen=True)
class Together(_Exact):
    """Several lists of steps, gone through side by side."""

    together: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Type(_Exact):
    """A person types these lines to the client."""

    type: tuple[str, ...]


@dataclass(frozen=True)
class Input(_Exact):
    """A person ends the client's standard input."""

    input: Literal["ends"]


@dataclass(frozen=True)
class Shows(_Exact):
    """The client's standard output must have these lines next, in this order; others may stand among them.

    `non_strict`: lines that are accepted in their place.
    """

    shows: tuple[str, ...]
    non_strict: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rests(_Exact):
    """For so many milliseconds the client must leave the processor to others: it waits, and does not look in a loop."""

    rests: int


Step: TypeAlias = (
    Send | Receive | Silence | Ends | Do | Same | Concurrency | Again | Serve | Together | Type | Input | Shows | Rests
)

OperatorStep: TypeAlias = Type | Input | Shows | Rests
"""What the person at a client does: types on its keyboard, looks at its screen and at how busy it is."""

STEPS: Mapping[str, type[Step]] = {fields(kind)[0].name: kind for kind in get_args(Step)}
"""Each kind of step by its action, which is its first field, and the key that tells it from the others."""


def to_json(steps: Sequence[Step]) -> list[Any]:
    """The steps in JSON's own types; an item is its type and its value."""
    return [asdict(step) for step in steps]


def from_json(plain: Sequence[Any]) -> tuple[Step, ...]:
    """The steps that `to_json` wrote."""
    return tuple(map(_step, plain))


def _step(entry: Mapping[str, Any]) -> Step:
    values: dict[str, Any] = {
        name: tuple(Item(*item) for item in plain) if name in ("send", "receive") else _whole(plain)
        for name, plain in entry.items()
    }
    return STEPS[next(iter(entry))](**values)


def _whole(plain: Any) -> Any:
    """What stands in a step: steps again, lists of them, and texts and numbers."""
    match plain:
        case list() | tuple():
            return tuple(map(_whole, plain))
        case dict():
            return _step(plain)
    return plain
