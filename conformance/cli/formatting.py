"""How what was seen is told: as a line for a student, or as a line of JSON for a program."""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime
from typing import Any, Protocol

from conformance.agent.events import CLIENT, Side
from conformance.agent.hexdump import show
from conformance.diagnosis import explain, to_json
from conformance.observe.live_events import (
    Bytes,
    Closing,
    Elided,
    Field,
    Mistake,
    Opened,
    Problem,
    Refused,
    Seen,
    Stall,
)
from conformance.observe.terminal import Colour, Paint

__all__ = ["LEFT_OUT_JSON", "LEFT_OUT_TEXT", "JsonTeller", "Teller", "TextTeller", "Totals"]

LEFT_OUT_TEXT = "... {lines} lines left out here: they came faster than they could be shown ..."
LEFT_OUT_JSON = '{{"event": "left out", "lines": {lines}}}'

_INDENT = " " * 20  # under what a line says, behind its time and its connection
_SHOWN_CHARACTERS = 80
_TOLD_CHARACTERS = 1000
_TOLD_BYTES = 1024
_COLOURS: dict[Side, Colour] = {"client": "cyan", "server": "green"}


class Totals:
    """What it all came to."""

    def __init__(self) -> None:
        self.connections = 0
        self.fields = 0
        self.problems = 0
        self.bytes: dict[Side, int] = {"client": 0, "server": 0}

    def add(self, seen: Seen) -> None:
        """Counts one more thing."""
        match seen:
            case Opened():
                self.connections += 1
            case Field(problem=problem):
                self.fields += 1
                self.problems += problem is not None
            case Problem() | Refused():
                self.problems += 1


class Teller(Protocol):
    """Makes a line of what was seen."""

    def seen(self, seen: Seen) -> str: ...

    def note(self, sentence: str, *, event: str, **facts: Any) -> str: ...

    def totals(self, totals: Totals, still_open: int) -> str: ...


class TextTeller:
    """Lines for a person: when, which connection, who to whom, what."""

    def __init__(self, paint: Paint, began: float) -> None:
        self._paint = paint
        self._began = began
        self._second = -1
        self._second_shown = ""
        self._explained: dict[tuple[str, Side], int] = {}

    def seen(self, seen: Seen) -> str:
        """The line for it."""
        paint = self._paint
        head = f"{paint(self._time(seen.at), 'dim')}  #{seen.connection:<3} "
        match seen:
            case Field():
                value = f"{seen.type} {paint(seen.name, 'bold')} = {_shortened(seen.value)}"
                raw = paint(show(seen.raw), "dim")
                wrong = paint(f"   !!! {seen.problem}", "red", "bold") if seen.problem else ""
                return f"{head}{self._way(seen.sender)}  {value}   {raw}{wrong}"
            case Opened():
                return f"{head}{paint(f'opened by {seen.client}', 'bold')}"
            case Refused():
                return f"{head}{paint(f'!!! the server could not be reached: {seen.why}', 'red', 'bold')}"
            case Bytes():
                return f"{head}{self._way(seen.sender)}  bytes {show(seen.data)}   {_as_text(seen.data)}"
            case Problem():
                return f"{head}{self._way(seen.sender)}  {paint(f'!!! {seen.sentence}', 'red', 'bold')}"
            case Mistake():
                return f"{head}{self._mistake(seen)}"
            case Stall() | Elided():
                return f"{head}{self._way(seen.sender)}  {paint(f'... {seen.sentence}', 'yellow')}"
            case Closing(how="end"):
                return f"{head}the {seen.sender} ends its stream"
            case Closing():
                what = f"the {seen.sender} resets the connection: it died, or closed with bytes unread ({seen.why})"
                return f"{head}{paint(what, 'yellow')}"

    def note(self, sentence: str, *, event: str, **facts: Any) -> str:
        """The sentence."""
        return sentence

    def totals(self, totals: Totals, still_open: int) -> str:
        """The summary."""
        parts = [
            _many(totals.connections, "connection") + (f" ({still_open} still open)" if still_open else ""),
            _many(totals.fields, "field"),
            f"{_many(totals.bytes['client'], 'byte')} from clients",
            f"{_many(totals.bytes['server'], 'byte')} from the server",
        ]
        problems = self._paint(_many(totals.problems, "problem"), "red" if totals.problems else "green", "bold")
        return f"{', '.join(parts)}; {problems if totals.problems else self._paint('no problems', 'green', 'bold')}"

    def _mistake(self, seen: Mistake) -> str:
        """All of it the first time; that it is made again, afterwards."""
        finding = seen.finding
        place = (finding.key, finding.side)
        if place in self._explained:
            same = f"the {finding.side}: {finding.mistake.title} again, as in #{self._explained[place]}"
            return self._paint(same, "yellow")
        self._explained[place] = seen.connection
        first, *more = explain(finding, seen.others).splitlines()
        return "\n".join(
            [self._paint(f"{first[0].lower()}{first[1:]}", "yellow", "bold"), *(_INDENT + line for line in more)]
        )

    def _way(self, sender: Side) -> str:
        return self._paint("client -> server" if sender == CLIENT else "server -> client", _COLOURS[sender])

    def _time(self, at: float) -> str:
        seconds, millis = divmod(int((self._began + at) * 1000), 1000)
        if seconds != self._second:
            self._second, self._second_shown = seconds, time.strftime("%H:%M:%S", time.localtime(seconds))
        return f"{self._second_shown}.{millis:03d}"


class JsonTeller:
    """Lines for a program, each an object with its `event`."""

    def __init__(self, began: float) -> None:
        self._began = began

    def seen(self, seen: Seen) -> str:
        """The line for it."""
        moment = datetime.fromtimestamp(self._began + seen.at, UTC).isoformat(timespec="microseconds")
        head: dict[str, Any] = {"at": round(seen.at, 6), "time": moment, "connection": seen.connection}
        match seen:
            case Field():
                told = {"sender": seen.sender, "field": seen.name, "type": seen.type, **_value(seen.value)}
                told |= {"offset": seen.offset, "size": len(seen.raw), "bytes": seen.raw[:_TOLD_BYTES].hex()}
                return _line("field", head, told | ({"problem": seen.problem} if seen.problem else {}))
            case Opened():
                return _line("opened", head, {"client": seen.client})
            case Refused():
                return _line("refused", head, {"problem": seen.why})
            case Bytes():
                told = {"sender": seen.sender, "offset": seen.offset, "size": len(seen.data)}
                return _line("bytes", head, told | {"bytes": seen.data[:_TOLD_BYTES].hex()})
            case Problem():
                return _line("problem", head, {"sender": seen.sender, "problem": seen.sentence})
            case Mistake():
                return _line(
                    "mistake", head, to_json(seen.finding) | {"others": [to_json(other) for other in seen.others]}
                )
            case Stall():
                return _line("stall", head, {"sender": seen.sender, "sentence": seen.sentence})
            case Elided():
                return _line("elided", head, {"sender": seen.sender, "sentence": seen.sentence})
            case Closing():
                return _line(seen.how, head, {"sender": seen.sender} | ({"why": seen.why} if seen.why else {}))

    def note(self, sentence: str, *, event: str, **facts: Any) -> str:
        """The sentence, and what a program wants to know of it."""
        return json.dumps({"event": event, "sentence": sentence, **facts})

    def totals(self, totals: Totals, still_open: int) -> str:
        """The summary."""
        return json.dumps(
            {
                "event": "summary",
                "connections": totals.connections,
                "open": still_open,
                "fields": totals.fields,
                "client_bytes": totals.bytes["client"],
                "server_bytes": totals.bytes["server"],
                "problems": totals.problems,
            }
        )


def _line(event: str, head: dict[str, Any], told: dict[str, Any]) -> str:
    return json.dumps({"event": event, **head, **told})


def _value(value: Any) -> dict[str, Any]:
    """A value as JSON has it: a number that is none as text, a long text cut, with its length."""
    if isinstance(value, bytes):
        return {"value": f"{len(value)} bytes"}
    if isinstance(value, float) and not math.isfinite(value):
        return {"value": str(value)}
    if isinstance(value, str) and len(value) > _TOLD_CHARACTERS:
        return {"value": value[:_TOLD_CHARACTERS], "characters": len(value)}
    return {"value": value}


def _shortened(value: Any) -> str:
    """A value as Python writes it, control characters escaped; of a long text, its beginning and its end."""
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        half = _SHOWN_CHARACTERS // 2
        return f"{value[:half]!r} ... {value[-half:]!r} ({len(value)} characters)"
    return f"{len(value):,} bytes" if isinstance(value, bytes) else repr(value)


def _as_text(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data[:16])


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
