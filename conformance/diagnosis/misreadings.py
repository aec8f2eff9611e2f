"""What a side makes of bytes that the other sent rightly: answers that are right for a wrong reader, or no answer.

A wrong reader is tried by the decoder itself: from another byte on, or with other values. All answers must be right for
it, and enough of them must be wrong for who reads rightly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from conformance.agent.events import CLIENT, SERVER, Side, other
from conformance.agent.expressions import names_in, parse_expression
from conformance.agent.recording import Direction
from conformance.decoder import Conversation, Decoder, Expected, Field, encoded
from conformance.diagnosis.finding import Certainty, Detail, Finding
from conformance.diagnosis.plausibility import NUMBERS, TEXT
from conformance.diagnosis.readers import delivery_of
from conformance.model.protocol import FieldStep, Protocol

__all__ = ["left_unread", "misread", "unanswered"]

_MOST_BYTES = 4096  # of each side that are read again
_SHOWN_BYTES = 16
_CLEAR_BITS = 24.0  # of answers that a right reader does not give: then nothing else explains them
_SOME_BITS = 14.0
_BEYOND = 8  # bytes behind the opening from which on a reader may begin as well
_AT_ONCE = 0.1  # seconds between an answer and an end that follows from it
_WAITED = 3.0  # seconds after which who ends the connection had waited for an answer
_THOUGHT = 10.0  # seconds of silence on a connection that is open: a right program may take its time
_NARROWING = re.compile(r"\bint(?:8|16|32|64)\(")
_parsed = lru_cache(parse_expression)


@dataclass(frozen=True)
class _Reader:
    """A wrong reader: from which byte on it reads, by which protocol, and what each number is to it.

    `wraps` is whether its results are narrowed as the protocol has it.
    """

    key: str
    protocol: Protocol
    value: Callable[[Field], Any]
    skipped: int | None = None
    wraps: bool = True


class _Answer(NamedTuple):
    """An answer: as it came, or as it is due; the value that the wrong reader must give, and from which others."""

    place: Field | Expected
    wanted: Any
    right: Any
    asked: Mapping[str, Any]


def misread(conversation: Conversation, side: Side) -> Iterator[Finding]:
    """The mistake of reading that explains the answers of `side`; nothing where none does, or all are right."""
    if any(problem.where.side == side for problem in conversation.problems) and not _written_backwards(
        conversation, side
    ):
        for reader in _readers(conversation, side):
            if reader.wraps:
                found = _right_answers(conversation, side, reader)
            else:
                found = _overflow(conversation, side, reader)
            if found:
                yield from found
                return


def _written_backwards(conversation: Conversation, side: Side) -> bool:
    """Whether all answers are right but for the order of their bytes: that is a mistake of writing."""
    steps = conversation.protocol.fields
    fields = [field for field in conversation.fields if field.side == side and steps[field.ordinal].equals is not None]
    right = [
        encoded(field.type, field.problem.values.get("expected") if field.problem else field.value) for field in fields
    ]
    pairs = list(zip((field.raw for field in fields), right, strict=True))
    return any(raw != one for raw, one in pairs) and all(one and raw in (one, one[::-1]) for raw, one in pairs)


def _readers(conversation: Conversation, side: Side) -> Iterator[_Reader]:
    """Every wrong reader that can be told by its answers, where these are computed from what was sent."""
    protocol, sender = conversation.protocol, other(side)
    if not any(step.sender == side and step.equals for step in protocol.fields):
        return
    if not any(problem.where.side == sender for problem in conversation.problems):
        yield _Reader("little-endian-reader", protocol, _low_byte_first)
        yield _Reader("unsigned-int", protocol, _unsigned)
        yield _Reader("no-wrap", protocol, _plain, wraps=False)
        yield _Reader("unsigned-int", protocol, _unsigned, wraps=False)
    opening, *rest = protocol.session
    if not rest or not isinstance(opening, FieldStep) or opening.sender != sender:
        return
    behind = protocol.model_copy(update={"session": tuple(rest)})
    names = (names_in(text) for step in behind.fields for text in (step.equals, step.size) if text)
    size = next((len(field.raw) for field in conversation.fields if field.ordinal == 0), None)
    if size is not None and all(opening.field not in each for each in names):
        ends = set(conversation.connection.direction(sender).sent_to)
        for skipped in range(size + _BEYOND):
            if skipped not in ends:
                if skipped != size:
                    yield _Reader("address-not-read", behind, _plain, skipped)
            elif skipped < size:  # what had come of the opening was taken for all of it
                yield _Reader("reads-once", behind, _plain, skipped)


def _plain(field: Field) -> Any:
    return field.value


def _low_byte_first(field: Field) -> Any:
    if field.type not in NUMBERS:
        return field.value
    return int.from_bytes(field.raw, "little", signed=not field.type.startswith("unsigned"))


def _unsigned(field: Field) -> Any:
    return int.from_bytes(field.raw, "big") if field.type in NUMBERS else field.value


def _answers(conversation: Conversation, side: Side, reader: _Reader) -> list[_Answer]:
    """What that reader makes of each answer, and then of the one that is due; empty where there are more than asked."""
    connection = conversation.connection
    asked, answered = (connection.direction(each).data[:_MOST_BYTES] for each in (other(side), side))
    decoder = Decoder(reader.protocol)
    outcomes = [*decoder.receive(other(side), asked[reader.skipped or 0 :], 0.0), *decoder.receive(side, answered, 0.0)]
    fields = [outcome for outcome in outcomes if isinstance(outcome, Field)]
    places: list[Field | Expected] = [field for field in fields if field.side == side]
    if len(answered) < _MOST_BYTES:
        due = decoder.due(side)
        if due is not None and due.got == b"":
            places.append(due)
        elif decoder.unread(side) and reader.wraps:
            return []
    known = {(field.side, field.name, field.path): field for field in fields}
    answers: list[_Answer] = []
    for place in places:
        equals = reader.protocol.fields[place.ordinal].equals
        if equals is not None:
            names = {name: _around(known, name, place.path) for name in names_in(equals)}
            asked_for = {name: reader.value(field) for name, field in names.items() if field.side != side}
            plain = {name: field.value for name, field in names.items()}
            text = equals if reader.wraps else _NARROWING.sub("(", equals)
            right = None if reader.skipped is not None else _parsed(equals)(plain)
            answers.append(_Answer(place, _parsed(text)({**plain, **asked_for}), right, asked_for))
    return answers


def _around(known: Mapping[tuple[Side, str, tuple[int, ...]], Field], name: str, path: tuple[int, ...]) -> Field:
    """The field of that name in this round, or around it."""
    places = ((side, name, path[:size]) for size in range(len(path), -1, -1) for side in (CLIENT, SERVER))
    return next(known[place] for place in places if place in known)


def _right_answers(conversation: Conversation, side: Side, reader: _Reader) -> list[Finding]:
    """What is told where all answers are right for that reader, and enough of them for no other."""
    bits, telling = 0.0, list[_Answer]()
    for answer in _answers(conversation, side, reader):
        field, right = answer.place, encoded(answer.place.type, answer.wanted)
        if isinstance(field, Field):
            if right is None or field.raw != right:
                return []
            plain = encoded(field.type, answer.right)
            # A sum without carries is the same, whether it is read or written low byte first.
            if plain is None or field.raw not in (plain, plain[::-1]):
                bits += _bits(field)
                telling.append(answer)
    if bits < _SOME_BITS:
        return []
    values = {"values": ", ".join(f"{name} = {value}" for name, value in telling[0].asked.items())}
    detail = Detail("reads-value", values)
    if reader.skipped is not None:
        detail = Detail("reads-from", {"offset": reader.skipped, **values})
    clear = bits >= _CLEAR_BITS and reader.key != "reads-once"  # of that there is more than one kind
    certainty: Certainty = "certain" if clear else "likely"
    return [_finding(conversation, side, reader.key, telling[0].place, (detail,), certainty=certainty)]


def _bits(field: Field) -> float:
    """How little likely it is that an answer is so by chance: a small number says little."""
    if not isinstance(field.value, int):
        return 8.0 * len(field.raw)
    return min(8.0 * len(field.raw), 2.0 + math.log2(abs(field.value) + 1))


def _overflow(conversation: Conversation, side: Side, reader: _Reader) -> list[Finding]:
    """What is told where the answers are right up to the first result that does not fit its type, and fail there."""
    direction = conversation.connection.direction(side)
    for number, answer in enumerate(_answers(conversation, side, reader)):
        place, right = answer.place, encoded(answer.place.type, answer.wanted)
        if right is not None:
            if not isinstance(place, Field) or place.raw != right:
                return []
            continue
        if not isinstance(answer.wanted, int) or place.type not in NUMBERS:
            return []
        largest = 2 ** (8 * NUMBERS[place.type] - 1) - 1
        clamped = encoded(place.type, min(max(answer.wanted, -largest - 1), largest))
        wide = encoded("long", answer.wanted)
        data = direction.data[place.offset :]
        sent = any(form is not None and data.startswith(form) for form in (clamped, wide))
        if data and not sent:
            return []
        detail = Detail("does-not-fit", {"value": answer.wanted, "type": place.type, "field": _name(place)})
        # Silence has other reasons, and at the first answer any.
        return (
            [_finding(conversation, side, reader.key, place, (detail,), certainty="certain" if sent else "possible")]
            if sent or number
            else []
        )
    return []


def _finding(
    conversation: Conversation,
    side: Side,
    key: str,
    place: Field | Expected | None,
    details: tuple[Detail, ...],
    *,
    certainty: Certainty,
    share: float = 0.8,
) -> Finding:
    name = None if place is None else _name(place)
    raw = place.raw if isinstance(place, Field) else b""
    return Finding(
        key,
        side,
        (conversation.number,),
        name,
        None if place is None else place.type,
        None if place is None else place.round,
        0 if place is None else place.offset,
        raw[:_SHOWN_BYTES],
        details=details,
        confidence=1.0 if certainty == "certain" else share,
        certainty=certainty,
    )


def _name(place: Field | Expected) -> str:
    return place.name if isinstance(place, Field) else place.field


# No answer ------------------------------------------------------------------------------------------------------------


def left_unread(conversation: Conversation, side: Side) -> Field | None:
    """The last answer to `side`, which reset the connection as a system does that has bytes nobody read; else None."""
    if conversation.connection.direction(side).reset is None or conversation.problems or not conversation.fields:
        return None
    last = conversation.fields[-1]
    return last if last.side != side and conversation.protocol.fields[last.ordinal].equals is not None else None


def unanswered(conversation: Conversation, side: Side, still: float) -> Iterator[Finding]:
    """Why a side may send nothing that has to: every cause that what has passed leaves open, the usual one first.

    `still` is for how many seconds nothing has moved on a connection that is open.
    """
    connection = conversation.connection
    mine, theirs = connection.direction(side), connection.direction(other(side))
    if (answer := _closes_after(conversation, side)) is not None:
        yield _finding(conversation, side, "closes-after-answer", answer, (), certainty="likely")
        return
    if connection.refused or any(problem.where.side == other(side) for problem in conversation.problems):
        return
    steps = conversation.protocol.fields
    late = [field for field in conversation.fields if field.side == side and steps[field.ordinal].equals is not None]
    if theirs.ended is not None and late and theirs.received:
        waited = theirs.ended - theirs.received[-1][0]
        if waited >= _WAITED and all(field.began > theirs.ended and field.problem is None for field in late):
            detail = Detail("after-end")
            yield _finding(conversation, side, "reads-to-end", late[0], (detail,), certainty="likely")
            return
    if (unread := left_unread(conversation, side)) is not None:
        detail = Detail("reset-unread", {"type": unread.type, "field": unread.name})
        closes = _finding(conversation, side, "closes-before-answer", None, (detail,), certainty="likely")
        yield replace(closes, offset=mine.size)
        return
    due = conversation.decoder.due(side)
    if due is None or due.got:
        return
    last = max([connection.opened, *(each[-1][0] for each in (mine.received, theirs.received) if each)])
    ended, left = (_ended(direction) for direction in (mine, theirs))
    if not mine.size and not theirs.size:
        if still >= _THOUGHT or last + _WAITED <= min(ended, left) < float("inf"):
            yield _possible(conversation, side, "not-flushed", due, 0.6, Detail("nothing-sent"))
    elif still >= _THOUGHT or last + _WAITED <= min(ended, left) < float("inf"):
        for reader in _readers(conversation, side):
            if not reader.wraps and (found := _overflow(conversation, side, reader)):
                yield from found
                return
        yield from _silent(conversation, side, due)


def _closes_after(conversation: Conversation, side: Side) -> Field | None:
    """The first answer, if the side ended its stream just behind it, before it could know of the next question."""
    connection, steps = conversation.connection, conversation.protocol.fields
    ended = connection.direction(side).ended
    answers = [field for field in conversation.fields if field.side == side and steps[field.ordinal].equals is not None]
    if ended is None or not answers or any(problem.where.side == side for problem in conversation.problems[:1]):
        return None
    last = answers[-1]
    later = [field for field in conversation.fields if field.side != side and field.path > last.path]
    asked = bool(later) and min(field.began for field in later) > ended
    first = asked and all(field.path == last.path and field.problem is None for field in answers)
    return last if first and ended - last.came < _AT_ONCE else None


def _ended(direction: Direction) -> float:
    return min(float("inf") if end is None else end for end in (direction.ended, direction.reset))


def _silent(conversation: Conversation, side: Side, due: Expected) -> Iterator[Finding]:
    """Whose turn it is, and who sends nothing."""
    sender = other(side)
    mine, theirs = conversation.connection.direction(side), conversation.connection.direction(sender)
    if mine.size or not theirs.size:
        return
    data, joined = theirs.data, delivery_of(conversation, side).joined
    text = next((field for field in conversation.fields if field.side == sender and field.type == TEXT), None)
    needed = 0 if text is None else int.from_bytes(text.raw[:2], "little")
    got = 0 if text is None else len(data) - text.offset - 2
    causes = {
        "reads-lines": 7 * (b"\n" not in data),
        "not-flushed": 5,
        "reads-to-end": 4,
        "one-recv-one-message": 4 * any(joined),
        "two-buffers": 2 * any(joined),
        "little-endian-length-reader": 2 * (needed > got),
    }
    for key, weight in causes.items():
        if weight:
            details = [Detail("check-tells")]
            if key == "little-endian-length-reader":
                details.insert(0, Detail("waits-for-more", {"needed": needed, "got": got}))
            yield _possible(conversation, side, key, due, round(weight / sum(causes.values()), 2), *details)


def _possible(
    conversation: Conversation, side: Side, key: str, due: Expected, share: float, *details: Detail
) -> Finding:
    return _finding(conversation, side, key, due, details, certainty="possible", share=share)
