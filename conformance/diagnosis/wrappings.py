"""Right fields behind the lengths of frames, or with a text longer than its length can say: undone, they read right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from conformance.agent.events import Side, other
from conformance.agent.problem import Problem
from conformance.decoder import Conversation, Decoder, Field
from conformance.diagnosis.finding import Detail
from conformance.diagnosis.formats import HEADS, Found, frames
from conformance.diagnosis.plausibility import TEXT

__all__ = ["wrapped"]

_MOST = 1 << 14  # bytes of a side that are read again
_LEAST = 2  # fields that must then be right
_LEAST_BYTES = 3  # behind heads of one byte
_CLEAR = 4
_LENGTHS = 1 << 16  # what a length of two bytes cannot say
_TRIED = 12  # texts
_STARTS = 3  # the beginning, or behind an opening


def wrapped(conversation: Conversation, side: Side, data: bytes, starts: Sequence[int]) -> Found | None:
    """What is around the right fields of `side`, from one of `starts` on; None where nothing is."""
    for start in starts[:_STARTS]:
        for head in HEADS:
            bodies = frames(data[: start + _MOST], start, head)
            if not bodies or (head.size <= 1 and len(bodies) == 1 and start > 0):
                continue  # one byte is soon the length of all the rest
            right = _right_fields(conversation, side, data[:start] + b"".join(bodies), start, bodies)
            if right >= (_LEAST if head.size > 1 else _LEAST_BYTES):
                values = {"size": head.size} | ({"itself": True} if head.itself else {})
                detail = Detail("head", values) if head.size else None
                key = "frame-length" if head.size else "varint-length"
                return Found(key, start, "certain" if right >= _CLEAR else "likely", detail)
    return next(_overflows(conversation, side, data), None)


def _overflows(conversation: Conversation, side: Side, data: bytes) -> Iterator[Found]:
    """A text whose length has lost its high bits."""
    if len(data) <= _LENGTHS:
        return
    texts = [field.offset for field in conversation.fields if field.side == side and field.type == TEXT]
    due = conversation.decoder.due(side)
    for start in [*texts[:_TRIED], *([due.offset] if due is not None and due.type == TEXT else [])]:
        said = int.from_bytes(data[start : start + 2], "big")
        for lost in (_LENGTHS, 2 * _LENGTHS):
            end = start + 2 + said + lost
            if end > len(data):
                break
            try:
                data[start + 2 : end].decode()
            except UnicodeDecodeError:
                continue
            if _right_fields(conversation, side, data[:start] + b"\0\1x" + data[end:], start) >= _LEAST:
                yield Found("length-overflow", start, "certain")


def _right_fields(conversation: Conversation, side: Side, data: bytes, start: int, bodies: Sequence[bytes] = ()) -> int:
    """How many fields `side` has sent from `start` on if it is `data`; 0 if any of it is wrong, or not whole.

    A right answer counts for three.

    Each of `bodies`, which follow each other from `start` on, must end with a field.
    """
    decoder = Decoder(conversation.protocol)
    asked = conversation.connection.direction(other(side)).data[:_MOST]
    outcomes = [*decoder.receive(other(side), asked, 0.0), *decoder.receive(side, data, 0.0)]
    due = decoder.due(side)
    if decoder.unread(side) or (due is not None and due.got):
        return 0
    fields = [outcome for outcome in outcomes if isinstance(outcome, Field) and outcome.side == side]
    wrong = any(isinstance(outcome, Problem) and outcome.where.side == side for outcome in outcomes)
    ends = {field.end for field in fields}
    wrong = wrong or not ends.issuperset({*accumulate(map(len, bodies), initial=start)} - {start})
    if wrong or any(field.problem for field in fields):
        return 0
    steps = conversation.protocol.fields
    return sum(1 + 2 * (steps[field.ordinal].equals is not None) for field in fields if field.offset >= start)
