"""Whether anything was shown: a cell in which nothing went wrong passes only if something went right.

A side has shown something once a round or a message of it has passed; what stands outside of loops counts where its
side has no loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.problem import Problem, Where
from conformance.decoder import Conversation
from conformance.decoder.program import Own, compile_protocol
from conformance.diagnosis import Finding
from conformance.model.protocol import Protocol

__all__ = ["only_silence", "suspicious", "unshown"]

# What follows from clients that send no message, and from such as send no byte: a code, and whose it is.
_OF_SILENT_CLIENTS = {("no-such-author", None), ("never-printed", CLIENT)}
_OF_MUTE_CLIENTS = {("never-sent", CLIENT), ("ended-by-itself", SERVER), ("error-line-unexpected", SERVER)}


def unshown(conversations: Sequence[Conversation], *, each: bool, typed: bool) -> Problem | None:
    """`nothing-said`, or `nobody-typed`, where a direction that the protocol has shows no round and no message.

    `each`: every connection must have shown one, and not one of them alone. `typed`: somebody typed a message. The
    place is the side that should have spoken first; on which connection, if any was made.
    """
    if not conversations:
        return Problem("nothing-said", Where(side=CLIENT), {"connections": 0})
    silent = [(one, sides) for one in conversations if (sides := _silent(one))]
    if not silent or (not each and len(silent) < len(conversations)):
        return None
    conversation, (side, *_) = silent[0]
    if conversation.protocol.broadcast and not typed and side == CLIENT:
        return Problem("nobody-typed")
    size = conversation.decoder.total(side)
    return Problem("nothing-said", Where(conversation.number, side, size), {"size": size} if size else {})


def only_silence(problems: Sequence[Problem], conversations: Sequence[Conversation]) -> bool:
    """Whether all these problems follow from clients that said nothing: then they say nothing about anybody else."""
    if not conversations or any(CLIENT not in _silent(one) for one in conversations):
        return False
    mute = not any(one.decoder.total(CLIENT) for one in conversations)
    follow = _OF_SILENT_CLIENTS | (_OF_MUTE_CLIENTS if mute else set())
    return all((problem.code, problem.values.get("role", problem.where.side)) in follow for problem in problems)


def suspicious(first: Finding) -> Problem:
    """`suspicious-values`, at the place of what is suspected first."""
    where = Where(first.connections[0], first.side, first.offset, first.field, first.type, first.round)
    return Problem("suspicious-values", where, {"finding": first.key})


def _silent(conversation: Conversation) -> list[Side]:
    """The sides that have shown nothing, in the order in which the protocol has them speak."""
    loops = _loops(conversation.protocol)
    spoken = {field.side for field in conversation.fields if field.path or not loops[field.side]}
    return [side for side in loops if side not in spoken]


def _loops(protocol: Protocol) -> Mapping[Side, bool]:
    """Of each side that the protocol has speak, whether it has loops: first the one that begins a round."""
    programs = compile_protocol(protocol)
    fields = [step for step in (*programs.client, *programs.server) if isinstance(step, Own)]
    loops: dict[Side, bool] = {}
    for field in sorted(fields, key=lambda field: (not field.level, field.ordinal)):
        loops.setdefault(field.step.sender, field.level > 0)
    return loops
