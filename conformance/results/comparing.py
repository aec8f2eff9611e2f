"""What has changed since an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """Names of cells and cases; what was skipped counts as not there. `when` is the earlier run's date."""

    when: str
    newly_failing: tuple[str, ...]
    newly_passing: tuple[str, ...]
    appeared: tuple[str, ...]
    vanished: tuple[str, ...]
    still_failing: tuple[str, ...]


def compare(now: Mapping[str, str], before: Mapping[str, str], when: str = "") -> Comparison:
    """Compares verdicts, by the names of cells and cases."""
    ran = {name: verdict for name, verdict in now.items() if verdict != "skipped"}
    had = {name: verdict for name, verdict in before.items() if verdict != "skipped"}

    def changed(earlier: str, later: str) -> tuple[str, ...]:
        return tuple(name for name, verdict in ran.items() if (had.get(name), verdict) == (earlier, later))

    return Comparison(
        when,
        changed("passed", "failed"),
        changed("failed", "passed"),
        tuple(name for name in ran if name not in had),
        tuple(name for name in had if name not in ran),
        changed("failed", "failed"),
    )
