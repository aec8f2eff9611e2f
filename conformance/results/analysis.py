"""What came of a cell or a case, looked at once: the record, the transcript and the test all show this.

The judge has decoded a cell already. A case is decoded here where there is something to show: it did not simply pass.
Its other side is the harness, which does wrong on purpose, so only the program is diagnosed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from conformance.agent.events import CLIENT
from conformance.agent.problem import Problem
from conformance.decoder import Conversation, read_conversations
from conformance.diagnosis import Finding, diagnose, suspicions
from conformance.judge import (
    Divergence,
    LinePlace,
    ProcessResult,
    VerdictName,
    correlate,
    culprit,
    find_divergence,
    suspicious,
    verdict_of,
)
from conformance.model.cases import Case
from conformance.model.cells import Cell
from conformance.model.program import Program
from conformance.runner.case_run import CaseGroup, CaseResult
from conformance.runner.cell_run import CellResult

__all__ = ["Analysis", "Subject", "analyse"]

Subject: TypeAlias = Cell | tuple[CaseGroup, Case]

_LONG_TEXT, _LONG_BYTES = 300, 16  # of a value in a problem


@dataclass(frozen=True)
class Analysis:
    """A cell or a case that was run. What is `non_strict` passes: it has no `problems`.

    `correlated` has for each of `programs` what its lines tell of. A case that passed has no `conversations`.
    `wire_only`: no console was compared, for none was promised. `culprit` is the program that did wrong, where one did
    and it is known which; the findings about it come first.
    """

    subject: Subject
    result: CellResult | CaseResult
    programs: Sequence[ProcessResult]
    problems: Sequence[Problem]
    non_strict: Problem | None
    conversations: Sequence[Conversation]
    correlated: Sequence[Mapping[int, LinePlace]]
    verdict: VerdictName
    wire_only: bool
    culprit: Program | None
    findings: Sequence[Finding]
    divergence: Divergence | None

    @property
    def mistake(self) -> Finding | None:
        """The first finding, where it is about the culprit."""
        first = next(iter(self.findings), None)
        return first if first and (self.culprit is None or first.side == self.culprit.role) else None


def analyse(result: CellResult | CaseResult) -> Analysis:
    """The analysis of what was run."""
    non_strict: Problem | None = None
    conversations: Sequence[Conversation] = ()
    findings: Sequence[Finding] = ()
    if isinstance(result, CellResult):
        subject: Subject = result.cell
        programs, judged = result.results, None
        problems, conversations = result.verdict.problems, result.verdict.conversations
        findings, wire_only = result.verdict.suspicions, result.verdict.wire_only
    else:
        subject, program = (result.group, result.case), result.group.program
        programs, judged, wire_only = [ProcessResult(program, result.lines, None, 0)], program.role, not program.console
        problems, non_strict = (result.problem,) if result.problem else (), result.non_strict
        if problems or non_strict or judged == CLIENT:
            conversations = read_conversations(result.group.protocol, result.recording)
        if not problems and judged == CLIENT:
            findings = [finding for finding in suspicions(conversations) if finding.side == judged]
            problems = (suspicious(findings[0]),) if findings else ()
            conversations = conversations if problems or non_strict else ()
    problems = tuple(map(_shortened, problems))
    non_strict = None if problems or non_strict is None else _shortened(non_strict)
    verdict = verdict_of(next(iter(problems), None), non_strict)
    correlated = [correlate(one, conversations) for one in programs]
    divergence: Divergence | None = None
    if verdict == "failed":
        findings = diagnose(conversations, now=result.began + result.seconds, of=judged)
        divergence = find_divergence(problems, conversations, programs, correlated, judged)
    whose = _culprit(subject, problems[0], findings, conversations) if problems else None
    if whose is not None:  # a stable sort: what the other may have done wrong as well comes behind
        findings = sorted(findings, key=lambda finding: finding.side != whose.role)
    shown = conversations, correlated, verdict, wire_only, whose, findings, divergence
    return Analysis(subject, result, programs, problems, non_strict, *shown)


def _culprit(
    subject: Subject, problem: Problem, findings: Sequence[Finding], conversations: Sequence[Conversation]
) -> Program | None:
    """Of a case, its program; of a cell, that whose mistake the first finding is, or else the problem's.

    A finding decides where it is certain, or likely and about bytes that break the protocol: who dies of such bytes is
    not to blame.
    """
    if not isinstance(subject, Cell):
        return None if verdict_of(problem) == "error" else subject[0].program
    first = next(iter(findings), None)
    if first is not None and not first.waiting:
        found = (one.problems for one in conversations if one.number in first.connections)
        breaks = any(each.where.side == first.side for problems in found for each in problems)
        if first.certainty == "certain" or (first.certainty == "likely" and breaks):
            problem = suspicious(first)  # which stands at its place
    members = subject.scenario.members if subject.scenario else (None,)
    clients = dict(zip(members, subject.clients, strict=True))
    return culprit(problem, subject.server, clients, conversations)


def _shortened(problem: Problem) -> Problem:
    """The problem with values that a sentence can hold."""
    return replace(problem, values={name: _short(value) for name, value in problem.values.items()})


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONG_TEXT:
        return f"{value[: _LONG_TEXT // 2]} … {value[-_LONG_TEXT // 4 :]}"
    return value[:_LONG_BYTES] if isinstance(value, bytes) else value
