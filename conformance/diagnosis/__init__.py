"""Conversations in, and out comes which well-known mistake explains them: made by whom, and where.

    for finding in diagnose(read_conversations(protocol, recording), now=time.monotonic()):
        print(explain(finding, [], catalogue("en")))

A right program never gets a finding; `diagnose.py` says when one is looked for.
"""

from conformance.diagnosis.diagnose import TIMEOUT, diagnose
from conformance.diagnosis.finding import DETAILS, KEYS, Certainty, Detail, Finding, Waiting
from conformance.diagnosis.sense import suspicions

__all__ = ["DETAILS", "KEYS", "TIMEOUT", "Certainty", "Detail", "Finding", "Waiting", "diagnose", "suspicions"]
