"""Where cells and cases stand on the page: cells in grids, cases in rows that are grouped, like failures together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.problem import Problem
from conformance.report.timeline import Told, told
from conformance.results.reading import verdict_of

__all__ = ["CaseGroup", "Entry", "case_groups", "counts", "failures", "grids", "skipped"]

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Entry:
    """What the first view shows of a record: `reason` is why it failed or was skipped, `opens` whether its timeline is
    in the page. In a case the harness is the other side: of `server` and `clients` one is None.
    """

    name: str
    is_case: bool
    verdict: str
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
        verdict, is_case = verdict_of(record), record["kind"] == "case"
        problems = [Problem.from_json(entry) for entry in record["problems"] if "code" in entry]
        reason = told(problems[0], numbered=len(record["conversations"]) > 1) if problems else None
        opens = verdict in ("failed", "non-strict") or (verdict == "passed" and not is_case)
        case = record["case"] or {"name": "", "about": {}}
        places = {key: record[key] for key in ("protocol", "server", "clients", "network")}
        return cls(record["name"], is_case, verdict, reason, opens, **places, case=case["name"], about=case["about"])

    @property
    def program(self) -> str:
        """Of a case, its program."""
        return self.server or self.clients or ""


def _grouped(entries: Iterable[Entry], key: Callable[[Entry], _Key]) -> dict[_Key, list[Entry]]:
    groups: dict[_Key, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def counts(entries: Iterable[Entry]) -> Counter[str]:
    """How many there are of each verdict, and under `all`."""
    return Counter(name for entry in entries for name in (entry.verdict, "all"))


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


def failures(entries: Iterable[Entry]) -> list[list[Entry]]:
    """What failed, in the order given; together the same programs in all networks, and the cases of one template."""
    failed = (entry for entry in entries if entry.verdict == "failed")
    return list(_grouped(failed, lambda one: (one.protocol, one.server, one.clients, _stem(one.case))).values())


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
        return counts(row["by_program"][program] for row in rows if program in row["by_program"])


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
