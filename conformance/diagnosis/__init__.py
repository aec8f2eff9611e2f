"""Mistakes have names: what the tap recorded goes in, and out comes which well-known mistake was made, by whom, where.

    for finding in diagnose(protocol, recording.connections, now=time.monotonic()):
        print(explain(finding))

A protocol's steps say which field is due; each mistake is a way to write that field wrong, or to follow other steps. A
hypothesis that explains all the bytes of one side with plausible values wins. Right programs never get a finding: only
where no right program could have sent these bytes, or where they stop inside a field, is anything looked for.
"""

from conformance.diagnosis.catalogue import MISTAKES, Mistake
from conformance.diagnosis.diagnose import PATIENCE, diagnose
from conformance.diagnosis.finding import Finding, Waiting
from conformance.diagnosis.telling import explain, to_json

__all__ = ["MISTAKES", "PATIENCE", "Finding", "Mistake", "Waiting", "diagnose", "explain", "to_json"]
