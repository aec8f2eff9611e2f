"""Conversations in, and out comes which well-known mistake explains them: made by whom, and where.

    for finding in diagnose(read_conversations(protocol, recording), now=time.monotonic()):
        print(explain(finding, [], catalogue("en")))

Each mistake is a way to write a due field wrong, or to follow other steps than the protocol's. A hypothesis that
explains all the bytes of one side with plausible values wins. Right programs never get a finding: only where no right
program could have sent these bytes, or where they stop inside a field, is anything looked for.
"""

from conformance.diagnosis.diagnose import TIMEOUT, diagnose
from conformance.diagnosis.finding import DETAILS, KEYS, Detail, Finding, Waiting

__all__ = ["DETAILS", "KEYS", "TIMEOUT", "Detail", "Finding", "Waiting", "diagnose"]
