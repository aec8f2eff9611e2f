"""Rows as a table for a terminal, and in Markdown for the docs."""

from collections.abc import Iterable
from statistics import median

from benchmarks.rows import Figure, Ratio, Row

__all__ = ["HEADINGS", "as_cells", "as_table"]

HEADINGS = ("work", "against", "median", "from", "to", "goal", "")


def as_cells(row: Row) -> tuple[str, ...]:
    """A row in the columns of `HEADINGS`."""
    median_, low, high = (_number(value) for value in (median(row.values), min(row.values), max(row.values)))
    match row:
        case Ratio():
            goal = "" if row.at_least is None else f">= {row.at_least:g} x"
            return (row.work, row.against, f"{median_} x", low, high, goal, _comment(row))
        case Figure():
            goal = "" if row.at_most is None else f"<= {row.at_most:g}"
            return (row.work, "", f"{median_} {row.unit}", low, high, goal, _comment(row))


def as_table(rows: Iterable[Row]) -> str:
    """A table in Markdown with aligned columns, so that it can be read in a terminal too."""
    lines = [HEADINGS, *(as_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    padded.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in padded)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _comment(row: Row) -> str:
    verdict = {True: "reached", False: "not reached", None: ""}[row.reached]
    return "; ".join(part for part in (verdict, row.remark) if part)
