"""What came of a cell or a case, looked at once: the record, the transcript and the test all show this.

The judge has decoded a cell already. A case is decoded here where there is something to show: it failed, or was
non-strict. Its other side is the harness, which does wrong on purpose, so only the program is diagnosed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from conformance.agent.problem import Problem
from conformance.agent.recording import Recording
from conformance.decoder import Conversation, read_conversations
from conformance.diagnosis import Finding, diagnose
from conformance.judge import Divergence, LinePlace, ProcessResult, correlate, find_divergence
from conformance.model.cases import Case
from conformance.model.cells import Cell
from conformance.runner.case_run import CaseGroup, CaseResult
from conformance.runner.cell_run import CellResult

__all__ = ["Analysis", "Subject", "analyse"]

Subject: TypeAlias = Cell | tuple[CaseGroup, Case]

_LONG_TEXT, _LONG_BYTES = 300, 16  # of a value in a problem


@dataclass(frozen=True)
class Analysis:
    """A cell or a case that was run. `correlated` has for each of `results` what its lines tell of.

    All times are on the clock of the recording, where it `began`.
    """

    subject: Subject
    recording: Recording
    results: Sequence[ProcessResult]
    began: float
    seconds: float
    problems: Sequence[Problem] = ()
    non_strict: Problem | None = None
    conversations: Sequence[Conversation] = ()
    findings: Sequence[Finding] = ()
    correlated: Sequence[Mapping[int, LinePlace]] = ()
    divergence: Divergence | None = None
    phases: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong; what is non-strict passes."""
        return not self.problems

    @property
    def shows(self) -> bool:
        """Whether anybody will want to look at it: not at a case that passed."""
        return isinstance(self.subject, Cell) or bool(self.problems) or self.non_strict is not None


def analyse(result: CellResult | CaseResult) -> Analysis:
    """The analysis of what was run."""
    non_strict: Problem | None = None
    conversations: Sequence[Conversation] = ()
    if isinstance(result, CellResult):
        cell, verdict = result.cell, result.verdict
        subject: Subject = cell
        protocol, results, judged, phases = cell.protocol, result.results, None, result.phases
        problems, conversations = verdict.problems, verdict.conversations
    else:
        program, protocol = result.group.program, result.group.protocol
        subject, judged, phases = (result.group, result.case), program.role, {}
        results = [ProcessResult(program, result.lines, None, 0)]
        problems, non_strict = (result.problem,) if result.problem else (), result.non_strict
    analysis = Analysis(
        subject,
        result.recording,
        results,
        result.began,
        result.seconds,
        tuple(map(_shortened, problems)),
        non_strict and _shortened(non_strict),
        phases=phases,
    )
    if not analysis.shows:
        return analysis
    conversations = conversations or read_conversations(protocol, result.recording)
    correlated = [correlate(one, conversations) for one in results]
    analysis = replace(analysis, conversations=conversations, correlated=correlated)
    if analysis.passed:
        return analysis
    findings = diagnose(conversations, now=result.began + result.seconds, of=judged)
    divergence = find_divergence(analysis.problems, conversations, results, correlated, judged)
    return replace(analysis, findings=findings, divergence=divergence)


def _shortened(problem: Problem) -> Problem:
    """The problem with values that a sentence can hold."""
    values = {name: _short(value) for name, value in problem.values.items()}
    return problem if values == problem.values else replace(problem, values=values)


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONG_TEXT:
        return f"{value[: _LONG_TEXT // 2]} … {value[-_LONG_TEXT // 4 :]}"
    return value[:_LONG_BYTES] if isinstance(value, bytes) else value
