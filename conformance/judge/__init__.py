"""The verdict: do the wire and all consoles tell one and the same conversation? Pure: it runs nothing."""

from conformance.judge.broadcast import Said
from conformance.judge.consoles import expected_count
from conformance.judge.correlation import Divergence, LineMark, LinePlace, WireMark, correlate, find_divergence
from conformance.judge.verdict import ConsoleLine, ProcessResult, Stream, Verdict, judge, program_problem

__all__ = [
    "ConsoleLine",
    "Divergence",
    "LineMark",
    "LinePlace",
    "ProcessResult",
    "Said",
    "Stream",
    "Verdict",
    "WireMark",
    "correlate",
    "expected_count",
    "find_divergence",
    "judge",
    "program_problem",
]
