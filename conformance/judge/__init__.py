"""The verdict: do the wire and all consoles tell one and the same conversation? Pure: it runs nothing."""

from conformance.judge.broadcast import Said
from conformance.judge.console_line import ConsoleLine
from conformance.judge.consoles import expected_count
from conformance.judge.correlation import LinePlace, correlate
from conformance.judge.divergence import Divergence, LineMark, WireMark, find_divergence
from conformance.judge.verdict import Observation, ProcessResult, Verdict, judge, program_problem

__all__ = [
    "ConsoleLine",
    "Divergence",
    "LineMark",
    "LinePlace",
    "Observation",
    "ProcessResult",
    "Said",
    "Verdict",
    "WireMark",
    "correlate",
    "expected_count",
    "find_divergence",
    "judge",
    "program_problem",
]
