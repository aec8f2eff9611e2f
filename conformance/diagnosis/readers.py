"""The mistakes of who reads, from the pattern of what passes and what fails.

Each mistake is a reader that fails for some ways in which bytes can come, and for no others: cut inside a field,
several messages in one segment, a pause. `case_evidence` says how the bytes of one case came, and `explain_reader`
which readers fail in just those cases that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from conformance.agent.events import SERVER, Side, other
from conformance.agent.sized_bytes import BYTES
from conformance.decoder import Conversation, Field
from conformance.diagnosis.finding import Detail, Finding
from conformance.diagnosis.plausibility import TEXT

__all__ = ["CaseEvidence", "Cut", "Delivery", "case_evidence", "delivery_of", "explain_reader"]

_APART = 0.0009  # seconds from which on two segments are two for a reader that waits for them
_LARGE = 1000  # bytes from which on one read may not give all of a segment
_PAUSE = 0.05  # seconds: shorter timeouts are rare
_ENOUGH = 2  # cases that fail, and that pass, for a mistake to be certain
_STRANGE = 0.1  # the share of cases that may come out otherwise
_MISREAD = frozenset(
    {
        "unexpected-bytes",
        "nothing-came",
        "only-part-came",
        "ended-instead",
        "ended-while-sent-to",
        "not-taken",
        "not-served-afterwards",
        "not-shown",
        "crashed",
        "wrong-value",
        "never-sent",
        "ends-inside",
        "stalled",
        "line-differs",
        "line-missing",
    }
)
"""The codes of what a program does that has lost its place in the stream."""


class Cut(NamedTuple):
    """A field of `size` bytes of which the first `at` came alone, and the rest `pause` seconds later.

    `opening` is whether it comes before the first round.
    """

    field: str
    type: str
    at: int
    size: int
    pause: float
    opening: bool = False


@dataclass(frozen=True)
class Delivery:
    """How what a reader was sent came to it, over all connections. A message is what is sent in one round, or before.

    cuts         where a segment ends inside a field
    parted       the longest pause between two fields of one message, in seconds
    apart        the longest pause between two messages, in seconds
    joined       a segment has bytes of two messages: the opening and the first round's; those of two rounds
    close        the same, of two segments that may reach the reader as one
    several      a segment has bytes of two fields
    idle         the longest pause between two segments, in seconds
    half_closed  the sender ended its stream, and the reader had answers to send after that
    large        a segment has 1,000 bytes or more
    """

    cuts: tuple[Cut, ...] = ()
    parted: float = 0.0
    apart: float = 0.0
    joined: tuple[bool, bool] = (False, False)
    close: tuple[bool, bool] = (False, False)
    several: bool = False
    idle: float = 0.0
    half_closed: bool = False
    large: bool = False

    def __or__(self, more: Delivery) -> Delivery:
        return Delivery(
            (*self.cuts, *more.cuts),
            max(self.parted, more.parted),
            max(self.apart, more.apart),
            (self.joined[0] or more.joined[0], self.joined[1] or more.joined[1]),
            (self.close[0] or more.close[0], self.close[1] or more.close[1]),
            self.several or more.several,
            max(self.idle, more.idle),
            self.half_closed or more.half_closed,
            self.large or more.large,
        )


@dataclass(frozen=True)
class CaseEvidence:
    """What one case, or one cell, shows of a reader.

    name      of the case, or of the cell and its network
    passed    whether it passed; None where it says nothing about reading: nothing had to come of what was sent, or the
              sender was wrong on purpose, or the program failed in another way
    delivery  how what it was sent came
    ended     the reader ended a connection before its peer
    """

    name: str
    passed: bool | None
    delivery: Delivery
    ended: bool = False


def case_evidence(
    name: str, conversations: Sequence[Conversation], reader: Side, code: str | None, *, explained: bool = False
) -> CaseEvidence:
    """The evidence of a case in which these connections were made.

    `reader` is the side that is judged, `code` that of the case's problem, None where it passed. `explained` says that
    the bytes have a certain explanation already, so that the case tells nothing more.
    """
    sender = other(reader)
    delivery = Delivery()
    ended = wrong = answered = heard = sent = False
    for conversation in conversations:
        delivery |= delivery_of(conversation, reader)
        ends = [_end(conversation, side) for side in (reader, sender)]
        ended |= ends[0] < ends[1]
        # What the sender could not send any more, it did not leave out; what it sent then is not its mistake.
        left_out = ("ends-inside", "never-sent", "asked-after-end") if ends[0] < ends[1] else ()
        wrong |= any(problem.where.side == sender and problem.code not in left_out for problem in conversation.problems)
        first = min((field.came for field in conversation.fields if field.side == sender), default=None)
        heard |= first is not None
        sent |= conversation.decoder.total(sender) > 0
        answered |= first is not None and any(
            field.side == reader and field.path and field.began >= first for field in conversation.fields
        )
    passed: bool | None = None
    if not wrong and not explained:
        if code is None:
            passed = True if answered or (heard and reader != SERVER) else None
        elif code in _MISREAD and sent:
            passed = False
    return CaseEvidence(name, passed, delivery, ended)


def _end(conversation: Conversation, side: Side) -> float:
    direction = conversation.connection.direction(side)
    return min(end for end in (direction.ended, direction.reset, float("inf")) if end is not None)


def delivery_of(conversation: Conversation, reader: Side) -> Delivery:
    """How what the reader was sent on that connection came to it."""
    sender = other(reader)
    direction = conversation.connection.direction(sender)
    times = direction.sent or [(at, len(data)) for at, data in direction.received]
    ends = direction.sent_to or direction.received_to
    pauses = {end: after - at for end, (at, _), (after, _) in zip(ends, times, times[1:], strict=False)}
    fields = [field for field in conversation.fields if field.side == sender and field.raw]
    delivery = Delivery(
        tuple(_cuts(fields, pauses)),
        idle=max(pauses.values(), default=0.0),
        large=any(end - start >= _LARGE for start, end in pairwise([0, *ends])),
        half_closed=any(
            field.side == reader and field.began > _end(conversation, sender) for field in conversation.fields
        ),
    )
    joined, close = [False, False], [False, False]
    parted = apart = 0.0
    for one, two in pairwise(fields):
        pause = pauses.get(two.offset)
        if one.path == two.path:
            parted = max(parted, pause or 0.0)
        else:
            later = one.path != ()
            joined[later] |= pause is None
            close[later] |= pause is not None and pause < _APART
            apart = max(apart, pause or 0.0)
    several = any(two.offset not in pauses for _, two in pairwise(fields))
    due, left = conversation.decoder.due(sender), _end(conversation, reader)
    if due is not None and times and left < _end(conversation, sender):
        # The reader had enough of what was not all yet: nothing followed on its last segment until it ended.
        pauses.setdefault(ends[-1], max(0.0, left - times[-1][0]))
        size, opening = due.needed or len(due.got) + 1, not due.path
        cuts = (
            Cut(due.field, due.type, end - due.offset, size, pause, opening)
            for end, pause in sorted(pauses.items())
            if end > due.offset
        )
        delivery = replace(delivery, idle=max(pauses.values()), cuts=(*delivery.cuts, *cuts))
        if fields and due.path == fields[-1].path:
            parted = max(parted, pauses.get(due.offset, 0.0))
    return replace(
        delivery,
        parted=parted,
        apart=apart,
        joined=(joined[0], joined[1]),
        close=(close[0], close[1]),
        several=several,
    )


def _cuts(fields: Sequence[Field], pauses: dict[int, float]) -> Iterator[Cut]:
    """Each boundary of segments inside a field; of those at the same byte of a field, that with the longest pause."""
    longest: dict[tuple[str, str, int, int, bool], float] = {}
    boundaries = iter(sorted(pauses.items()))
    offset, pause = next(boundaries, (None, 0.0))
    for field in fields:
        while offset is not None and offset <= field.offset:
            offset, pause = next(boundaries, (None, 0.0))
        while offset is not None and offset < field.end:
            place = (field.name, field.type, offset - field.offset, len(field.raw), not field.path)
            longest[place] = max(pause, longest.get(place, 0.0))
            offset, pause = next(boundaries, (None, 0.0))
    for (name, kind, at, size, opening), pause in longest.items():
        yield Cut(name, kind, at, size, pause, opening)


# The readers ----------------------------------------------------------------------------------------------------------

Fails = Callable[[Delivery], bool | None]
"""Whether a reader fails for a delivery; None where it may."""


@dataclass(frozen=True)
class _Reader:
    """A wrong reader: the key of its mistake, when it fails, and what is to be said of it besides."""

    key: str
    fails: Fails
    details: tuple[Detail, ...] = ()


def _cut(delivery: Delivery) -> bool:
    return any(cut.pause >= _APART for cut in delivery.cuts)


def _once(where: Callable[[Cut], bool]) -> Fails:
    """A `recv` or `read` for a field that is not tried again, in the fields that `where` tells."""

    def fails(delivery: Delivery) -> bool | None:
        cuts = [cut for cut in delivery.cuts if where(cut)]
        if any(cut.pause >= _APART for cut in cuts):
            return True
        return None if cuts or delivery.large else False

    return fails


def _behind_length(cut: Cut) -> bool:
    """Whether the cut is in the bytes that a length before them announced."""
    return cut.at > 2 if cut.type == TEXT else cut.type == BYTES


_SOME_FIELDS: tuple[Callable[[Cut], bool], ...] = (
    lambda cut: True,
    _behind_length,
    lambda cut: not _behind_length(cut),
    lambda cut: cut.type == TEXT,
    lambda cut: cut.type != TEXT,
)
"""Where a reader may read once: everywhere, or what has a length before it, or all else; or texts, or all but texts."""


def _one_segment(delivery: Delivery) -> bool | None:
    """One `recv` for a message."""
    if _cut(delivery) or any(delivery.joined) or delivery.parted >= _APART:
        return True
    return None if delivery.cuts or delivery.large or any(delivery.close) or delivery.parted else False


def _segment_a_field(delivery: Delivery) -> bool | None:
    """One `recv` for a field."""
    if _cut(delivery) or delivery.several:
        return True
    return None if delivery.cuts or delivery.large or any(delivery.close) else False


def _available(opening: bool, keeps: bool) -> Fails:
    """Takes what is there for all that comes, the `opening` too; `keeps` is whether it then uses all of that."""

    def fails(delivery: Delivery) -> bool | None:
        cuts = [cut for cut in delivery.cuts if opening or not cut.opening]
        if any(cut.pause >= _APART for cut in cuts) or delivery.parted >= _APART or delivery.apart >= _APART:
            return True
        return None if cuts or delivery.large or any(delivery.close) or (any(delivery.joined) and not keeps) else False

    return fails


def _two_buffers(rounds: bool) -> Fails:
    """What a first buffer has read ahead is lost for the second: behind the opening, or behind each round too."""

    def fails(delivery: Delivery) -> bool | None:
        joined, close = ([each[0], rounds and each[1]] for each in (delivery.joined, delivery.close))
        return True if any(joined) else None if any(close) else False

    return fails


def _longer_than(seconds: float, *, inside: bool) -> Fails:
    """Fails for pauses above that: inside a field, or anywhere."""

    def fails(delivery: Delivery) -> bool | None:
        longest = max((cut.pause for cut in delivery.cuts), default=0.0) if inside else delivery.idle
        return longest > seconds

    return fails


def _readers(failed: Sequence[CaseEvidence], passed: Sequence[CaseEvidence]) -> Iterator[_Reader]:
    for where in _SOME_FIELDS:
        yield _Reader("reads-once", _once(where))
    yield _Reader("one-recv-one-message", _one_segment)
    yield _Reader("one-recv-one-message", _segment_a_field)
    for opening, keeps in ((True, True), (False, True), (True, False), (False, False)):
        yield _Reader("available-as-length", _available(opening, keeps))
    for rounds in (False, True):
        yield _Reader("two-buffers", _two_buffers(rounds))
    yield _Reader("reads-to-end", lambda delivery: not delivery.half_closed)
    if all(one.ended for one in failed):
        yield from _timeout("idle-timeout", lambda delivery: delivery.idle, failed, passed)
    yield from _timeout("timeout-inside-value", _longest_inside, failed, passed)


def _longest_inside(delivery: Delivery) -> float:
    return max((cut.pause for cut in delivery.cuts), default=0.0)


def _timeout(
    key: str,
    longest: Callable[[Delivery], float],
    failed: Sequence[CaseEvidence],
    passed: Sequence[CaseEvidence],
) -> Iterator[_Reader]:
    """A reader that gives up at some time between the longest pause that passes and the shortest that fails."""
    most = min(longest(one.delivery) for one in failed)
    least = max((pause for one in passed if (pause := longest(one.delivery)) < most), default=0.0)
    if most >= _PAUSE:
        detail = Detail("gives-up", {"least": round(least, 3), "most": round(most, 3)})
        yield _Reader(key, lambda delivery: longest(delivery) >= most, (detail,))


# Which of them it is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fit:
    """How a reader fits the evidence: `strange` cases came out otherwise, of those that it decides."""

    reader: _Reader
    strange: int
    explained: tuple[CaseEvidence, ...]
    spared: tuple[CaseEvidence, ...]

    @property
    def exact(self) -> bool:
        return self.strange == 0


def explain_reader(evidence: Sequence[CaseEvidence], reader: Side) -> list[Finding]:
    """The mistakes of reading that explain which of these cases passed and which failed, the likeliest first.

    One is certain where every case came out as it says, and no other one can say so. A few that came out otherwise
    leave it likely: two segments may have come as one. None is told where nothing passes, for that is no pattern.
    """
    failed = [one for one in evidence if one.passed is False]
    passed = [one for one in evidence if one.passed]
    if not failed or not passed:
        return []
    fits = [fit for candidate in _readers(failed, passed) if (fit := _fit(candidate, failed, passed)) is not None]
    chosen = [fit for fit in fits if fit.exact] or fits
    best = {fit.reader.key: fit for fit in sorted(chosen, key=lambda fit: -fit.strange)}  # the last one of a key stays
    found = sorted(best.values(), key=lambda fit: (fit.strange, -len(fit.explained) - len(fit.spared)))
    sure = len(found) == 1 and found[0].exact and min(len(found[0].explained), len(found[0].spared)) >= _ENOUGH
    share = 1.0 if sure else round(0.9 / len(found), 3) if found else 0.0
    return [_finding(fit, reader, share, guess=not sure) for fit in found]


def _fit(candidate: _Reader, failed: Sequence[CaseEvidence], passed: Sequence[CaseEvidence]) -> _Fit | None:
    """How that reader fits; None where it does not."""
    explained = tuple(one for one in failed if candidate.fails(one.delivery))
    spared = tuple(one for one in passed if candidate.fails(one.delivery) is False)
    strange = sum(candidate.fails(one.delivery) is False for one in failed)
    strange += sum(candidate.fails(one.delivery) is True for one in passed)
    if not explained or not spared or strange > _STRANGE * (len(explained) + len(spared)):
        return None
    return _Fit(candidate, strange, explained, spared)


def _finding(fit: _Fit, reader: Side, share: float, *, guess: bool) -> Finding:
    """What is told of it; the place is that of the smallest cut that fails, where cuts fail."""
    first, other_one = fit.explained[0], fit.spared[0]
    values = {"failed": len(fit.explained), "passed": len(fit.spared), "case": first.name, "other": other_one.name}
    details = [*fit.reader.details, Detail("pattern", values)]
    cuts = [(len(one.delivery.cuts), cut.at, one.name, cut) for one in fit.explained for cut in one.delivery.cuts]
    cut = None
    if cuts and fit.reader.key in ("reads-once", "timeout-inside-value"):
        _, _, name, cut = min(cuts, key=lambda cut: cut[:2])
        details.insert(
            0,
            Detail("cut-inside", {"field": cut.field, "type": cut.type, "at": cut.at, "size": cut.size, "case": name}),
        )
    return Finding(
        fit.reader.key,
        reader,
        (),
        None if cut is None else cut.field,
        None if cut is None else cut.type,
        details=tuple(details),
        confidence=share,
        certainty="likely" if guess else "certain",
    )
