"""Who waits for whom, once nothing moves any more.

It is the turn of the side whose field is due. The other waits for that field; and the one whose turn it is, as it sends
nothing, seems to wait for the next field that the other would send.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.agent.events import Side, other
from conformance.diagnosis.finding import Finding, Waiting
from conformance.diagnosis.reading import Due, Reading
from conformance.model.protocol import FieldStep, Protocol, Repeat

__all__ = ["find_waiting"]

_SHOWN_BYTES = 16


def find_waiting(protocol: Protocol, readings: Mapping[Side, Reading], number: int, since: float) -> Finding | None:
    """The first field in the protocol's order that is due and does not come, on connection `number`."""
    order = {step.key: index for index, step in enumerate(protocol.fields)}
    due = [reading.due for reading in readings.values() if reading.due is not None]
    if due:
        first = min(due, key=lambda due: (due.round or 0, order[due.step.key]))
        return _finding(protocol, first, number, since, guess=False)
    lead = _next_round(protocol)
    if lead is None or any(reading.unreadable or reading.unasked for reading in readings.values()):
        return None
    nothing = Due.not_begun(lead, None, readings[lead.sender].size)
    return _finding(protocol, nothing, number, since, guess=True)


def _next_round(protocol: Protocol) -> FieldStep | None:
    """The field that would begin one round more, where the sides take turns; silence in a chat is no sign."""
    match protocol.session[-1]:
        case Repeat(repeat=(FieldStep() as lead, *_)):
            return lead
    return None


def _finding(protocol: Protocol, due: Due, number: int, since: float, *, guess: bool) -> Finding:
    step, turn = due.step, due.step.sender
    waiting = [Waiting(other(turn), step.field, step.type, due.missing, since)]
    place = protocol.fields.index(step)
    following = (*protocol.fields[place + 1 :], *protocol.fields[:place])
    for awaited in [step for step in following if step.sender == other(turn)][:1]:
        waiting.append(Waiting(turn, awaited.field, awaited.type, Due.not_begun(awaited, None, 0).missing, since))
    return Finding(
        key="both-sides-waiting",
        side=turn,
        connections=(number,),
        field=step.field,
        type=step.type,
        round=due.round,
        offset=due.offset,
        raw=due.got[:_SHOWN_BYTES],
        details=(),
        confidence=0.5 if guess else 1.0,
        guess=guess,
        waiting=tuple(waiting),
    )
