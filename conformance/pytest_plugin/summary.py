"""The table at the end: servers down, clients across, and in each place what came of its networks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from conformance.model.cells import Cell
from conformance.runner.case_run import CaseGroup

__all__ = ["Outcome", "case_lines", "summary_lines"]

Outcome = tuple[Cell, str]
"""A cell and what pytest says of it: passed, failed or skipped."""


def summary_lines(outcomes: Iterable[Outcome]) -> list[str]:
    """A table for each protocol. A place says `4 ok`, or names the networks in which the two did not get on."""
    lines: list[str] = []
    by_protocol: dict[str, list[Outcome]] = defaultdict(list)
    for cell, outcome in outcomes:
        by_protocol[cell.protocol.protocol].append((cell, outcome))
    for protocol, rows in by_protocol.items():
        clients = list(dict.fromkeys(cell.mixture for cell, _ in rows))
        table = [[protocol, *clients]]
        for server in dict.fromkeys(cell.server.name for cell, _ in rows):
            mine = [(cell, outcome) for cell, outcome in rows if cell.server.name == server]
            table.append(
                [server, *(_place([pair for pair in mine if pair[0].mixture == client]) for client in clients)]
            )
        lines += ["", *_aligned(table)]
    return lines


def case_lines(outcomes: Iterable[tuple[CaseGroup, str]]) -> list[str]:
    """A line for each program: how many cases it stood, and how many not."""
    counts: dict[str, Counter[str]] = {}
    for group, outcome in outcomes:
        counts.setdefault(group.name.removeprefix("case/"), Counter())[outcome] += 1
    table = []
    for name, count in counts.items():
        parts = [f"{count['passed']} ok"] if count["passed"] else []
        parts += [f"{count['failed']} FAILED"] if count["failed"] else []
        parts += [f"{count['skipped']} skipped"] if count["skipped"] else []
        table.append([name, ", ".join(parts)])
    return ["", *_aligned(table)] if table else []


def _place(pairs: Sequence[Outcome]) -> str:
    passed = sum(outcome == "passed" for _, outcome in pairs)
    failed = [cell.network_name for cell, outcome in pairs if outcome == "failed"]
    skipped = sum(outcome == "skipped" for _, outcome in pairs)
    parts = [f"{passed} ok"] if passed else []
    parts += [f"FAILED {' '.join(failed)}"] if failed else []
    parts += [f"{skipped} skipped"] if skipped else []
    return ", ".join(parts) or "-"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
