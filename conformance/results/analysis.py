"""What came of a cell or a case, looked at once: the record, the transcript and the test all show this.

The judge has decoded a cell already. A case is decoded here where there is something to show: it failed, or was
non-strict. Its other side is the harness, which does wrong on purpose, so only the program is diagnosed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from conformance.agent.problem import Problem
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
    """A cell or a case that was run. What is `non_strict` passes: it has no `problems`.

    `correlated` has for each of `programs` what its lines tell of. A case that passed has no `conversations`.
    """

    subject: Subject
    result: CellResult | CaseResult
    programs: Sequence[ProcessResult]
    problems: Sequence[Problem]
    non_strict: Problem | None
    conversations: Sequence[Conversation]
    correlated: Sequence[Mapping[int, LinePlace]]
    findings: Sequence[Finding] = ()
    divergence: Divergence | None = None


def analyse(result: CellResult | CaseResult) -> Analysis:
    """The analysis of what was run."""
    non_strict: Problem | None = None
    conversations: Sequence[Conversation] = ()
    if isinstance(result, CellResult):
        subject: Subject = result.cell
        programs, judged = result.results, None
        problems, conversations = result.verdict.problems, result.verdict.conversations
    else:
        subject, judged = (result.group, result.case), result.group.program.role
        programs = [ProcessResult(result.group.program, result.lines, None, 0)]
        problems, non_strict = (result.problem,) if result.problem else (), result.non_strict
        if problems or non_strict:
            conversations = read_conversations(result.group.protocol, result.recording)
    problems = tuple(map(_shortened, problems))
    non_strict = non_strict and _shortened(non_strict)
    correlated = [correlate(one, conversations) for one in programs]
    analysis = Analysis(subject, result, programs, problems, non_strict, conversations, correlated)
    if not problems:
        return analysis
    findings = diagnose(conversations, now=result.began + result.seconds, of=judged)
    divergence = find_divergence(problems, conversations, programs, correlated, judged)
    return replace(analysis, findings=findings, divergence=divergence)


def _shortened(problem: Problem) -> Problem:
    """The problem with values that a sentence can hold."""
    return replace(problem, values={name: _short(value) for name, value in problem.values.items()})


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONG_TEXT:
        return f"{value[: _LONG_TEXT // 2]} … {value[-_LONG_TEXT // 4 :]}"
    return value[:_LONG_BYTES] if isinstance(value, bytes) else value
