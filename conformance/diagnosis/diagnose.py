"""From the conversations that the decoder has read to the mistakes that explain them.

Each side is looked at by itself. Where no right program could have sent its bytes, or where they stop inside a field,
every mistake is tried on it as a hypothesis: a way to write a due field wrong, or to follow other steps than the
protocol's. Those that explain all the bytes with plausible values are weighed against each other. Where all is right so
far, nothing is said, however odd the values: unless the caller asks for suspicions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from conformance.agent.events import CLIENT, SERVER, Side, other
from conformance.agent.sized_bytes import BYTES
from conformance.decoder import Conversation, Expected
from conformance.diagnosis.codecs import fixed_size
from conformance.diagnosis.explanations import Explanation, explain_side, meant
from conformance.diagnosis.finding import Detail, Finding, Waiting
from conformance.diagnosis.hypotheses import other_protocol
from conformance.diagnosis.misreadings import left_unread, misread, unanswered
from conformance.diagnosis.reading import Reading
from conformance.diagnosis.script import EXTRA
from conformance.model.protocol import FieldStep, Protocol, Repeat

__all__ = ["TIMEOUT", "diagnose"]

TIMEOUT = 3.0
_MARGIN_WRONG = 5.0
_MARGIN_STOPPED = 4.0
_MARGIN_SUSPECTED = 25.0
_FAINT = 0.005  # what is less likely is not worth telling
_CLEAR_BITS = 12.0  # an explanation that is so much worse is no rival
_UNREADABLE = ("malformed-text", "bad-size")
_SHOWN_READS = 5
_SHOWN_TEXT = 40
_SHOWN_BYTES = 16


def diagnose(
    conversations: Sequence[Conversation],
    *,
    now: float | None = None,
    timeout: float = TIMEOUT,
    suspect: bool = False,
    of: Side | None = None,
) -> list[Finding]:
    """The mistakes that explain what does not fit the protocol, the likeliest first; none where all fits.

    The conversations may be over, or still go on: then they are taken as far as they have been read. `now`, on the
    clock of the recording, lets it see that nothing has moved for `timeout` seconds on a connection that is still open.
    `suspect` looks as well at bytes that fit the protocol, and have values as a mistake makes them: all it then finds
    are guesses, for a right program may have meant those values. `of` is the side that is judged, where only one of
    them is: what the other does wrong is no mistake of a program, and where it sent what cannot be read, the judged one
    may have passed that on, and nothing is told.
    """
    if of is not None and any(
        problem.code in _UNREADABLE and problem.where.side == other(of)
        for conversation in conversations
        for problem in conversation.problems
    ):
        return []
    found = (_of_conversation(conversation, now, timeout, suspect=suspect) for conversation in conversations)
    merged = _merge(finding for finding in chain.from_iterable(found) if of in (None, finding.side))
    # A stable sort: within a connection the order tells which mistake explains the rest.
    return sorted(merged, key=lambda finding: finding.key == "both-sides-waiting")


def _of_conversation(
    conversation: Conversation, now: float | None, timeout: float, *, suspect: bool
) -> Iterator[Finding]:
    connection, protocol = conversation.connection, conversation.protocol
    readings = {side: Reading(conversation, side) for side in (CLIENT, SERVER)}
    closed = connection.client.closed or connection.server.closed
    moved = max(connection.opened, connection.client.last, connection.server.last)
    still = now is not None and now - moved >= timeout
    best: dict[Side, Explanation] = {}
    named = False
    for side in sorted((CLIENT, SERVER), key=lambda side: readings[side].shows_at):
        mine, theirs = readings[side], readings[other(side)]
        if reads := list(misread(conversation, side)):
            named = True
            yield from reads
            continue
        # In bytes that may be anything one can read anything: there the values are no ground for a suspicion.
        odd = suspect or left_unread(conversation, side) is not None
        odd = odd and not any(step.type == BYTES and step.sender == side for step in protocol.fields)
        margin = _margin(mine, stopped=still or closed, suspect=odd)
        if margin is None:
            continue
        spoken = other_protocol(side, mine.stream.data)
        if spoken is not None:
            key, detail = spoken
            raw = mine.stream.data[:_SHOWN_BYTES]
            named = True
            yield Finding(key, side, (conversation.number,), raw=raw, details=(detail,))
            continue
        asked = theirs.questions(mine.window)
        questions = [asked, theirs.questions(mine.window, swapped=True)]
        if other(side) in best:
            questions.append(meant(asked, best[other(side)]))
        explanations = explain_side(mine, questions, margin)
        if mine.unasked and theirs.wrong_at is not None:
            # Who is asked nonsense may answer it: only an answer that is right for what was meant tells anything.
            explanations = [explanation for explanation in explanations if explanation.answers]
        if explanations:
            best[side] = explanations[0]
            named = True
            yield from _findings(conversation.number, mine, explanations, certain=margin == _MARGIN_WRONG)
    if not named:
        for side in (CLIENT, SERVER):
            yield from unanswered(conversation, side, 0.0 if closed or now is None else now - moved)
    if still and not closed and not connection.refused:
        yield from _waiting(protocol, readings, conversation.number, moved)


def _margin(reading: Reading, *, stopped: bool, suspect: bool) -> float | None:
    """By how much a mistake must explain more than that all is right; None where none is looked for."""
    if reading.wrong_at is not None:
        return _MARGIN_WRONG
    if reading.stopped_in is None:
        return _MARGIN_SUSPECTED if suspect and reading.size else None
    if reading.stopped_in.equals is not None:
        return None  # what has come of the answer is what the right one begins with
    return _MARGIN_STOPPED if stopped else None


def _findings(number: int, reading: Reading, explanations: Sequence[Explanation], *, certain: bool) -> list[Finding]:
    best = explanations[0].bits
    weights = [2.0 ** (best - explanation.bits) for explanation in explanations]
    total = sum(weights)
    if not certain:  # that all is right, and only odd or cut off, is one explanation more
        total += 2.0 ** (best - reading.bits)
    first = set(explanations[0].keys)
    rivals = [found for found in explanations[1:] if found.bits - best < _CLEAR_BITS and not first <= set(found.keys)]
    told: dict[str, Finding] = {}
    for explanation, weight in zip(explanations, weights, strict=True):
        for mark in explanation.marks:
            if mark.key not in told and (explanation is explanations[0] or weight / total >= _FAINT):
                guess = not certain or bool(rivals) or mark.key not in first
                read, reads_as = mark.read, _reads_as(explanation)
                told[mark.key] = Finding(
                    mark.key,
                    reading.side,
                    (number,),
                    mark.due.field,
                    mark.due.type,
                    read.path[-1] if read.path else None,
                    read.start,
                    reading.stream.data[read.start : read.candidate.end][:_SHOWN_BYTES],
                    details=tuple(detail for detail in (mark.detail, reads_as) if detail is not None),
                    confidence=round(weight / total, 3),
                    guess=guess,
                )
    return list(told.values())


def _reads_as(explanation: Explanation) -> Detail | None:
    """The first fields, as they read if that mistake was made."""
    reads = explanation.reads
    fields = tuple(
        (None if read.step.field == EXTRA else read.step.field, _shown(read.candidate.value), read.candidate.whole)
        for read in reads[:_SHOWN_READS]
        if not read.candidate.opaque and read.candidate.value is not None
    )
    return Detail("reads-as", {"fields": fields, "more": len(reads) > _SHOWN_READS}) if fields else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}..."


def _waiting(protocol: Protocol, readings: Mapping[Side, Reading], number: int, since: float) -> Iterator[Finding]:
    """Who waits for whom, nothing having moved on connection `number` `since` then.

    It is the turn of the side whose field is due. The other waits for that field; and the one whose turn it is, as it
    sends nothing, seems to wait for the next field that the other would send.
    """
    steps = protocol.fields
    due = [reading.due for reading in readings.values() if reading.due is not None]
    if due:
        first = min(due, key=lambda due: (due.round or 0, due.ordinal))
    else:
        match protocol.session[-1]:
            case Repeat(repeat=(FieldStep(sender=side, field=name, type=type_) as lead, *_)):
                # One round more; silence in a chat is no sign.
                offset, needed = readings[side].size, fixed_size(lead)
                first = Expected(side, name, type_, steps.index(lead), (), offset, b"", needed, None, None)
            case _:
                return
        if any(reading.unreadable or reading.unasked for reading in readings.values()):
            return
    turn, place = first.side, first.ordinal
    missing = None if first.needed is None else first.needed - len(first.got)
    waiting = [Waiting(other(turn), first.field, first.type, missing, since)]
    awaited = next((step for step in (*steps[place + 1 :], *steps[:place]) if step.sender != turn), None)
    if awaited is not None:
        waiting.append(Waiting(turn, awaited.field, awaited.type, fixed_size(awaited), since))
    yield Finding(
        "both-sides-waiting",
        turn,
        (number,),
        first.field,
        first.type,
        first.round,
        first.offset,
        first.got[:_SHOWN_BYTES],
        confidence=1.0 if due else 0.5,
        guess=not due,
        waiting=tuple(waiting),
    )


def _merge(findings: Iterable[Finding]) -> Iterable[Finding]:
    """One finding for a mistake that is made in many connections."""
    merged: dict[tuple[str, Side, str | None], Finding] = {}
    for finding in findings:
        place = (finding.key, finding.side, finding.field)
        same = merged.get(place, finding)
        merged[place] = replace(
            finding if same.guess and not finding.guess else same,
            connections=tuple(dict.fromkeys((*same.connections, *finding.connections))),
            confidence=max(same.confidence, finding.confidence),
        )
    return merged.values()
