"""What the page is told, as JSON: values as text, and every sentence in each language in which the page can be read.

It is made when a page asks for it. What no page asks for costs nothing but its place in memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from conformance.agent.problem import Problem, Where
from conformance.decoder import Field
from conformance.formatting import LANGUAGES, Catalogue, Language, catalogue, sentence
from conformance.formatting.findings import explain
from conformance.observe.live_events import (
    Bytes,
    Closed,
    Diagnosed,
    Elided,
    FieldRead,
    LiveEvent,
    Opened,
    ProblemFound,
    Stalled,
)

__all__ = [
    "LONG",
    "cut",
    "diagnosis_json",
    "headline",
    "line_json",
    "problem_json",
    "reason_json",
    "row_field",
    "with_short_texts",
]

LONG = 1000
"""How many characters of a text the page is told."""
_SHORT = 40  # characters of a value in a row
_BYTES = 48
_EXACT = 2**53  # a page has no whole numbers beyond
_T = TypeVar("_T")


def _in_each_language(make: Callable[[Catalogue], _T]) -> dict[Language, _T]:
    """What `make` says with each catalogue."""
    return {language: make(catalogue(language)) for language in LANGUAGES}


def cut(text: str, most: int = LONG) -> str:
    """The text, or its first `most` characters and an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}…"


def with_short_texts(problem: Problem) -> Problem:
    """The problem, the texts among its values cut: what a program sends may be long."""
    values = problem.values
    if any(isinstance(value, str) and len(value) > LONG for value in values.values()):
        short = {name: cut(value) if isinstance(value, str) else value for name, value in values.items()}
        return replace(problem, values=short)
    return problem


def problem_json(problem: Problem) -> dict[str, Any]:
    """Code, place, values and sentence."""
    short = with_short_texts(problem)
    told = short.to_json()
    told["values"] = {name: _plain(value) for name, value in told["values"].items()}
    told.pop("at", None)
    return told | {"text": _in_each_language(lambda words: sentence(short, words))}


def headline(what: Problem | Diagnosed) -> dict[str, Any]:
    """What a row says of it: its code and one sentence."""
    told = problem_json(what) if isinstance(what, Problem) else diagnosis_json(what)
    return {"code": told["code"], "text": told["text"]}


def diagnosis_json(event: Diagnosed) -> dict[str, Any]:
    """Its code and place, its title and description, and in lines what speaks for it and how to correct it."""
    finding = event.finding
    where = Where(finding.connections[0], finding.side, finding.offset, finding.field, finding.type, finding.round)
    place = {name: value for name in Where.__slots__ if (value := getattr(where, name)) is not None}
    code = f"finding.{finding.key}"
    return {
        "code": finding.key,
        "where": place,
        "guess": finding.guess,
        "text": _in_each_language(lambda words: words.text(f"{code}.title")),
        "description": _in_each_language(lambda words: words.text(f"{code}.description")),
        "lines": _in_each_language(lambda words: explain(finding, event.others, words).splitlines()[1:]),
    }


def row_field(field: Field) -> dict[str, Any]:
    """A field as a row has it."""
    told = {"side": field.side, "field": field.name, "type": field.type, "value": cut(_value(field), _SHORT)}
    return told if field.problem is None else told | {"code": field.problem.code}


def line_json(event: LiveEvent, began: float) -> str:
    """The line of a conversation that an event makes; `began` is when its times begin, in seconds since 1970."""
    return json.dumps({"at": began + event.at, **_line(event)})


def reason_json(reason: str) -> dict[Language, str]:
    """A reason that the system gives, translated where it is one of the usual ones."""
    name = f"reason.{reason}"
    return _in_each_language(lambda words: words.text(name) if name in words.ids else reason)


def _line(event: LiveEvent) -> dict[str, Any]:
    match event:
        case FieldRead(field=field):
            return {"event": "field"} | _field(field)
        case Opened():
            return {"event": "opened", "side": "client", "client": event.client}
        case Bytes():
            return {"event": "bytes", "side": event.side} | _bytes(event.data, event.offset)
        case Closed():
            return {"event": event.how, "side": event.side} | (
                {"reason": reason_json(event.reason)} if event.reason else {}
            )
        case Diagnosed():
            return {"event": "diagnosis", "side": event.finding.side, "diagnosis": diagnosis_json(event)}
        case ProblemFound() | Stalled() | Elided():
            name = {ProblemFound: "problem", Stalled: "stalled", Elided: "elided"}[type(event)]
            return {"event": name, "side": event.problem.where.side, "problem": problem_json(event.problem)}


def _field(field: Field) -> dict[str, Any]:
    value = _value(field)
    told: dict[str, Any] = {"side": field.side, "field": field.name, "type": field.type, "value": value[:LONG]}
    if len(value) > LONG:
        told["characters"] = len(value)
    told |= _bytes(field.raw, field.offset)
    return told if field.problem is None else told | {"problem": problem_json(field.problem)}


def _bytes(data: bytes, offset: int) -> dict[str, Any]:
    return {"offset": offset, "size": len(data), "bytes": data[:_BYTES].hex()}


def _value(field: Field) -> str:
    """The value as text, for a page has no whole numbers beyond 2**53 and no 1.0; of `bytes`, how many they are."""
    return str(len(field.value) if isinstance(field.value, bytes) else field.value)


def _plain(value: Any) -> Any:
    """A value of a problem as a page can have it."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and abs(value) < _EXACT:
        return value
    return dict(value) if isinstance(value, Mapping) else str(value)
