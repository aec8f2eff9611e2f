"""From what the tap recorded to the mistakes that were made.

For each side: read what it sent as the protocol has it. Where no right program could have sent that, or where it stops
inside a field, every mistake is tried on it as a hypothesis; those that explain all the bytes are weighed against each
other. Where all is right so far, nothing is said, however odd the values: unless the caller asks for suspicions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.agent.events import CLIENT, SERVER, Side, other
from conformance.agent.recording import Connection
from conformance.agent.sized_bytes import BYTES
from conformance.diagnosis.byte_stream import lane_of
from conformance.diagnosis.explanations import Explanation, Mark, explain_side, meant, swapped
from conformance.diagnosis.finding import Finding
from conformance.diagnosis.plain import Plain, read_plainly
from conformance.diagnosis.questions import Questions
from conformance.diagnosis.script import script_of
from conformance.diagnosis.signatures import signature_of
from conformance.diagnosis.waiting import find_waiting
from conformance.model.protocol import Protocol

__all__ = ["PATIENCE", "diagnose"]

PATIENCE = 3.0
_MARGIN_WRONG = 5.0
_MARGIN_STOPPED = 4.0
_MARGIN_SUSPECTED = 25.0
_FAINT = 0.005  # what is less likely is not worth telling
_CLEAR_BITS = 12.0  # an explanation that is so much worse is no rival
_SHOWN_READS = 5
_SHOWN_TEXT = 40
_SHOWN_BYTES = 16


def diagnose(
    protocol: Protocol,
    connections: Sequence[Connection],
    *,
    now: float | None = None,
    patience: float = PATIENCE,
    suspect: bool = False,
    of: Side | None = None,
) -> list[Finding]:
    """The mistakes that explain what does not fit the protocol, the likeliest first; none where all fits.

    `now`, on the clock of the recording, lets it see that nothing has moved for `patience` seconds on a connection
    that is still open. `suspect` looks as well at bytes that fit the protocol, and have values as a mistake makes them:
    all it then finds are guesses, for a right program may have meant those values. `of` is the side that is judged,
    where only one of them is: what the other does wrong is no mistake of a program.
    """
    found: list[Finding] = []
    for connection in connections:
        found += _of_connection(protocol, connection, now, patience, suspect=suspect)
    merged = _merge([finding for finding in found if of in (None, finding.side)])
    # A stable sort: within a connection the order tells which mistake explains the rest.
    return sorted(merged, key=lambda finding: finding.key == "both-sides-waiting")


def _of_connection(
    protocol: Protocol, connection: Connection, now: float | None, patience: float, *, suspect: bool
) -> list[Finding]:
    plain = _read_both(protocol, connection)
    still = now is not None and now - _last_seen(connection) >= patience
    is_open = not (connection.client.closed or connection.server.closed or connection.refused)
    types = {step.field: step.type for step in protocol.fields}
    best: dict[Side, Explanation] = {}
    found: list[Finding] = []
    for side in sorted((CLIENT, SERVER), key=lambda side: _shows_at(plain[side])):
        mine, theirs = plain[side], plain[other(side)]
        # In bytes that may be anything one can read anything: there the values are no ground for a suspicion.
        odd = suspect and not any(step.type == BYTES and step.sender == side for step in protocol.fields)
        margin = _margin(mine, stopped=still or mine.lane.closed or theirs.lane.closed, suspect=odd)
        if margin is None:
            continue
        signature = signature_of(side, mine.lane.data)
        if signature is not None:
            found.append(_signed(connection, mine, signature.key, signature.detail))
            continue
        questions = [theirs.questions, swapped(theirs, types)]
        if other(side) in best:
            questions.append(meant(theirs, best[other(side)]))
        explanations = explain_side(mine, questions, 1, margin)
        if mine.unasked and theirs.wrong_at is not None:
            # Who is asked nonsense may answer it: only an answer that is right for what was meant tells anything.
            explanations = [explanation for explanation in explanations if explanation.answers]
        if explanations:
            best[side] = explanations[0]
        found += _findings(connection, mine, explanations, certain=margin == _MARGIN_WRONG)
    if still and is_open:
        found += find_waiting(protocol, connection, plain)
    return found


def _read_both(protocol: Protocol, connection: Connection) -> dict[Side, Plain]:
    """Each side, asked by the other. The first to be read knows of no question, and is read again if it answers any."""
    client, server = (lane_of(connection, side) for side in (CLIENT, SERVER))
    scripts = {side: script_of(protocol, side) for side in (CLIENT, SERVER)}
    asks = read_plainly(scripts[CLIENT], client, Questions())
    answers = read_plainly(scripts[SERVER], server, asks.questions)
    if any(step.sender == CLIENT and (step.equals or step.size) for step in protocol.fields):
        asks = read_plainly(scripts[CLIENT], client, answers.questions)
        answers = read_plainly(scripts[SERVER], server, asks.questions)
    return {CLIENT: asks, SERVER: answers}


def _shows_at(plain: Plain) -> float:
    if plain.wrong_at is not None:
        return plain.lane.came(plain.wrong_at)
    return plain.lane.came(plain.stopped_at) if plain.stopped_in is not None else float("inf")


def _margin(plain: Plain, *, stopped: bool, suspect: bool) -> float | None:
    """By how much a mistake must explain more than that all is right; None where none is looked for."""
    if plain.wrong_at is not None:
        return _MARGIN_WRONG
    if plain.stopped_in is not None and plain.stopped_in.equals is not None:
        return None  # what has come of the answer is what the right one begins with
    if plain.stopped_in is not None and stopped:
        return _MARGIN_STOPPED
    return _MARGIN_SUSPECTED if suspect and plain.stopped_in is None and plain.lane.data else None


def _last_seen(connection: Connection) -> float:
    times = [connection.opened]
    for side in (CLIENT, SERVER):
        direction = connection.direction(side)
        times += [at for at, _ in direction.received[-1:]] + [at for at, _ in direction.sent[-1:]]
    return max(times)


def _findings(
    connection: Connection, plain: Plain, explanations: Sequence[Explanation], *, certain: bool
) -> list[Finding]:
    if not explanations:
        return []
    best = explanations[0].bits
    weights = [2.0 ** (best - explanation.bits) for explanation in explanations]
    total = sum(weights)
    if not certain:  # that all is right, and only odd or cut off, is one explanation more
        total += 2.0 ** (best - plain.cost(plain.resume.offset, plain.end))
    first = set(explanations[0].keys)
    rivals = [found for found in explanations[1:] if found.bits - best < _CLEAR_BITS and not first <= set(found.keys)]
    told: dict[str, Finding] = {}
    for explanation, weight in zip(explanations, weights, strict=True):
        for mark in explanation.marks:
            if mark.key not in told and (explanation is explanations[0] or weight / total >= _FAINT):
                guess = not certain or bool(rivals) or mark.key not in first
                told[mark.key] = _told(connection, plain, explanation, mark, round(weight / total, 3), guess=guess)
    return list(told.values())


def _told(
    connection: Connection, plain: Plain, explanation: Explanation, mark: Mark, confidence: float, *, guess: bool
) -> Finding:
    read = mark.read
    raw = plain.lane.data[read.start : read.candidate.end][:_SHOWN_BYTES]
    return Finding(
        key=mark.key,
        side=plain.lane.side,
        connections=(connection.number,),
        field=mark.due.field,
        type=mark.due.type,
        round=read.path[-1] + 1 if read.path else None,
        offset=read.start,
        raw=raw,
        detail="; ".join(part for part in (mark.sentence, _reading(explanation)) if part),
        confidence=confidence,
        guess=guess,
    )


def _reading(explanation: Explanation) -> str:
    """The first fields, as they read if that mistake was made."""
    reads = explanation.walk.reads
    shown = [
        f"{read.step.field} = {_value(read.candidate.value)}" + ("" if read.candidate.whole else " (not yet whole)")
        for read in reads[:_SHOWN_READS]
        if not read.candidate.opaque and read.candidate.value is not None
    ]
    if not shown:
        return ""
    return f"so read, the bytes make sense: {', '.join(shown)}{', ...' if len(reads) > _SHOWN_READS else ''}"


def _value(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}..."


def _signed(connection: Connection, plain: Plain, key: str, detail: str) -> Finding:
    return Finding(
        key=key,
        side=plain.lane.side,
        connections=(connection.number,),
        field=None,
        type=None,
        round=None,
        offset=0,
        raw=plain.lane.data[:_SHOWN_BYTES],
        detail=detail,
        confidence=1.0,
        guess=False,
    )


def _merge(findings: Sequence[Finding]) -> list[Finding]:
    """One finding for a mistake that is made in many connections."""
    merged: dict[tuple[str, Side, str | None], Finding] = {}
    for finding in findings:
        place = (finding.key, finding.side, finding.field)
        same = merged.get(place)
        if same is None:
            merged[place] = finding
        else:
            numbers = tuple(dict.fromkeys((*same.connections, *finding.connections)))
            clearer = finding if same.guess and not finding.guess else same
            confidence = max(same.confidence, finding.confidence)
            merged[place] = replace(clearer, connections=numbers, confidence=confidence)
    return list(merged.values())
