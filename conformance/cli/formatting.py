"""Each live event as a line: for a person in their language, or as a line of JSON for a program."""

from __future__ import annotations

import json
import math
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from conformance.agent.events import Side
from conformance.agent.problem import Problem
from conformance.agent.sized_bytes import show
from conformance.cli.arguments import in_words
from conformance.cli.terminal import Colour, paint
from conformance.decoder import Field
from conformance.diagnosis.guesses import Guess
from conformance.formatting import Catalogue, catalogue, sentence, shortened
from conformance.formatting.findings import explain, finding_to_json
from conformance.observe import live_events as live
from conformance.observe.live_conversation import Totals

__all__ = ["JsonLines", "TextLines", "lines_of", "problem_as_json"]

_INDENT = " " * 20  # under what a line says, behind its time and its connection
_ROW = 16  # bytes
_ROWS = 8
_SHOWN_CHARACTERS = 80
_JSON_CHARACTERS = 1000
_JSON_BYTES = 1024
_COLOURS: dict[Side, Colour] = {"client": "cyan", "server": "green"}


class TextLines:
    """Lines for a person: when, which connection, who to whom, what. `began` is in seconds since 1970."""

    def __init__(self, words: Catalogue, began: float) -> None:
        self.words = words
        self._began = began
        self._explained: dict[tuple[str, Side], int] = {}

    def event(self, event: live.LiveEvent) -> str:
        moment = datetime.fromtimestamp(self._began + event.at).time().isoformat("milliseconds")
        return f"{paint(moment, 'dim')}  #{event.connection:<3} {self._told(event)}"

    def _told(self, event: live.LiveEvent) -> str:
        text = self.words.text
        match event:
            case live.FieldRead(field=field):
                return f"{self._way(field.side)}{self._field(field)}"
            case live.Opened():
                return paint(text("cli.live.opened", {"client": event.client}), "bold")
            case live.Bytes():
                return self._bytes(event)
            case live.ProblemFound(problem=problem):
                return f"{self._way(problem.where.side)}{self._wrong(problem)}"
            case live.Diagnosed():
                return self._diagnosis(event)
            case live.Stalled(problem=problem) | live.Elided(problem=problem):
                told = sentence(shortened(problem), self.words)
                if isinstance(event, live.Stalled):
                    told = text("cli.live.stalled", {"sentence": told})
                return f"{self._way(problem.where.side)}{paint(f'... {told}', 'yellow')}"
            case live.Closed():
                reason = in_words({"reason": event.reason}, self.words)
                told = text(f"cli.live.{event.how}", {"who": text(f"side.{event.side}"), **reason})
                return told if event.how == "end" else paint(told, "yellow")

    def note(self, event: str, text: str, values: Mapping[str, Any], **facts: Any) -> str:
        """The text of that id; `event` and `facts` are for a program."""
        return self.words.text(text, values)

    def totals(self, totals: Totals) -> str:
        text = self.words.text
        counts = [("connections", totals.connections), ("fields", totals.fields), *totals.bytes.items()]
        parts = {name: text(f"cli.totals.{name}", count=count) for name, count in counts}
        if totals.open:
            parts["connections"] += text("cli.totals.open", count=totals.open)
        if totals.missed:
            parts["connections"] += text("cli.totals.missed", count=totals.missed)
        colour: Colour = "red" if totals.problems else "green" if totals.judged and not totals.missed else "yellow"
        none = text("cli.totals.none" if totals.judged else "cli.totals.unjudged")
        problems = text("cli.totals.problems", count=totals.problems) if totals.problems else none
        parts["problems"] = paint(problems, colour, "bold")
        return text("cli.totals", parts)

    def left_out(self, lines: int) -> str:
        """That so many lines are missing."""
        return self.words.text("cli.live.left-out", count=lines)

    def _bytes(self, event: live.Bytes) -> str:
        """The first of them; where no protocol says what they are, a few rows more, and what they could be."""
        data, text = event.data, self.words.text
        told = f"{self._way(event.side)}{text('cli.live.bytes', {'bytes': data})}   {_printable(data[:_ROW])}"
        if event.guesses is None:
            return told
        rows = [data[at : at + _ROW] for at in range(_ROW, min(len(data), _ROW * _ROWS), _ROW)]
        lines = [f"{paint(row.hex(' ').upper().ljust(3 * _ROW), 'dim')}{_printable(row)}" for row in rows]
        if event.guesses:
            could_be = text("cli.live.or").join(_guess(guess, self.words) for guess in event.guesses)
            lines.append(text("cli.live.could-be", {"guesses": could_be}))
        return "\n".join([told, *(_INDENT + line for line in lines)])

    def _field(self, field: Field) -> str:
        value = f"{field.type} {paint(field.name, 'bold')} = {self._value(field.value)}"
        wrong = f"   {self._wrong(field.problem)}" if field.problem else ""
        return f"{value}   {paint(show(field.raw), 'dim')}{wrong}"

    def _wrong(self, problem: Problem) -> str:
        return paint(f"!!! {sentence(shortened(problem), self.words)}", "red", "bold")

    def _diagnosis(self, event: live.Diagnosed) -> str:
        """All of it the first time; that it is so again, afterwards."""
        finding, words = event.finding, self.words
        place = (finding.key, finding.side)
        if place in self._explained:
            title = words.text(f"finding.{finding.key}.title")
            again = {"who": words.text(f"side.{finding.side}"), "title": title, "first": self._explained[place]}
            return paint(words.text("cli.live.again", again), "yellow")
        self._explained[place] = event.connection
        first, *more = explain(finding, event.others, words).splitlines()
        return "\n".join([paint(first, "yellow", "bold"), *(_INDENT + line for line in more)])

    def _value(self, value: Any) -> str:
        """A value as Python writes it, control characters escaped; of a long text, its beginning and its end."""
        if isinstance(value, bytes):
            return self.words.text("cli.live.size", count=len(value))
        if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
            half = _SHOWN_CHARACTERS // 2
            size = self.words.text("cli.live.characters", count=len(value))
            return f"{value[:half]!r} ... {value[-half:]!r} ({size})"
        return repr(value)

    def _way(self, sender: Side | None) -> str:
        return f"{paint(self.words.text(f'cli.live.from-{sender}'), _COLOURS[sender])}  " if sender else ""


class JsonLines:
    """Lines for a program, each an object with its `event`; sentences in them are English, whoever reads them."""

    def __init__(self, began: float) -> None:
        self.words = catalogue("en")
        self._began = began

    def event(self, event: live.LiveEvent) -> str:
        name, told = self._told(event)
        moment = datetime.fromtimestamp(self._began + event.at, UTC).isoformat(timespec="microseconds")
        head = {"event": name, "at": round(event.at, 6), "time": moment, "connection": event.connection}
        return json.dumps(head | told)

    def _told(self, event: live.LiveEvent) -> tuple[str, dict[str, Any]]:
        match event:
            case live.FieldRead(field=field):
                told = {"sender": field.side, "field": field.name, "type": field.type, **_json_value(field.value)}
                told |= _json_bytes(field.offset, field.raw)
                return "field", told | (problem_as_json(field.problem) if field.problem else {})
            case live.Opened():
                return "opened", {"client": event.client}
            case live.Bytes():
                told = {"sender": event.side, **_json_bytes(event.offset, event.data)}
                if event.guesses is not None:
                    told["guesses"] = [
                        {"kind": guess.kind, **guess.values, "sentence": _guess(guess, self.words)}
                        for guess in event.guesses
                    ]
                return "bytes", told
            case live.Diagnosed():
                others = [finding_to_json(other) for other in event.others]
                return "diagnosis", finding_to_json(event.finding) | {"others": others}
            case live.ProblemFound(problem=problem) | live.Stalled(problem=problem) | live.Elided(problem=problem):
                name = {live.ProblemFound: "problem", live.Stalled: "stall", live.Elided: "elided"}[type(event)]
                return name, {"sender": problem.where.side, **problem_as_json(problem)}
            case live.Closed():
                return event.how, {"sender": event.side} | ({"reason": event.reason} if event.reason else {})

    def note(self, event: str, text: str, values: Mapping[str, Any], **facts: Any) -> str:
        return json.dumps({"event": event, "sentence": self.words.text(text, values), **facts})

    def totals(self, totals: Totals) -> str:
        counts = asdict(totals)
        if counts.pop("judged") is False:
            counts["judged"] = False
        if not counts["missed"]:
            del counts["missed"]
        for side, size in counts.pop("bytes").items():
            counts[f"{side}_bytes"] = size
        return json.dumps({"event": "summary", **counts})

    def left_out(self, lines: int) -> str:
        return json.dumps({"event": "left out", "lines": lines})


def _printable(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)


def _guess(guess: Guess, words: Catalogue) -> str:
    if guess.kind != "format":
        return words.text(f"guess.{guess.kind}", guess.values)
    title = words.text(f"finding.{guess.values['key']}.title")
    return words.text(
        "guess.format.text" if "text" in guess.values else "guess.format", {**guess.values, "title": title}
    )


def lines_of(arguments: Namespace, began: float) -> TextLines | JsonLines:
    """Lines as the command line asks for them; `began` is in seconds since 1970."""
    return JsonLines(began) if arguments.json else TextLines(arguments.words, began)


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """Its code, its place, its values and its English sentence."""
    problem = shortened(problem)
    told = problem.to_json()
    values = {name: _plain(value) for name, value in told["values"].items()}
    return {
        "code": problem.code,
        "where": told["where"],
        "values": values,
        "sentence": sentence(problem, catalogue("en")),
    }


def _json_bytes(offset: int, data: bytes) -> dict[str, Any]:
    return {"offset": offset, "size": len(data), "bytes": data[:_JSON_BYTES].hex()}


def _json_value(value: Any) -> dict[str, Any]:
    """A value as JSON has it: a long text cut, with its length."""
    if isinstance(value, bytes):
        return {"value": f"{len(value)} bytes"}
    if isinstance(value, str) and len(value) > _JSON_CHARACTERS:
        return {"value": value[:_JSON_CHARACTERS], "characters": len(value)}
    return {"value": _plain(value)}


def _plain(value: Any) -> Any:
    """A number that is none as text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
