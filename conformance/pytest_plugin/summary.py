"""The table at the end: servers down, clients across, and in each place what came of its networks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from conformance.formatting import Catalogue
from conformance.model.cells import Cell
from conformance.runner.case_run import CaseGroup

__all__ = ["Outcome", "case_lines", "summary_lines"]

Outcome = tuple[Cell, str]
"""A cell and what pytest says of it: passed, failed or skipped."""
_SHOWN = ("passed", "failed", "skipped")


def summary_lines(outcomes: Iterable[Outcome], words: Catalogue) -> list[str]:
    """A table for each protocol. A place says `4 ok`, or names the networks in which the two did not get on."""
    lines: list[str] = []
    by_protocol: dict[str, list[Outcome]] = defaultdict(list)
    for cell, outcome in outcomes:
        by_protocol[cell.protocol.protocol].append((cell, outcome))
    for protocol, rows in by_protocol.items():
        clients = list(dict.fromkeys(cell.mixture for cell, _ in rows))
        places: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
        for cell, outcome in rows:
            places[cell.server.name, cell.mixture].append((cell, outcome))
        table = [[protocol, *clients]]
        for server in dict.fromkeys(cell.server.name for cell, _ in rows):
            table.append([server, *(_place(places[server, client], words) for client in clients)])
        lines += ["", *_aligned(table)]
    return lines


def case_lines(outcomes: Iterable[tuple[CaseGroup, str]], words: Catalogue) -> list[str]:
    """A line for each program: how many cases it stood, and how many not."""
    counts: dict[str, Counter[str]] = {}
    for group, outcome in outcomes:
        counts.setdefault(group.name.removeprefix("case/"), Counter())[outcome] += 1
    table = [
        [
            name,
            ", ".join(
                words.text(f"report.run.{outcome}", count=count[outcome]) for outcome in _SHOWN if count[outcome]
            ),
        ]
        for name, count in counts.items()
    ]
    return ["", *_aligned(table)] if table else []


def _place(pairs: Sequence[Outcome], words: Catalogue) -> str:
    count = Counter(outcome for _, outcome in pairs)
    parts = []
    for outcome in _SHOWN:
        if outcome == "failed" and count[outcome]:
            networks = " ".join(cell.network_name for cell, outcome in pairs if outcome == "failed")
            parts.append(words.text("report.run.failed-in", {"networks": networks}))
        elif count[outcome]:
            parts.append(words.text(f"report.run.{outcome}", count=count[outcome]))
    return ", ".join(parts) or "-"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
