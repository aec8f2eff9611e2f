"""The form of what a run leaves in its folder, as types: docs/records.md says what each key means.

A key that is added leaves the version as it is; a key that changes its meaning, or goes, makes the next version.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, final

from typing_extensions import TypedDict

__all__ = [
    "VERSION",
    "CaseEntry",
    "ConversationEntry",
    "DivergenceEntry",
    "EventEntry",
    "ExpectedEntry",
    "FieldEntry",
    "LeftOut",
    "LineEntry",
    "LineMarkEntry",
    "PlaceEntry",
    "ProblemEntry",
    "ProgramEntry",
    "RecordEntry",
    "RunEntry",
    "Text",
    "WireMarkEntry",
]

VERSION = 2

Side = Literal["client", "server"]
Text = dict[str, str]
"""A sentence from a file of the harness, by its language: `en` and `fr`, both the same where the file has only one."""


@final
class LeftOut(TypedDict):
    """In a list, stands for so many entries that are not kept."""

    left_out: int


@final
class ProblemEntry(TypedDict):
    """A problem: `Problem.to_json`, and its English sentence."""

    code: str
    where: dict[str, Any]
    values: dict[str, Any]
    at: NotRequired[float]
    sentence: str


@final
class EventEntry(TypedDict):
    """What the tap saw: `Event.to_json`, and the `offset` of its first byte among all that `sender` sent there."""

    at: float
    connection: int
    kind: Literal["opened", "received", "sent", "end", "reset", "refused"]
    sender: Side
    offset: NotRequired[int]
    data: NotRequired[str]
    size: NotRequired[int]
    detail: NotRequired[str]
    via: NotRequired[str]


class PlaceEntry(TypedDict):
    """What a line tells of: a connection, and perhaps the field there that begins at `offset` of `side`."""

    connection: int
    side: NotRequired[Side]
    offset: NotRequired[int]


@final
class LineEntry(TypedDict):
    """A line of a console; `characters` is how long it is, where it is shortened here."""

    at: float
    stream: Literal["out", "err"]
    text: str
    whole: bool
    characters: NotRequired[int]
    of: NotRequired[PlaceEntry]


class ProgramEntry(TypedDict):
    """What one program did."""

    role: Side
    name: str
    member: str | None
    port: int
    command: list[str]
    status: int | None
    problem: ProblemEntry | None
    console: list[LineEntry | LeftOut]


@final
class FieldEntry(TypedDict):
    """A field that passed; `bytes` are the first of its `size`, and `value` is shortened where it is long."""

    at: float
    side: Side
    field: str
    type: str
    value: Any
    offset: int
    size: int
    bytes: str


@final
class ConversationEntry(TypedDict):
    """One connection, decoded."""

    connection: int
    fields: list[FieldEntry | LeftOut]
    problems: list[ProblemEntry | LeftOut]


class ExpectedEntry(TypedDict):
    """What a field must be, and its bytes from where those of the mark begin."""

    value: Any
    bytes: str


class WireMarkEntry(TypedDict):
    """Bytes on the wire that are marked: of a field, or (`field` null) such as are none; `skipped` stand before."""

    connection: int
    side: Side
    offset: int
    size: int
    field: str | None
    type: str | None
    value: Any
    bytes: str
    skipped: int
    expected: ExpectedEntry | None


class LineMarkEntry(TypedDict):
    """A line that is marked: of which program, which of all its lines, and what the wire has it be."""

    program: int
    line: int
    expected: str | None


class DivergenceEntry(TypedDict):
    """Where the wire and the consoles first differ."""

    at: float
    wire: WireMarkEntry | None
    lines: list[LineMarkEntry]


class CaseEntry(TypedDict):
    """What the case is: its name, what it does, and what is noted as non-strict."""

    name: str
    about: Text
    non_strict: Text | None


class RecordEntry(TypedDict):
    """A cell or a case. Every key is always there; of what was skipped, most are null or empty."""

    version: int
    kind: Literal["cell", "case"]
    name: str
    protocol: str
    server: str | None
    clients: str | None
    network: str | None
    case: CaseEntry | None
    verdict: Literal["passed", "failed", "skipped"]
    problems: list[ProblemEntry | LeftOut]
    non_strict: ProblemEntry | None
    diagnosis: list[dict[str, Any]]
    divergence: DivergenceEntry | None
    began: str | None
    seconds: float | None
    phases: dict[str, float]
    programs: list[ProgramEntry]
    wire: list[EventEntry | LeftOut]
    conversations: list[ConversationEntry | LeftOut]


class RunEntry(TypedDict):
    """What is true of a whole run; `seconds` once it is over."""

    version: int
    began: str
    seconds: NotRequired[float]
    backend: str
    why: str
    versions: dict[str, str]
    harness: dict[str, str]
    commit: str | None
    changed: NotRequired[bool]
    protocols: dict[str, Text]
    networks: dict[str, Text]
    cells: list[str]
    cases: int
