"""Where cells and cases stand on the page: cells in grids, cases in rows that are grouped, like failures together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.problem import Problem
from conformance.formatting.findings import finding_from_json
from conformance.report.timeline import Told, mistake, told

__all__ = ["CaseGroup", "Cause", "Entry", "case_groups", "counts", "failures", "grids", "skipped"]

_CLOSED = ("skipped", "unsupported")  # there is nothing to show
_OURS = ("harness", "")
_GREEN = ("passed", "non-strict")
_NOT_WELL = ("failed", "suspicious", "inconclusive", "error")

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Entry:
    """What the first view shows of a record: `reason` is why it did not pass, `opens` whether its timeline is in the
    page. In a case the harness is the other side: of `server` and `clients` one is None.

    `culprit` is the role and the name of the program that did wrong, `mistake` the title of the first finding
    and `certainty` how sure it is; `cause` is its key, or else the code of the first problem.
    """

    name: str
    is_case: bool
    verdict: str
    wire_only: bool
    culprit: tuple[str, str] | None
    cause: str | None
    mistake: Told | None
    certainty: str | None
    reason: Told | None
    opens: bool
    protocol: str
    server: str | None
    clients: str | None
    network: str | None
    case: str
    about: Told

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Entry:
        """The entry of a record. The timelines of cases that passed would be most of the page, and nobody asks."""
        verdict, is_case = record["verdict"], record["kind"] == "case"
        problems = [Problem.from_json(entry) for entry in record["problems"] if "code" in entry]
        finding = next(map(finding_from_json, record["diagnosis"]), None)
        culprit = record["culprit"] and (record["culprit"]["role"], record["culprit"]["name"])
        if finding and culprit and finding.side != culprit[0]:
            finding = None  # it is about the other
        case = record["case"] or {"name": "", "about": {}}
        return cls(
            name=record["name"],
            is_case=is_case,
            verdict=verdict,
            wire_only=record["wire_only"],
            culprit=culprit,
            cause=finding.key if finding else problems[0].code if problems else None,
            mistake=mistake(finding) if finding else None,
            certainty=finding.certainty if finding else None,
            reason=told(problems[0], numbered=len(record["conversations"]) > 1) if problems else None,
            opens=verdict not in _CLOSED and not (verdict == "passed" and is_case),
            **{key: record[key] for key in ("protocol", "server", "clients", "network")},
            case=case["name"],
            about=case["about"],
        )

    @property
    def program(self) -> str:
        """Of a case, its program."""
        return self.server or self.clients or ""


def _grouped(entries: Iterable[Entry], key: Callable[[Entry], _Key]) -> dict[_Key, list[Entry]]:
    groups: dict[_Key, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def counts(entries: Collection[Entry]) -> Counter[str]:
    """How many there are of each verdict; under `wire-only`, how many of those that passed; and under `all`."""
    counted = Counter(name for entry in entries for name in (entry.verdict, "all"))
    counted["wire-only"] = sum(entry.wire_only and entry.verdict in _GREEN for entry in entries)
    return counted


def grids(cells: Iterable[Entry], abouts: Mapping[str, Told]) -> list[dict[str, Any]]:
    """A grid for each protocol, in the order of the cells: by server, by client, and there a cell for each network."""
    return [
        {
            "protocol": protocol,
            "about": abouts.get(protocol, {}),
            "clients": list(_grouped(mine, lambda cell: cell.clients)),
            "rows": {
                server: _grouped(row, lambda cell: cell.clients)
                for server, row in _grouped(mine, lambda cell: cell.server).items()
            },
        }
        for protocol, mine in _grouped(cells, lambda cell: cell.protocol).items()
    ]


@dataclass(frozen=True)
class Cause:
    """Why some of them did not pass; together those of one pair of programs, and the cases of one template."""

    first: Entry
    meetings: Sequence[Sequence[Entry]]

    @property
    def cells(self) -> int:
        """How many cells these are."""
        return sum(not one.is_case for meeting in self.meetings for one in meeting)

    @property
    def cases(self) -> int:
        """How many cases these are."""
        return sum(one.is_case for meeting in self.meetings for one in meeting)


def failures(entries: Iterable[Entry]) -> list[tuple[tuple[str, str] | None, list[Cause]]]:
    """What did not pass, by whose mistake it is and by its cause; most first.

    `("harness", "")` stands for our own trouble, None for what is nobody's, as far as is known.
    """
    groups = []
    wrong = (one for one in entries if one.verdict in _NOT_WELL)
    for culprit, mine in _grouped(wrong, lambda one: _OURS if one.verdict == "error" else one.culprit).items():
        causes = []
        for same in _grouped(mine, lambda one: (one.verdict, one.cause)).values():
            meetings = _grouped(same, lambda one: (one.protocol, one.server, one.clients, _stem(one.case)))
            causes.append(Cause(same[0], list(meetings.values())))
        groups.append((len(mine), culprit, sorted(causes, key=lambda cause: -(cause.cells + cause.cases))))
    return [(culprit, causes) for _, culprit, causes in sorted(groups, key=lambda group: -group[0])]


def skipped(entries: Iterable[Entry]) -> list[list[Entry]]:
    """What was skipped; together what has the same reason."""
    skips = (entry for entry in entries if entry.verdict == "skipped" and entry.reason)
    return list(_grouped(skips, lambda entry: entry.reason and entry.reason["en"]).values())


@dataclass(frozen=True)
class CaseGroup:
    """The cases against one side of a protocol: `rows` has those made of one template under its name.

    A row is a case: its `name`, what it is `about`, and its entries `by_program`.
    """

    protocol: str
    role: str
    programs: Sequence[str]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]

    def counts(self, program: str, stem: str | None = None) -> Counter[str]:
        """How many results of each verdict the program has; under one name, where that is given."""
        rows = (row for name, rows in self.rows.items() if stem in (None, name) for row in rows)
        return counts([row["by_program"][program] for row in rows if program in row["by_program"]])


def case_groups(cases: Iterable[Entry]) -> list[CaseGroup]:
    """The cases by protocol and side."""
    made = []
    for (protocol, is_client), mine in _grouped(cases, lambda case: (case.protocol, case.server is None)).items():
        rows: dict[str, list[dict[str, Any]]] = {}
        for name, entries in sorted(_grouped(mine, lambda case: case.case).items(), key=lambda item: _natural(item[0])):
            by_program = {entry.program: entry for entry in entries}
            rows.setdefault(_stem(name), []).append({"name": name, "about": entries[0].about, "by_program": by_program})
        made.append(
            CaseGroup(protocol, CLIENT if is_client else SERVER, list(_grouped(mine, lambda case: case.program)), rows)
        )
    return made


def _stem(case: str) -> str:
    return case.partition("/")[0]


def _natural(name: str) -> list[Any]:
    """A key that has 9 before 10: every second part is a number."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split("([0-9]+)", name))]
