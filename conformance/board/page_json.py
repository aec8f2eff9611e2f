"""What the page is told, as JSON: values as text, and every sentence in each language in which the page can be read.

It is made when a page asks for it. What no page asks for costs nothing but its place in memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.agent.problem import Problem
from conformance.decoder import Field
from conformance.formatting import LANGUAGES, Catalogue, Language, catalogue, sentence, shortened
from conformance.formatting.findings import explain
from conformance.observe import live_events as live

__all__ = ["LONG", "cut", "line_json", "problem_json", "reason_json", "row_field"]

LONG = 1000  # characters of a text that the page is told
_SHORT = 40  # characters of a value in a row
_BYTES = 48
_NAMES: dict[type, str] = {live.ProblemFound: "problem", live.Stalled: "stalled", live.Elided: "elided"}


def _in_each_language(make: Callable[[Catalogue], Any]) -> dict[Language, Any]:
    return {language: make(catalogue(language)) for language in LANGUAGES}


def cut(text: str, most: int = LONG) -> str:
    """The text, or its first `most` characters and an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}…"


def problem_json(what: Problem | live.Diagnosed) -> dict[str, Any]:
    """Code, place and sentence; the values of a problem; what speaks for a diagnosis, and how to correct it."""
    if isinstance(what, Problem):
        problem = shortened(what)
        told = problem.to_json()
        values = {name: _plain(value) for name, value in told["values"].items()}
        text = _in_each_language(lambda words: sentence(problem, words))
        return {"code": problem.code, "where": told["where"], "values": values, "text": text}
    finding = what.finding
    place = {name: getattr(finding, name) for name in ("side", "offset", "field", "type", "round")}
    return {
        "code": finding.key,
        "where": {"connection": finding.connections[0], **place},
        "guess": finding.guess,
        "text": _in_each_language(lambda words: words.text(f"finding.{finding.key}.title")),
        "description": _in_each_language(lambda words: words.text(f"finding.{finding.key}.description")),
        "lines": _in_each_language(lambda words: explain(finding, what.others, words).splitlines()[1:]),
    }


def row_field(field: Field) -> dict[str, Any]:
    """A field as a row has it."""
    told = {"side": field.side, "field": field.name, "type": field.type, "value": cut(_value(field), _SHORT)}
    return told if field.problem is None else told | {"code": field.problem.code}


def line_json(event: live.LiveEvent, began: float) -> str:
    """The line of a conversation that an event makes; `began` is when its times begin, in seconds since 1970."""
    match event:
        case live.FieldRead(field=field):
            value = _value(field)
            told = {"event": "field", **row_field(field), "value": value[:LONG], **_bytes(field.raw, field.offset)}
            told |= {"characters": len(value)} if len(value) > LONG else {}
            told |= {"problem": problem_json(field.problem)} if field.problem else {}
        case live.Opened():
            told = {"event": "opened", "side": "client", "client": event.client}
        case live.Bytes():
            told = {"event": "bytes", "side": event.side, **_bytes(event.data, event.offset)}
        case live.Closed():
            told = {"event": event.how, "side": event.side, "reason": event.reason and reason_json(event.reason)}
        case live.Diagnosed():
            told = {"event": "diagnosis", "side": event.finding.side, "diagnosis": problem_json(event)}
        case live.ProblemFound(problem=problem) | live.Stalled(problem=problem) | live.Elided(problem=problem):
            told = {"event": _NAMES[type(event)], "side": problem.where.side, "problem": problem_json(problem)}
    return json.dumps({"at": began + event.at, **told})


def reason_json(reason: str) -> dict[Language, str]:
    """A reason that the system gives, translated where it is one of the usual ones."""
    name = f"reason.{reason}"
    return _in_each_language(lambda words: words.text(name) if name in words.ids else reason)


def _bytes(data: bytes, offset: int) -> dict[str, Any]:
    return {"offset": offset, "size": len(data), "bytes": data[:_BYTES].hex()}


def _value(field: Field) -> str:
    """The value as text, for a page has no whole numbers beyond 2**53 and no 1.0; of `bytes`, how many they are."""
    return str(len(field.value) if isinstance(field.value, bytes) else field.value)


def _plain(value: Any) -> Any:
    is_large = isinstance(value, int) and abs(value) >= 2**53
    return str(value) if is_large or isinstance(value, float) else value
