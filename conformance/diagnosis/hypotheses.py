"""What a side may have done wrong: each a way to read its bytes, to be tried on them.

Some beginnings need no trying: they say at once that another protocol is spoken, HTTP or TLS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.diagnosis.codecs import NUMBER_CODECS, TEXT_CODECS, Codec, Digits, Line, Serialized
from conformance.diagnosis.finding import Detail
from conformance.diagnosis.script import Change, Item, Loop, changes, fields_of
from conformance.model.protocol import FieldStep

__all__ = ["Hypothesis", "hypotheses", "other_protocol"]

_WRITER = "text-writer"
_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH|PRI) \S+ HTTP/[0-9]")
_STATUS = re.compile(rb"HTTP/[0-9](?:\.[0-9])? [0-9]{3}")
_HELLO = re.compile(rb"\x16\x03[\x00-\x04]..\x01", re.DOTALL)
_SHOWN_LINE = 200


@dataclass(frozen=True)
class Hypothesis:
    """How each field is written, by its name, where not right; or what other script is followed."""

    items: tuple[Item, ...]
    codecs: Mapping[str, Codec]
    change: Change | None = None
    early: bool = False
    prior: float = 0.0


def hypotheses(script: tuple[Item, ...]) -> Iterator[Hypothesis]:
    """All that is ever tried; the usual mistakes first, so that the rare ones have a limit to beat."""
    for codecs in _ways_to_write(script):
        yield Hypothesis(script, codecs)
    for change in changes(script):
        yield Hypothesis(change.items, {}, change, prior=change.prior)
    if any(step.equals is not None for step in fields_of(script)):
        yield Hypothesis(script, {}, early=True, prior=10.0)


def _ways_to_write(script: tuple[Item, ...]) -> Iterator[dict[str, Codec]]:
    steps = list({step.field: step for step in fields_of(script)}.values())
    repeated = {step.field for item in script if isinstance(item, Loop) for step in fields_of(item.body)}
    texts, numbers = _choices(steps, repeated, TEXT_CODECS), _choices(steps, repeated, NUMBER_CODECS)
    yield dict.fromkeys((step.field for step in steps), Serialized())
    if texts or numbers:  # a writer of text, and so everything a line
        prior = 4.0 if texts else 9.0
        line, digits = Line(_WRITER, prior), Digits(_WRITER, prior, lines=True)
        yield {step.field: codec for step in steps for codec in (line, digits) if codec.fits(step)}
    yield from texts
    yield from numbers
    for text in texts:
        yield from ({**text, **number} for number in numbers)


def _choices(steps: Sequence[FieldStep], repeated: set[str], codecs: Sequence[Codec]) -> list[dict[str, Codec]]:
    """The mistake made with all such fields, with those that are repeated, or with one alone."""
    chosen: list[dict[str, Codec]] = []
    for codec in codecs:
        fitting = [step.field for step in steps if codec.fits(step)]
        groups = [fitting, [name for name in fitting if name in repeated], *([name] for name in fitting)]
        for group in dict.fromkeys(tuple(group) for group in groups if group):
            chosen.append(dict.fromkeys(group, codec))
    return chosen


def other_protocol(side: Side, data: bytes) -> tuple[str, Detail] | None:
    """The mistake's key, and its detail, where the first bytes of that side are of HTTP or TLS."""
    line = Detail("begins-with", {"text": data[:_SHOWN_LINE].partition(b"\r\n")[0].decode("latin-1")})
    if side == CLIENT and _REQUEST.match(data):
        return "http-request", line
    if side == SERVER and _STATUS.match(data):
        return "http-answer", line
    if side == CLIENT and _HELLO.match(data):
        return "tls-hello", Detail("begins-with-tls")
    return None
