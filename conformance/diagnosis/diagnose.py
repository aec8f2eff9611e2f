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
from conformance.decoder import Conversation, Expected, Field
from conformance.diagnosis.codecs import fixed_size
from conformance.diagnosis.explanations import Explanation, answers_what_was_meant, explain_side, meant
from conformance.diagnosis.finding import Certainty, Detail, Finding, Waiting
from conformance.diagnosis.formats import other_format
from conformance.diagnosis.misreadings import left_unread, misread, unanswered
from conformance.diagnosis.plausibility import TEXT, unknown_bits
from conformance.diagnosis.reading import Reading
from conformance.diagnosis.script import EXTRA, Loop, fields_of, script_of
from conformance.diagnosis.wrappings import wrapped
from conformance.model.protocol import FieldStep, Protocol, Repeat

__all__ = ["TIMEOUT", "diagnose"]

TIMEOUT = 3.0
_MARGIN_WRONG = 5.0
_MARGIN_STOPPED = 4.0
_MARGIN_SUSPECTED = 25.0
_MARGIN_IDLE = 8.0  # where somebody waits
_MARGIN_ODD = 12.0  # where something is wrong, on whichever side
_FAINT = 0.005  # what is less likely is not worth telling
_FEW_ROUNDS = 3  # that must have begun
_CLEAR_BITS = 12.0  # an explanation that is so much worse is no rival
_SURE_BITS = 20.0  # by which it must be better than an unknown format, to be certain
_UNSURE = frozenset({"latin-1", "other-charset", "text-cut", "write-bytes", "number-of-another-size", "banner"})
_NEVER_SUSPECTED = _UNSURE | {
    "write-chars",
    "text-without-length",
    "newline-for-length",
    "characters-for-bytes",
    "nul-terminated",
    "byte-order-mark",
    "decimal-length",
    "one-byte-length",
    "varint-length",
}
_PLAIN = frozenset({"number-as-text"})  # digits are rarely anything else
_OF_ORDER = frozenset({"address-never-sent", "field-missing", "field-too-many", "wrong-order"})
_SAYS_ITSELF = frozenset({"json", "xml", "pickle", "gzip", "csv-text", "frame-length"})
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
    found = (_of_conversation(conversation, now, timeout, suspect=suspect, of=of) for conversation in conversations)
    merged = _merge(finding for finding in chain.from_iterable(found) if of in (None, finding.side))
    # A stable sort: within a connection the order tells which mistake explains the rest.
    return sorted(merged, key=lambda finding: finding.key == "both-sides-waiting")


def _of_conversation(
    conversation: Conversation, now: float | None, timeout: float, *, suspect: bool, of: Side | None
) -> Iterator[Finding]:
    connection, protocol = conversation.connection, conversation.protocol
    readings = {side: Reading(conversation, side) for side in (CLIENT, SERVER)}
    closed = connection.client.closed or connection.server.closed
    moved = max(connection.opened, connection.client.last, connection.server.last)
    still = now is not None and now - moved >= timeout
    found: list[Finding] = []
    best: dict[Side, Explanation] = {}
    for side in sorted((CLIENT, SERVER), key=lambda side: readings[side].shows_at):
        mine, theirs = readings[side], readings[other(side)]
        if of == side and theirs.shows_at <= mine.shows_at and theirs.wrong_at is not None:
            continue  # what it makes of bytes that were wrong on purpose is no mistake of it
        if reads := list(misread(conversation, side)):
            # Where what was asked makes sense only another way, it may have been answered so.
            if suspected := _suspected(conversation, theirs, mine, _MARGIN_ODD):
                found += suspected
            else:
                found += reads
                continue
        odd = bool(conversation.problems) or left_unread(conversation, side) is not None
        margin = _margin(mine, stopped=still or closed)
        if margin is None:
            idle = still and not closed
            if odd or suspect or idle:
                least = _MARGIN_SUSPECTED if suspect and not odd else _MARGIN_IDLE if idle else _MARGIN_ODD
                found += _suspected(conversation, mine, theirs, least)
            continue
        named = _of_another_format(conversation, mine) or (margin == _MARGIN_STOPPED and _said_once(conversation, mine))
        if named:
            found.append(named)
            continue
        asked = theirs.questions(mine.window)
        questions = [asked, theirs.questions(mine.window, swapped=True)]
        if other(side) in best:
            questions.append(meant(asked, best[other(side)]))
        explanations = explain_side(mine, questions, margin)
        if mine.unasked and theirs.wrong_at is not None:
            # Who is asked nonsense may answer it: only an answer that is right for what was meant tells anything.
            explanations = [explanation for explanation in explanations if explanation.answers]
        if margin == _MARGIN_STOPPED:
            # An odd order of fields is then no better than odd values; and of texts alone a few say nothing.
            texts = all(step.type == TEXT for step in conversation.protocol.fields if step.sender == side)
            clear, few = mine.bits - _MARGIN_SUSPECTED, _FEW_ROUNDS if texts else 0
            explanations = [
                each
                for each in explanations
                if (each.bits <= clear and each.rounds >= few if _of_order(each) else each.says_something)
            ]
        if explanations:
            best[side] = explanations[0]
            found += _findings(conversation.number, mine, explanations, margin)
    for side, explanation in best.items():
        answering = readings[other(side)]
        asked = meant(readings[side].questions(answering.window), explanation)
        if answering.wrong_at is not None and answers_what_was_meant(answering, asked):
            found = [_agreed(each) for each in found if each.side == side]
    if not found:
        for side in (CLIENT, SERVER):
            found += unanswered(conversation, side, 0.0 if closed or now is None else now - moved)
    firsts = {each.side: each.key for each in reversed(found)}
    if len(firsts) == len(readings) and len(set(firsts.values())) == 1:
        found = [_agreed(each) if each.key == firsts[each.side] else each for each in found]
    yield from found
    if still and not closed and not connection.refused:
        yield from _waiting(protocol, readings, conversation.number, moved)


def _of_order(explanation: Explanation) -> bool:
    return not _OF_ORDER.isdisjoint(explanation.keys)


def _agreed(finding: Finding) -> Finding:
    return replace(finding, details=(*finding.details, Detail("protocol-may-be-wrong")))


def _of_another_format(conversation: Conversation, reading: Reading) -> Finding | None:
    """What the bytes say themselves, or what is around right ones."""
    side, data, starts = reading.side, reading.stream.data, reading.starts()
    said = other_format(side, data, starts, _lines(conversation.protocol, side))
    said = said or wrapped(conversation, side, data, starts)
    if said is None:
        return None
    due, raw = reading.field_at(said.start), data[said.start : said.start + _SHOWN_BYTES]
    if due is not None and due.type == BYTES:
        return None  # what a file has in it is its own affair
    certainty = said.certainty if reading.wrong_at is not None or said.certainty != "certain" else "likely"
    name, kind, number = (None, None, None) if due is None else (_name_of(due), due.type, due.round)
    details = () if said.detail is None else (said.detail,)
    share = 1.0 if certainty == "certain" else 0.9
    return Finding(
        said.key,
        side,
        (conversation.number,),
        name,
        kind,
        number,
        said.start,
        raw,
        details=details,
        confidence=share,
        certainty=certainty,
    )


def _name_of(place: Field | Expected) -> str:
    return place.name if isinstance(place, Field) else place.field


def _lines(protocol: Protocol, side: Side) -> list[list[FieldStep]]:
    """The fields of `side` that may stand in a line: those of the opening and of a round, or one of the two."""
    items = script_of(protocol.session, side)
    opening = [item for item in items if isinstance(item, FieldStep)]
    rounds = [fields_of(item.body) for item in items if isinstance(item, Loop)]
    return [[*opening, *each] for each in rounds] + [opening, *rounds]


def _suspected(conversation: Conversation, mine: Reading, theirs: Reading, margin: float) -> list[Finding]:
    """What fits the protocol, and makes sense only another way.

    Of bytes that may be anything one can read anything: there the values are no ground for a suspicion.
    """
    steps = conversation.protocol.fields
    if not mine.size or any(step.type == BYTES and step.sender == mine.side for step in steps):
        return []
    if mine.wrong_at is not None or mine.stopped_in is not None:
        return []
    if (once := _said_once(conversation, mine)) is not None:
        return [once]
    if not mine.odd():
        return []
    named = _of_another_format(conversation, mine)
    if named is not None and named.key in _SAYS_ITSELF:
        return [replace(named, certainty="likely", confidence=0.9)]
    asked = theirs.questions(mine.window)
    explanations = explain_side(mine, [asked, theirs.questions(mine.window, swapped=True)], margin)
    if margin == _MARGIN_IDLE:  # who waits between two fields may be right, whatever the values before
        explanations = [each for each in explanations if _PLAIN.issuperset(each.keys)]
    else:  # an odd order of fields is no better than odd values; of texts that nobody types it says nothing
        limit = mine.bits - _MARGIN_SUSPECTED if mine.printable() else float("-inf")
        explanations = [each for each in explanations if each.bits <= limit or not _of_order(each)]
    explanations = [each for each in explanations if _NEVER_SUSPECTED.isdisjoint(each.keys) and each.says_much]
    return _findings(conversation.number, mine, explanations, margin) if explanations else []


def _said_once(conversation: Conversation, mine: Reading) -> Finding | None:
    alone = mine.said_once()
    if alone is None:
        return None
    place = (conversation.number,), alone.name, alone.type, alone.round, alone.offset, alone.raw[:_SHOWN_BYTES]
    detail = Detail("left-out", {"field": alone.name, "type": alone.type})
    return Finding("field-missing", mine.side, *place, details=(detail,), confidence=0.6, certainty="possible")


def _margin(reading: Reading, *, stopped: bool) -> float | None:
    """By how much a mistake must explain more than that all is right; None where all may be."""
    if reading.wrong_at is not None:
        return _MARGIN_WRONG
    if reading.stopped_in is None or reading.stopped_in.equals is not None:
        return None  # what has come of an answer is what the right one begins with
    return _MARGIN_STOPPED if stopped else None


def _findings(number: int, reading: Reading, explanations: Sequence[Explanation], margin: float) -> list[Finding]:
    best = explanations[0].bits
    weights = [2.0 ** (best - explanation.bits) for explanation in explanations]
    total = sum(weights)
    if margin != _MARGIN_WRONG:  # that all is right, and only odd or cut off, is one explanation more
        total += 2.0 ** (best - reading.bits)
    first = set(explanations[0].keys)
    rivals = [found for found in explanations[1:] if found.bits - best < _CLEAR_BITS and not first <= set(found.keys)]
    certainty = _certainty(reading, explanations[0], rivals, margin)
    told: dict[str, Finding] = {}
    for explanation, weight in zip(explanations, weights, strict=True):
        for mark in explanation.marks:
            if mark.key not in told and (explanation is explanations[0] or weight / total >= _FAINT):
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
                    certainty=certainty if mark.key in first else "possible",
                )
    return list(told.values())


def _certainty(reading: Reading, explanation: Explanation, rivals: Sequence[Explanation], margin: float) -> Certainty:
    """Certain is only what explains the bytes far better than that they are of a format that nobody here knows."""
    if rivals:
        return "possible"
    start = min(mark.read.start for mark in explanation.marks)
    unknown = unknown_bits(reading.stream.data[start : reading.window.end])
    saved = unknown - (explanation.bits - reading.bits_before(start))
    sure = margin == _MARGIN_WRONG and saved >= _SURE_BITS and _UNSURE.isdisjoint(explanation.keys)
    return "certain" if sure else "likely"


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
        certainty="certain" if due else "possible",
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
