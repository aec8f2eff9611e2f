"""The picture of a soak: each process over time, by what it takes."""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from tests.soak.watched import Samples

__all__ = ["draw"]

_TITLES = {
    "memory": "memory, MiB",
    "descriptors": "open descriptors",
    "threads": "threads",
    "latency": "answers, ms (99th percentile)",
}


def draw(samples: Samples, path: Path) -> None:
    """Draws it there (.svg, .png)."""
    with rc_context({"svg.hashsalt": "soak", "font.size": 9}):
        figure = Figure(figsize=(10, 11), layout="constrained")
        for axes, (what, title) in zip(figure.subplots(len(_TITLES), 1, sharex=True), _TITLES.items(), strict=True):
            for name, series in sorted(samples.series[what].items()):
                axes.plot([at / 60 for at, _ in series], [value for _, value in series], label=name, linewidth=1)
            axes.set_title(title, loc="left", fontsize=10)
            axes.set_ylim(bottom=0)
            axes.grid(alpha=0.3)
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
        axes.set_xlabel("minutes")
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
