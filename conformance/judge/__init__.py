"""The verdict: do the wire and both consoles tell one and the same conversation?"""

from conformance.judge.consoles import expected_count
from conformance.judge.verdict import Account, Evidence, Verdict, judge

__all__ = ["Account", "Evidence", "Verdict", "expected_count", "judge"]
