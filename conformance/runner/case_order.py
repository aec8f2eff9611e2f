"""In which order cases are tried: what may end a fragile server comes last, and a few that tell most come first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from conformance.agent.events import CLIENT
from conformance.agent.player.items import encode_items
from conformance.agent.player.steps import Again, Concurrency, Do, Send, Step, Together
from conformance.agent.problem import Problem
from conformance.decoder import Decoder
from conformance.model.cases import Case, all_steps
from conformance.model.protocol import Protocol

__all__ = ["cuts", "first_cases", "harmless_first"]

_READ_BYTES = 1 << 14  # of what a case sends on a connection: whether it is well-formed shows early
_FIRST_CASES = 6

Harm = Literal[0, 1, 2, 3]


def harmless_first(cases: Sequence[Case], protocol: Protocol) -> list[Case]:
    """The cases against a server, those first that every server outlives which outlives its clients.

    First those in which every client says all that it has to say and hears all answers; then those in which one leaves
    before; then those that send what is malformed, or end inside a field or before the first; then resets. Otherwise
    they keep their order.
    """
    return sorted(cases, key=lambda case: _harm(case.steps, protocol))


def first_cases(cases: Sequence[Case]) -> list[Case]:
    """A handful with one connection each that tell most: one of each kind, and one that cuts what it sends."""
    chosen: dict[str, Case] = {}
    for case in cases:
        steps = list(all_steps(case.steps))
        alone = {getattr(step, "by", "a") for step in steps} <= {"a"}
        if alone and not any(isinstance(step, Concurrency) for step in steps):
            chosen.setdefault(case.name.partition("/")[0], case)
    first = [*chosen.values()]
    cut = next((number for number, case in enumerate(first) if cuts(case)), 0)
    return [*first[: _FIRST_CASES - 1], first[max(cut, _FIRST_CASES - 1)]] if len(first) > _FIRST_CASES else first


def cuts(case: Case) -> bool:
    """Whether it cuts what it sends."""
    return any(isinstance(step, Send) and step.cut for step in all_steps(case.steps))


def _harm(steps: Sequence[Step], protocol: Protocol) -> Harm:
    sent: defaultdict[str, bytearray] = defaultdict(bytearray)
    done: set[str] = set()
    known: dict[str, Any] = {}
    for step in _in_turn(steps):
        if isinstance(step, Do):
            done.add(step.do)
            sent[step.by] += b""
        elif isinstance(step, Send) and len(sent[step.by]) <= _READ_BYTES:
            try:
                sent[step.by] += encode_items(step.send, known)[: step.only]
            except KeyError:  # it depends on what the server says
                return 1
    if "reset" in done:
        return 3
    if any(_is_malformed(data, protocol) for data in sent.values()):
        return 2
    return 1 if "close" in done else 0


def _in_turn(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps one after the other, those that are done often once."""
    for step in steps:
        match step:
            case Concurrency(steps=inner) | Again(steps=inner):
                yield from _in_turn(inner)
            case Together(together=lists):
                for inner in lists:
                    yield from _in_turn(inner)
            case _:
                yield step


def _is_malformed(data: bytearray, protocol: Protocol) -> bool:
    """Whether a client that sends this, and ends, breaks the protocol."""
    decoder = Decoder(protocol)
    outcomes = [*decoder.receive(CLIENT, bytes(data[:_READ_BYTES]), 0.0)]
    if len(data) <= _READ_BYTES:
        outcomes += decoder.end(CLIENT, 0.0)
    return any(isinstance(outcome, Problem) for outcome in outcomes)
