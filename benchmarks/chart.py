"""The ratios of a run as a chart: a dot for the median, a line for the spread, a mark for the goal."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.rows import Ratio, Row

__all__ = ["draw"]

_OURS, _GOAL, _GRID = "#1f5fa8", "#b3541e", "#d8d8d8"


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Draws the ratios among the rows, on a logarithmic axis, where 2 and 1/2 are equally far from 1."""
    from matplotlib import rc_context  # needed for the chart alone
    from matplotlib.figure import Figure as Canvas
    from matplotlib.ticker import FuncFormatter

    ratios = [row for row in rows if isinstance(row, Ratio)]
    canvas = Canvas(figsize=(9, 0.9 + 0.34 * len(ratios)), layout="constrained")
    axes = canvas.add_subplot()
    for at, row in enumerate(ratios):
        values = row.values
        axes.plot([min(values), max(values)], [at, at], color=_OURS, linewidth=3, alpha=0.35, solid_capstyle="round")
        axes.plot(median(values), at, "o", color=_OURS, label="median, with the spread" if at == 0 else None)
        axes.annotate(f"{median(values):.2g} ×", (median(values), at), (0, 6), textcoords="offset points", fontsize=8)
    goals = [(row.at_least, at) for at, row in enumerate(ratios) if row.at_least is not None]
    if goals:
        axes.plot(*zip(*goals, strict=True), "|", color=_GOAL, markersize=13, markeredgewidth=2, label="goal")
    axes.set_yticks(range(len(ratios)), [f"{row.work}\nagainst {row.against}" for row in ratios], fontsize=8)
    axes.set_ylim(len(ratios) - 0.4, -0.8)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} ×"))
    axes.axvline(1, color="black", linewidth=1)
    axes.grid(axis="x", color=_GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=8)
    with rc_context({"svg.hashsalt": "ratios"}):  # the same rows give the same file
        canvas.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
