"""Where cells and cases stand on the page: cells in grids, cases in rows that are grouped, like failures together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.results.reading import Record

__all__ = ["CaseGroup", "CaseRow", "Entry", "Failure", "Grid", "case_groups", "failures", "grids"]


@dataclass(frozen=True)
class Entry:
    """What the first view tells of a record; `story` is the number of its story in the page, if it has one there.

    The verdict is `rough` where a program passed and did as roughly as the course's Java does.
    """

    name: str
    is_case: bool
    verdict: str
    reason: str | None
    story: int | None
    protocol: str
    server: str | None = None
    clients: str | None = None
    network: str | None = None
    role: str | None = None
    program: str | None = None
    case: str | None = None
    about: str | None = None

    @classmethod
    def of(cls, record: Record, story: int | None) -> Entry:
        """The entry of a record."""
        known = record.content
        parts = record.name.split("/", 4)  # those of a case: `case`, protocol, role, program, name
        if record.is_case and len(parts) == 5:
            known = {**dict(zip(("protocol", "role", "program", "name"), parts[1:], strict=True)), **known}
        return cls(
            record.name,
            record.is_case,
            "rough" if record.is_rough else record.verdict,
            known.get("reason"),
            story,
            str(known.get("protocol", "")),
            *(known.get(key) for key in ("server", "clients", "network", "role", "program", "name", "about")),
        )

    @property
    def programs(self) -> tuple[str, ...]:
        """The names by which it is found."""
        return tuple(name for name in (self.server, self.clients, self.program) if name)


@dataclass(frozen=True)
class Grid:
    """The cells of a protocol: by server, by client, and there a cell for each network."""

    protocol: str
    about: str
    clients: Sequence[str]
    rows: Mapping[str, Mapping[str, Sequence[Entry]]]


def grids(cells: Iterable[Entry], abouts: Mapping[str, str]) -> list[Grid]:
    """A grid for each protocol, in the order of the cells."""
    by_protocol: dict[str, list[Entry]] = {}
    for cell in cells:
        by_protocol.setdefault(cell.protocol, []).append(cell)
    made = []
    for protocol, mine in by_protocol.items():
        rows: dict[str, dict[str, list[Entry]]] = {}
        for cell in mine:
            rows.setdefault(str(cell.server), {}).setdefault(str(cell.clients), []).append(cell)
        clients = list(dict.fromkeys(str(cell.clients) for cell in mine))
        made.append(Grid(protocol, abouts.get(protocol, ""), clients, rows))
    return made


@dataclass(frozen=True)
class Failure:
    """What failed alike, the same programs in all of its networks, or the cases of one template: told by the first."""

    entries: Sequence[Entry]

    @property
    def first(self) -> Entry:
        """The one that stands for all."""
        return self.entries[0]


def failures(entries: Iterable[Entry]) -> list[Failure]:
    """All that failed, in the order given."""
    alike: dict[tuple[str | None, ...], list[Entry]] = {}
    for entry in entries:
        if entry.verdict == "failed":
            stem = entry.case and entry.case.partition("/")[0]
            alike.setdefault((entry.protocol, entry.server, entry.clients, entry.program, stem), []).append(entry)
    return [Failure(alike_entries) for alike_entries in alike.values()]


@dataclass(frozen=True)
class CaseRow:
    """A case, and what each program made of it."""

    name: str
    about: str
    by_program: Mapping[str, Entry]


@dataclass(frozen=True)
class CaseGroup:
    """The cases against one side of a protocol. Those made of one template stand together, under its name."""

    protocol: str
    role: str
    programs: Sequence[str]
    rows: Mapping[str, Sequence[CaseRow]]

    def count(self, verdict: str, program: str | None = None, stem: str | None = None) -> int:
        """How many results of that verdict; of one program, or under one name, where these are given."""
        return sum(
            entry.verdict == verdict
            for name, rows in self.rows.items()
            if stem in (None, name)
            for row in rows
            for entry in row.by_program.values()
            if program in (None, entry.program)
        )


def case_groups(cases: Iterable[Entry]) -> list[CaseGroup]:
    """The cases by protocol and side."""
    by_side: dict[tuple[str, str], list[Entry]] = {}
    for case in cases:
        by_side.setdefault((case.protocol, str(case.role)), []).append(case)
    made = []
    for (protocol, role), mine in by_side.items():
        by_name: dict[str, list[Entry]] = {}
        for case in mine:
            by_name.setdefault(str(case.case), []).append(case)
        rows: dict[str, list[CaseRow]] = {}
        for name, entries in sorted(by_name.items(), key=lambda item: _natural(item[0])):
            row = CaseRow(name, entries[0].about or "", {str(entry.program): entry for entry in entries})
            rows.setdefault(name.partition("/")[0], []).append(row)
        made.append(CaseGroup(protocol, role, list(dict.fromkeys(str(case.program) for case in mine)), rows))
    return made


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that has 9 before 10."""
    parts: list[tuple[int, str]] = []
    digits = ""
    for character in name + " ":
        if character.isascii() and character.isdigit():
            digits += character
            continue
        if digits:
            parts.append((int(digits), ""))
            digits = ""
        parts.append((-1, character))
    return parts
