"""Who waits for whom, once nothing moves any more.

It is the turn of the one whose field is due. The other waits for that field; and it, as it sends nothing, seems to wait
for the next that the other would send.
"""

from __future__ import annotations

from conformance.agent.events import CLIENT, SERVER, Side, other
from conformance.agent.recording import Connection
from conformance.agent.sized_bytes import BYTES
from conformance.diagnosis.finding import Finding, Waiting
from conformance.diagnosis.plain import Plain
from conformance.diagnosis.right import TEXT
from conformance.model.protocol import FieldStep, Protocol, Repeat
from javaio import WIRE_TYPES

__all__ = ["find_waiting"]

_KEY = "both-sides-waiting"


def find_waiting(protocol: Protocol, connection: Connection, plain: dict[Side, Plain]) -> list[Finding]:
    """At most one finding: the first field in the protocol's order that is due and does not come."""
    due = [found for side in (CLIENT, SERVER) if (found := _due(plain[side])) is not None]
    order = {step.key: index for index, step in enumerate(protocol.fields)}
    due.sort(key=lambda place: (-1 if place[1] is None else place[1], order[place[0].key]))
    if due:
        step, number = due[0]
        return [_finding(protocol, connection, plain, step, number, guess=False)]
    if any(plain[side].unreadable or plain[side].unasked for side in plain):
        return []
    lead = _next_round(protocol)
    if lead is None:
        return []
    return [_finding(protocol, connection, plain, lead, None, guess=True)]


def _due(plain: Plain) -> tuple[FieldStep, int | None] | None:
    if plain.stopped_in is not None:
        return plain.stopped_in, plain.due_round
    return None if plain.due is None or plain.unasked else (plain.due, plain.due_round)


def _next_round(protocol: Protocol) -> FieldStep | None:
    """The field that would begin one round more, where the sides take turns; silence in a chat is no sign."""
    match protocol.session[-1]:
        case Repeat(repeat=(FieldStep() as lead, *_)):
            return lead
    return None


def _finding(
    protocol: Protocol,
    connection: Connection,
    plain: dict[Side, Plain],
    step: FieldStep,
    number: int | None,
    *,
    guess: bool,
) -> Finding:
    turn = step.sender
    lane = plain[turn].lane
    stopped = plain[turn].stopped_in is step
    offset = plain[turn].stopped_at if stopped else len(lane.data)
    missing = _missing(step, lane.data[offset:], plain[turn].due_bytes)
    since = _last(connection)
    waiting = [Waiting(other(turn), step.field, step.type, missing, since)]
    awaited = _next_from(protocol, other(turn), step)
    if awaited is not None:
        waiting.append(Waiting(turn, awaited.field, awaited.type, _missing(awaited, b"", None), since))
    many = "" if missing is None else f" ({missing} more {'byte' if missing == 1 else 'bytes'})"
    detail = f"the {other(turn)} waits for {step.type} `{step.field}`{many} from the {turn}, which sends nothing more"
    if awaited is not None:
        detail += f", and seems to wait for `{awaited.field}` from the {other(turn)}"
    return Finding(
        key=_KEY,
        side=turn,
        connections=(connection.number,),
        field=step.field,
        type=step.type,
        round=None if number is None else number + 1,
        offset=offset,
        raw=lane.data[offset:][:16],
        detail=detail,
        confidence=0.5 if guess else 1.0,
        guess=guess,
        waiting=tuple(waiting),
    )


def _missing(step: FieldStep, there: bytes, size: int | None) -> int | None:
    if step.type == BYTES:
        return None if size is None else size - len(there)
    if step.type != TEXT:
        return WIRE_TYPES[step.type].size - len(there)
    return None if len(there) < 2 else 2 + int.from_bytes(there[:2], "big") - len(there)


def _next_from(protocol: Protocol, side: Side, after: FieldStep) -> FieldStep | None:
    fields = protocol.fields
    index = fields.index(after)
    return next((step for step in (*fields[index + 1 :], *fields[:index]) if step.sender == side), None)


def _last(connection: Connection) -> float:
    times = [connection.opened]
    for side in (CLIENT, SERVER):
        direction = connection.direction(side)
        times += [at for at, _ in direction.received[-1:]]
    return max(times)
