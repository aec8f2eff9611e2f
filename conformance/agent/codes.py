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
        # Cases
        "unexpected-bytes": "Other bytes came than those that must come; `differs` is the offset of the first one.",
        "nothing-came": "Nothing came in time of what must come.",
        "only-part-came": "What must come had begun, and the rest of it did not come in time.",
        "ended-instead": "The program ended the connection where something else must happen.",
        "must-end": "The program did not end the connection in time.",
        "sent-instead-of-ending": "Bytes came where the program must end the connection.",
        "ended-otherwise": "The program ended the connection, not in the way in which it must.",
        "spoke-when-silent": "Bytes came where the program must send nothing.",
        "not-taken": "The program did not take in time what the case sends.",
        "ended-while-sent-to": "The program ended the connection before it had taken all that the case sends.",
        "no-connection": "The server could not be connected to.",
        "too-few-connections": "The client made fewer connections than it must.",
        "not-served-afterwards": "After the case a new client was not served; `cause` is the code of what went wrong.",
        "neither-ended-nor-served": "A server neither ended the connection nor served another client: `cause`.",
        "order-differs": "Two clients received messages in different orders.",
        "duplicate-message": "A message came more than once.",
        "nobody-types": "The case wants something typed or seen, and nobody is at the client to do it.",
        "not-shown": "Standard output has not the lines that it must have next.",
        "too-busy": "A program that must wait uses the processor.",
        "left-open": "A server left the connection open, and served another client meanwhile.",
        "shown-otherwise": "Standard output has lines that are accepted in place of the right ones.",
        "cannot-start": "A program could not be started.",
        "never-listened": "A server did not say in time that it listens.",
        "ended-by-itself": "A server ended before it was stopped.",
        "still-running": "A client had not ended in time after the conversation.",
        "crashed": "A program ended by an error that nobody caught, or a thread of it did.",
        "error-line-missing": "Standard error lacks a line that it must have.",
        "error-line-unexpected": "Standard error has a line, and must have none.",
        "forbidden-line": "Standard output has a line that it must not have.",
        "harness-failed": "The harness itself could not do its part; this says nothing about the program.",
        # What the board's web server refuses.
        "no-such-page": "The board has nothing at that address.",
        "connection-forgotten": "The board does not remember that connection, or there never was one.",
        "pages-of-address": "One address has as many streams of the board open as it may have.",
        "pages-of-board": "As many streams of the board are open as there may be.",
        "read-only": "The board was asked by another method than GET and HEAD.",
        "foreign-host": "The board was asked under a host name that is not its own.",
        "foreign-page": "A page of another site asked the board for something.",
    }
)
