"""What came of a cell or a case in all its repetitions, beside what was declared of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from conformance.agent.problem import Problem
from conformance.judge import VerdictName
from conformance.model.known import Declared, Observed
from conformance.results.analysis import Analysis

__all__ = ["Outcome", "outcome"]

_GREEN: tuple[VerdictName, ...] = ("passed", "non-strict")
_NO_WORD: tuple[VerdictName, ...] = ("error", "skipped")


@dataclass(frozen=True)
class Outcome:
    """`analysis` is the one that is shown: the first that did not pass, or else the first.

    `verdicts` counts those of all repetitions. `as_declared`: it went wrong, and `declared` says so. `stale`: it passes
    although it was declared to fail.
    """

    analysis: Analysis
    verdict: VerdictName
    verdicts: Counter[VerdictName]
    declared: Declared | None
    as_declared: bool = False
    stale: Problem | None = None

    @property
    def bad(self) -> int:
        """How many repetitions went wrong, by the fault of a program."""
        return sum(count for verdict, count in self.verdicts.items() if verdict not in (*_GREEN, *_NO_WORD))

    @property
    def judged(self) -> int:
        """How many repetitions have a verdict on a program."""
        return self.bad + sum(self.verdicts[verdict] for verdict in _GREEN)

    def observed(self, reason: str) -> Observed | None:
        """What it says for `--update-known`; None where it says nothing about the program."""
        if "error" in self.verdicts or self.verdicts.keys() <= set(_NO_WORD):
            return None
        green = any(self.verdicts[verdict] for verdict in _GREEN)
        return Observed("varies" if green and self.bad else "passes" if green else "fails", reason)


def outcome(analyses: Iterable[Analysis], declared: Declared | None) -> Outcome:
    """What the repetitions come to, the first that did not pass standing for all; there is at least one."""
    verdicts = Counter[VerdictName]()

    def counted() -> Iterator[Analysis]:
        for analysis in analyses:
            verdicts[analysis.verdict] += 1
            yield analysis

    shown = min(counted(), key=lambda analysis: _rank(analysis.verdict))  # keeps one of them at a time
    made = Outcome(shown, shown.verdict, verdicts, declared)
    kind = declared.kind if declared else None
    green = sum(verdicts[verdict] for verdict in _GREEN)
    if verdicts["error"] or not (green or made.bad):
        return made
    if made.bad and (green or kind == "flaky"):
        return replace(made, verdict="flaky", as_declared=kind == "flaky")
    if made.bad and kind == "failing":
        return replace(made, verdict="known", as_declared=True)
    if declared is not None and kind == "failing":
        values = {"pattern": declared.pattern, "file": str(declared.file), "reason": declared.reason}
        return replace(made, verdict="failed", stale=Problem("stale-known", values=values))
    return made


def _rank(verdict: VerdictName) -> int:
    return {"error": 0, "passed": 3, "non-strict": 3, "skipped": 2}.get(verdict, 1)
