"""The verdict: do the wire and all consoles tell one and the same conversation? Pure: it runs nothing."""

from conformance.judge.broadcast import Said
from conformance.judge.consoles import expected_count
from conformance.judge.correlation import Divergence, LineMark, LinePlace, WireMark, correlate, find_divergence
from conformance.judge.evidence import suspicious
from conformance.judge.verdict import (
    VERDICTS,
    ConsoleLine,
    ProcessResult,
    Stream,
    Verdict,
    VerdictName,
    culprit,
    judge,
    program_problem,
    verdict_of,
)

__all__ = [
    "VERDICTS",
    "ConsoleLine",
    "Divergence",
    "LineMark",
    "LinePlace",
    "ProcessResult",
    "Said",
    "Stream",
    "Verdict",
    "VerdictName",
    "WireMark",
    "correlate",
    "culprit",
    "expected_count",
    "find_divergence",
    "judge",
    "program_problem",
    "suspicious",
    "verdict_of",
]
