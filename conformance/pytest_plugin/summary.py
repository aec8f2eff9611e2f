"""The tables at the end: servers down, clients across, and in each place what came of its networks; and the cases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from conformance.formatting import Catalogue
from conformance.model.cells import Cell
from conformance.runner.case_run import CaseGroup

__all__ = ["case_lines", "summary_lines"]

_SHOWN = ("passed", "failed", "skipped")  # what pytest says of a test


def summary_lines(outcomes: Iterable[tuple[Cell, str]], words: Catalogue) -> list[str]:
    """A table for each protocol. A place says `4 ok`, or names the networks in which the two did not get on."""
    lines: list[str] = []
    places: dict[str, dict[tuple[str, str], list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for cell, outcome in outcomes:
        places[cell.protocol.protocol][cell.server.name, cell.mixture].append((cell.network_name, outcome))
    for protocol, pairs in places.items():
        servers, clients = (list(dict.fromkeys(names)) for names in zip(*pairs, strict=True))
        rows = [[server, *(_place(pairs.get((server, client), ()), words) for client in clients)] for server in servers]
        lines += ["", *_aligned([[protocol, *clients], *rows])]
    return lines


def case_lines(outcomes: Iterable[tuple[CaseGroup, str]], words: Catalogue) -> list[str]:
    """A line for each program: how many cases it stood, and how many not."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for group, outcome in outcomes:
        counts[group.name.removeprefix("case/")][outcome] += 1
    table = [[name, ", ".join(_counted(count, words).values())] for name, count in counts.items()]
    return ["", *_aligned(table)] if table else []


def _place(outcomes: Sequence[tuple[str, str]], words: Catalogue) -> str:
    parts = _counted(Counter(outcome for _, outcome in outcomes), words)
    if "failed" in parts:
        networks = " ".join(network for network, outcome in outcomes if outcome == "failed")
        parts["failed"] = words.text("report.run.failed-in", {"networks": networks})
    return ", ".join(parts.values()) or "-"


def _counted(counts: Counter[str], words: Catalogue) -> dict[str, str]:
    return {name: words.text(f"report.run.{name}", count=counts[name]) for name in _SHOWN if counts[name]}


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
