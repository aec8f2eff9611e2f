"""Every code that a problem can have, with its meaning. `docs/problems.md` shows this list.

A code never changes its meaning: teachers' tools and records of old runs rely on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["CODES"]

CODES: Mapping[str, str] = MappingProxyType(
    {
        # The wire, told by the decoder.
        "wrong-value": "A field must equal an expression, and has another value.",
        "no-address": "A text that must be an IP address is none.",
        "before-question": "An answer has the right value, and left before all of its question had arrived.",
        "malformed-text": "The bytes of a UTF field are no modified UTF-8; nothing behind them can be read.",
        "bad-size": "The size computed for a `bytes` field is no number of bytes; nothing behind it can be read.",
        "field-too-long": "A field is longer than what is kept of one; nothing behind it is read.",
        "empty-round": "A round of a loop took no byte, so nobody can say how many there are.",
        "too-many-bytes": "Bytes came where the protocol has nothing more from that side.",
        "unasked": "Bytes came that answer nothing that the other side has asked.",
        "never-sent": "A side ended before a field that was due.",
        "ends-inside": "A side ended inside a field.",
        "refused": "The tap could not connect to the server.",
    }
)
