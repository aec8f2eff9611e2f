"""Each live event as a line: for a person in their language, or as a line of JSON for a program."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from conformance.agent.events import Side
from conformance.agent.hexdump import show
from conformance.agent.problem import Problem
from conformance.cli.arguments import in_words
from conformance.cli.terminal import Colour, Paint
from conformance.decoder import Field
from conformance.formatting import Catalogue, catalogue, sentence
from conformance.formatting.findings import explain, finding_to_json
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
from conformance.observe.viewer import Totals

__all__ = ["JsonLines", "Lines", "TextLines", "problem_as_json", "shown"]

_INDENT = " " * 20  # under what a line says, behind its time and its connection
_SHOWN_CHARACTERS = 80
_JSON_CHARACTERS = 1000
_JSON_BYTES = 1024
_COLOURS: dict[Side, Colour] = {"client": "cyan", "server": "green"}


class Lines(Protocol):
    """Makes lines; `words` is the catalogue of their language."""

    words: Catalogue

    def event(self, event: LiveEvent) -> str: ...

    def note(self, event: str, sentence: str, **facts: Any) -> str: ...

    def totals(self, totals: Totals) -> str: ...

    def left_out(self, lines: int) -> str: ...


class TextLines:
    """Lines for a person: when, which connection, who to whom, what. `began` is in seconds since 1970."""

    def __init__(self, words: Catalogue, paint: Paint, began: float) -> None:
        self.words = words
        self._paint = paint
        self._began = began
        self._second = -1
        self._second_shown = ""
        self._explained: dict[tuple[str, Side], int] = {}

    def event(self, event: LiveEvent) -> str:
        """The line for it."""
        paint, text = self._paint, self.words.text
        head = f"{paint(self._time(event.at), 'dim')}  #{event.connection:<3} "
        match event:
            case FieldRead(field=field):
                return f"{head}{self._way(field.side)}  {self._field(field)}"
            case Opened():
                return f"{head}{paint(text('cli.live.opened', {'client': event.client}), 'bold')}"
            case Bytes():
                told = text("cli.live.bytes", {"bytes": event.data})
                return f"{head}{self._way(event.side)}  {told}   {_as_text(event.data)}"
            case ProblemFound(problem=problem):
                way = "" if problem.where.side is None else f"{self._way(problem.where.side)}  "
                return f"{head}{way}{self._wrong(problem)}"
            case Diagnosed():
                return f"{head}{self._diagnosis(event)}"
            case Stalled(problem=problem) | Elided(problem=problem):
                assert problem.where.side is not None
                told = sentence(shown(problem), self.words)
                if isinstance(event, Stalled):
                    told = text("cli.live.stalled", {"sentence": told})
                return f"{head}{self._way(problem.where.side)}  {paint(f'... {told}', 'yellow')}"
            case Closed():
                reason = in_words({"reason": event.reason}, self.words)
                told = text(f"cli.live.{event.how}", {"who": text(f"side.{event.side}"), **reason})
                return f"{head}{told if event.how == 'end' else paint(told, 'yellow')}"

    def note(self, event: str, sentence: str, **facts: Any) -> str:
        """The sentence."""
        return sentence

    def totals(self, totals: Totals) -> str:
        """The summary."""
        text = self.words.text
        still_open = text("cli.totals.open", count=totals.open) if totals.open else ""
        problems = text("cli.totals.problems", count=totals.problems) if totals.problems else text("cli.totals.none")
        parts = {
            "connections": text("cli.totals.connections", count=totals.connections) + still_open,
            "fields": text("cli.totals.fields", count=totals.fields),
            "client": text("cli.totals.client", count=totals.bytes["client"]),
            "server": text("cli.totals.server", count=totals.bytes["server"]),
            "problems": self._paint(problems, "red" if totals.problems else "green", "bold"),
        }
        return text("cli.totals", parts)

    def left_out(self, lines: int) -> str:
        """That so many lines are missing."""
        return self.words.text("cli.live.left-out", count=lines)

    def _field(self, field: Field) -> str:
        value = f"{field.type} {self._paint(field.name, 'bold')} = {self._value(field.value)}"
        wrong = f"   {self._wrong(field.problem)}" if field.problem else ""
        return f"{value}   {self._paint(show(field.raw), 'dim')}{wrong}"

    def _wrong(self, problem: Problem) -> str:
        return self._paint(f"!!! {sentence(shown(problem), self.words)}", "red", "bold")

    def _diagnosis(self, event: Diagnosed) -> str:
        """All of it the first time; that it is so again, afterwards."""
        finding, words = event.finding, self.words
        place = (finding.key, finding.side)
        if place in self._explained:
            title = words.text(f"finding.{finding.key}.title")
            again = {"who": words.text(f"side.{finding.side}"), "title": title, "first": self._explained[place]}
            return self._paint(words.text("cli.live.again", again), "yellow")
        self._explained[place] = event.connection
        first, *more = explain(finding, event.others, words).splitlines()
        return "\n".join([self._paint(first, "yellow", "bold"), *(_INDENT + line for line in more)])

    def _value(self, value: Any) -> str:
        """A value as Python writes it, control characters escaped; of a long text, its beginning and its end."""
        if isinstance(value, bytes):
            return self.words.text("cli.live.size", count=len(value))
        if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
            half = _SHOWN_CHARACTERS // 2
            size = self.words.text("cli.live.characters", count=len(value))
            return f"{value[:half]!r} ... {value[-half:]!r} ({size})"
        return repr(value)

    def _way(self, sender: Side) -> str:
        return self._paint(self.words.text(f"cli.live.from-{sender}"), _COLOURS[sender])

    def _time(self, at: float) -> str:
        seconds, millis = divmod(int((self._began + at) * 1000), 1000)
        if seconds != self._second:
            self._second, self._second_shown = seconds, time.strftime("%H:%M:%S", time.localtime(seconds))
        return f"{self._second_shown}.{millis:03d}"


class JsonLines:
    """Lines for a program, each an object with its `event`; sentences in them are English, whoever reads them."""

    def __init__(self, began: float) -> None:
        self.words = catalogue("en")
        self._began = began

    def event(self, event: LiveEvent) -> str:
        """The line for it."""
        moment = datetime.fromtimestamp(self._began + event.at, UTC).isoformat(timespec="microseconds")
        head: dict[str, Any] = {"at": round(event.at, 6), "time": moment, "connection": event.connection}
        match event:
            case FieldRead(field=field):
                told = {"sender": field.side, "field": field.name, "type": field.type, **_json_value(field.value)}
                told |= {"offset": field.offset, "size": len(field.raw), "bytes": field.raw[:_JSON_BYTES].hex()}
                return _line("field", head, told | (self._problem(field.problem, "problem") if field.problem else {}))
            case Opened():
                return _line("opened", head, {"client": event.client})
            case Bytes():
                told = {"sender": event.side, "offset": event.offset, "size": len(event.data)}
                return _line("bytes", head, told | {"bytes": event.data[:_JSON_BYTES].hex()})
            case ProblemFound(problem=problem):
                return _line("problem", head, {"sender": problem.where.side} | self._problem(problem, "problem"))
            case Diagnosed():
                others = [finding_to_json(other) for other in event.others]
                return _line("diagnosis", head, finding_to_json(event.finding) | {"others": others})
            case Stalled(problem=problem):
                return _line("stall", head, {"sender": problem.where.side} | self._problem(problem, "sentence"))
            case Elided(problem=problem):
                return _line("elided", head, {"sender": event.side} | self._problem(problem, "sentence"))
            case Closed():
                reason = {"reason": event.reason} if event.reason else {}
                return _line(event.how, head, {"sender": event.side} | reason)

    def note(self, event: str, sentence: str, **facts: Any) -> str:
        """The sentence, and what a program wants to know of it."""
        return json.dumps({"event": event, "sentence": sentence, **facts})

    def totals(self, totals: Totals) -> str:
        """The summary."""
        return json.dumps(
            {
                "event": "summary",
                "connections": totals.connections,
                "open": totals.open,
                "fields": totals.fields,
                "client_bytes": totals.bytes["client"],
                "server_bytes": totals.bytes["server"],
                "problems": totals.problems,
            }
        )

    def left_out(self, lines: int) -> str:
        """That so many lines are missing."""
        return json.dumps({"event": "left out", "lines": lines})

    def _problem(self, problem: Problem, key: str) -> dict[str, Any]:
        return problem_as_json(problem, key, self.words)


def problem_as_json(problem: Problem, key: str, words: Catalogue) -> dict[str, Any]:
    """Its sentence under that key, its code, its place and its values."""
    problem = shown(problem)
    told = problem.to_json()
    values = {name: str(value) if _is_no_number(value) else value for name, value in told["values"].items()}
    return {key: sentence(problem, words), "code": problem.code, "where": told["where"], "values": values}


def shown(problem: Problem) -> Problem:
    """The same with long texts among its values cut in the middle: a client can send 65,535 bytes as its address."""
    values = {name: _cut(value) if isinstance(value, str) else value for name, value in problem.values.items()}
    return Problem(problem.code, problem.where, values, problem.at)


def _cut(text: str) -> str:
    half = _SHOWN_CHARACTERS // 2
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:half]}...{text[-half:]}"


def _line(event: str, head: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    return json.dumps({"event": event, **head, **told})


def _json_value(value: Any) -> dict[str, Any]:
    """A value as JSON has it: a number that is none as text, a long text cut, with its length."""
    if isinstance(value, bytes):
        return {"value": f"{len(value)} bytes"}
    if _is_no_number(value):
        return {"value": str(value)}
    if isinstance(value, str) and len(value) > _JSON_CHARACTERS:
        return {"value": value[:_JSON_CHARACTERS], "characters": len(value)}
    return {"value": value}


def _is_no_number(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _as_text(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data[:16])
