"""Where cells and cases stand on the page: cells in grids, cases in rows that are grouped, like failures together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.agent.events import CLIENT, SERVER
from conformance.report.bilingual import Told, told
from conformance.results.reading import Record

__all__ = ["CaseGroup", "CaseRow", "Entry", "Failure", "Grid", "case_groups", "failures", "grids"]


@dataclass(frozen=True)
class Entry:
    """What the first view shows of a record; `timeline` is the number of its timeline in the page, if it has one there.

    `verdict` is `passed`, `non-strict`, `failed` or `skipped`, and `reason` why it failed or was skipped. In a case
    the harness is the other side: of `server` and `clients` one is None.
    """

    name: str
    is_case: bool
    verdict: str
    reason: Told | None
    timeline: int | None
    protocol: str
    server: str | None = None
    clients: str | None = None
    network: str | None = None
    case: str | None = None
    about: Told | None = None

    @classmethod
    def of(cls, record: Record, timeline: int | None) -> Entry:
        """The entry of a record."""
        known = record.content
        case = known["case"]
        numbered = len(known["conversations"]) > 1
        return cls(
            record.name,
            record.is_case,
            record.verdict,
            told(record.problems[0], numbered=numbered) if record.problems else None,
            timeline,
            known["protocol"],
            known["server"],
            known["clients"],
            known["network"],
            None if case is None else case["name"],
            None if case is None else case["about"],
        )

    @property
    def role(self) -> str:
        """Of a case, which side its program is."""
        return CLIENT if self.server is None else SERVER

    @property
    def program(self) -> str:
        """Of a case, its program."""
        return self.server or self.clients or ""

    @property
    def programs(self) -> tuple[str, ...]:
        """The names by which it is found."""
        return tuple(name for name in (self.server, self.clients) if name)


@dataclass(frozen=True)
class Grid:
    """The cells of a protocol: by server, by client, and there a cell for each network."""

    protocol: str
    about: Told
    clients: Sequence[str]
    rows: Mapping[str, Mapping[str, Sequence[Entry]]]


def grids(cells: Iterable[Entry], abouts: Mapping[str, Told]) -> list[Grid]:
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
        made.append(Grid(protocol, abouts.get(protocol, {}), clients, rows))
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
            alike.setdefault((entry.protocol, entry.server, entry.clients, stem), []).append(entry)
    return [Failure(alike_entries) for alike_entries in alike.values()]


@dataclass(frozen=True)
class CaseRow:
    """A case, and what each program made of it."""

    name: str
    about: Told
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
        by_side.setdefault((case.protocol, case.role), []).append(case)
    made = []
    for (protocol, role), mine in by_side.items():
        by_name: dict[str, list[Entry]] = {}
        for case in mine:
            by_name.setdefault(str(case.case), []).append(case)
        rows: dict[str, list[CaseRow]] = {}
        for name, entries in sorted(by_name.items(), key=lambda item: _natural(item[0])):
            row = CaseRow(name, entries[0].about or {}, {entry.program: entry for entry in entries})
            rows.setdefault(name.partition("/")[0], []).append(row)
        made.append(CaseGroup(protocol, role, list(dict.fromkeys(case.program for case in mine)), rows))
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
