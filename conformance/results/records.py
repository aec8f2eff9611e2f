"""Writes what a run leaves behind: a JSON file for each cell and each case, and one for the run.

A record has a bound, so that a session of a million rounds leaves some megabytes: of each long list the beginning, the
end and what is around the divergence are kept, and `{"left_out": n}` stands for the rest.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from conformance.agent.events import SERVER, Event, Side
from conformance.agent.problem import Problem
from conformance.decoder import Conversation, Field
from conformance.formatting import LANGUAGES, catalogue, sentence
from conformance.formatting.findings import finding_to_json
from conformance.judge import ProcessResult
from conformance.judge.correlation import LinePlace
from conformance.judge.divergence import Divergence, WireMark
from conformance.model.cases import Case
from conformance.model.cases import Text as FileText
from conformance.model.cells import Cell
from conformance.results.analysis import Analysis
from conformance.results.schema import (
    VERSION,
    ConversationEntry,
    DivergenceEntry,
    EventEntry,
    FieldEntry,
    LeftOut,
    LineEntry,
    PlaceEntry,
    ProblemEntry,
    ProgramEntry,
    RecordEntry,
    RunEntry,
    Text,
    WireMarkEntry,
)
from conformance.runner.case_run import CaseGroup

__all__ = ["LIMITS", "Records", "each_language", "skipped", "to_record"]

LIMITS: Mapping[str, int] = {"wire": 6000, "fields": 4000, "console": 4000, "conversations": 1000, "problems": 40}
"""How many entries of each list of a record are kept; `fields` and `console` are of all connections and programs."""
_DATA = 1 << 19  # bytes of the wire, of one record
_AROUND = 100  # entries that are kept on both sides of what is marked
_FEW = 20  # of each list, however many lists there are
_TEXT = 2000  # characters of a value or a line
_BYTES = 256  # of a field
_MARKED_BYTES, _MARKED_BEFORE = 24, 8
_WIDTH = 160  # characters of an object that stands on one line
_ROUNDED = 6  # digits of a time: microseconds

_Entry = TypeVar("_Entry")
_Subject = Cell | tuple[CaseGroup, Case]


class Records:
    """The results folder of one run, which the first record makes."""

    def __init__(self, root: Path) -> None:
        stamp = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
        names = itertools.chain([stamp], (f"{stamp}-{number}" for number in itertools.count(2)))
        self.folder = next(folder for name in names if not (folder := root / name).exists())

    def run(self, facts: RunEntry) -> None:
        """Writes what is true of the whole run; again when more of it is known."""
        _write(self.folder / "run.json", facts)

    def add(self, record: RecordEntry) -> Path:
        """Writes the record of a cell or a case, and returns the path of its file."""
        path = self.folder / f"{record['name']}.json"
        _write(path, record)
        return path


def skipped(subject: _Subject, reason: Problem) -> RecordEntry:
    """The record of what could not be run, and why."""
    return {**_head(subject), "verdict": "skipped", "problems": [_problem(reason, 0.0, numbered=False)]}


def to_record(analysis: Analysis) -> RecordEntry:
    """The record of what was run."""
    began, divergence, conversations = analysis.began, analysis.divergence, analysis.conversations
    numbered = len(conversations) > 1

    def problem(found: Problem) -> ProblemEntry:
        return _problem(found, began, numbered=numbered)

    wire, kept = _wire(analysis.recording.events, divergence, began)
    room = max(_FEW, LIMITS["fields"] // max(1, len(conversations)))
    lines = max(_FEW, LIMITS["console"] // max(1, len(analysis.results)))
    mark = None if divergence is None else divergence.wire
    marked = [number for number, one in enumerate(conversations) if mark and one.number == mark.connection]
    return {
        **_head(analysis.subject),
        "verdict": "passed" if analysis.passed else "failed",
        "problems": _bounded(analysis.problems, LIMITS["problems"], problem),
        "non_strict": None if analysis.non_strict is None else problem(analysis.non_strict),
        "diagnosis": [_finding(finding, began) for finding in analysis.findings],
        "divergence": None if divergence is None else _divergence(divergence, began),
        "began": _date(began),
        "seconds": round(analysis.seconds, 3),
        "phases": {name: round(seconds, 3) for name, seconds in analysis.phases.items()},
        "programs": [
            _program(number, result, places, divergence, lines, began, problem)
            for number, (result, places) in enumerate(
                itertools.zip_longest(analysis.results, analysis.correlated, fillvalue=cast(Any, {}))
            )
        ],
        "wire": wire,
        "conversations": _bounded(
            conversations,
            LIMITS["conversations"],
            lambda one: _conversation(one, kept, mark, room, began, problem),
            marked,
        ),
    }


def _head(subject: _Subject) -> RecordEntry:
    """What is known without running it; the rest is empty."""
    record: RecordEntry = {
        "version": VERSION,
        "kind": "cell",
        "name": "",
        "protocol": "",
        "server": None,
        "clients": None,
        "network": None,
        "case": None,
        "verdict": "passed",
        "problems": [],
        "non_strict": None,
        "diagnosis": [],
        "divergence": None,
        "began": None,
        "seconds": None,
        "phases": {},
        "programs": [],
        "wire": [],
        "conversations": [],
    }
    if isinstance(subject, Cell):
        record["name"], record["protocol"] = subject.name, subject.protocol.protocol
        record["server"], record["clients"] = subject.server.name, subject.mixture
        record["network"] = subject.network_name
        return record
    group, case = subject
    record["kind"], record["name"], record["protocol"] = "case", f"{group.name}/{case.name}", group.protocol.protocol
    record["server" if group.program.role == SERVER else "clients"] = group.program.name
    non_strict = None if case.non_strict is None else each_language(case.non_strict)
    record["case"] = {"name": case.name, "about": each_language(case.about), "non_strict": non_strict}
    return record


def each_language(text: str) -> Text:
    """A sentence of a file in every language; the only one in all of them."""
    return {language: text.in_language(language) if isinstance(text, FileText) else text for language in LANGUAGES}


# The parts of a record -----------------------------------------------------------------------------------------------


def _problem(problem: Problem, began: float, *, numbered: bool) -> ProblemEntry:
    told = problem if problem.at is None else replace(problem, at=round(problem.at - began, _ROUNDED))
    values = {name: _value(value) if isinstance(value, float) else value for name, value in told.values.items()}
    return {
        **replace(told, values=values).to_json(),  # type: ignore[typeddict-item]
        "sentence": sentence(problem, catalogue("en"), connection=numbered),
    }


def _finding(finding: Any, began: float) -> dict[str, Any]:
    entry: dict[str, Any] = finding_to_json(finding)
    for waiting in entry["waiting"]:
        waiting["since"] = round(waiting["since"] - began, _ROUNDED)
    return entry


def _program(
    number: int,
    result: ProcessResult,
    places: Mapping[int, LinePlace],
    divergence: Divergence | None,
    limit: int,
    began: float,
    problem: Callable[[Problem], ProblemEntry],
) -> ProgramEntry:
    def entry(numbered: tuple[int, Any]) -> LineEntry:
        place, line = numbered
        made: LineEntry = {
            "at": round(line.at - began, _ROUNDED),
            "stream": line.stream,
            "text": line.text[:_TEXT],
            "whole": line.whole,
        }
        if len(line.text) > _TEXT:
            made["characters"] = len(line.text)
        if place in places:
            made["of"] = _place(places[place])
        return made

    marks = [mark.line for mark in (divergence.lines if divergence else ()) if mark.program == number]
    return {
        "role": result.program.role,
        "name": result.program.name,
        "member": result.member,
        "port": result.port,
        "command": list(result.program.entry.command),
        "status": result.status,
        "problem": None if result.problem is None else problem(result.problem),
        "console": _bounded(list(enumerate(result.lines)), limit, entry, marks),
    }


def _place(place: LinePlace) -> PlaceEntry:
    if place.side is None or place.offset is None:
        return {"connection": place.connection}
    return {"connection": place.connection, "side": place.side, "offset": place.offset}


def _conversation(
    conversation: Conversation,
    kept: Callable[[int, Side, int, int], bool],
    mark: WireMark | None,
    limit: int,
    began: float,
    problem: Callable[[Problem], ProblemEntry],
) -> ConversationEntry:
    number = conversation.number

    def entry(seen: Field) -> FieldEntry:
        return {
            "at": round(seen.came - began, _ROUNDED),
            "side": seen.side,
            "field": seen.name,
            "type": seen.type,
            "value": _value(seen.value),
            "offset": seen.offset,
            "size": len(seen.raw),
            "bytes": seen.raw[:_BYTES].hex(),
        }

    marked = [
        place
        for place, seen in enumerate(conversation.fields)
        if mark and (mark.connection, mark.side, mark.offset) == (number, seen.side, seen.offset)
    ]
    return {
        "connection": number,
        "fields": _bounded(
            conversation.fields,
            limit,
            entry,
            marked,
            lambda seen: kept(number, seen.side, seen.offset, seen.end),
        ),
        "problems": _bounded(conversation.problems, LIMITS["problems"], problem),
    }


def _divergence(found: Divergence, began: float) -> DivergenceEntry:
    return {
        "at": round(found.at - began, _ROUNDED),
        "wire": None if found.wire is None else _wire_mark(found.wire),
        "lines": [{"program": mark.program, "line": mark.line, "expected": mark.expected} for mark in found.lines],
    }


def _wire_mark(mark: WireMark) -> WireMarkEntry:
    """Of long bytes those around the first that differs."""
    start = mark.differs - _MARKED_BEFORE if mark.differs > _MARKED_BYTES - _MARKED_BEFORE else 0
    shown = slice(start, start + _MARKED_BYTES)
    return {
        "connection": mark.connection,
        "side": mark.side,
        "offset": mark.offset,
        "size": len(mark.raw),
        "field": mark.field,
        "type": mark.type,
        "value": _value(mark.value),
        "bytes": mark.raw[shown].hex(),
        "skipped": start,
        "expected": None
        if mark.expected is None
        else {"value": _value(mark.expected), "bytes": (mark.expected_raw or b"")[shown].hex()},
    }


def _value(value: Any) -> Any:
    """The value in JSON, which knows neither NaN nor infinities; bytes stand beside it as they are."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str) and len(value) > _TEXT:
        return f"{value[: _TEXT // 2]} … ({len(value)} characters) … {value[-_TEXT // 4 :]}"
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


# The wire, and how much of it ----------------------------------------------------------------------------------------


def _wire(
    events: Sequence[Event], divergence: Divergence | None, began: float
) -> tuple[list[EventEntry | LeftOut], Callable[[int, Side, int, int], bool]]:
    """The events that are kept; and whether bytes are in them: of a connection and a side, from offset to offset."""
    places: list[int] = []
    so_far: dict[tuple[int, Side, str], int] = {}
    mark = None if divergence is None else divergence.wire
    marks: list[int] = []
    for number, event in enumerate(events):
        key = (event.connection, event.sender, event.kind)
        offset = so_far.get(key, 0)
        places.append(offset)
        if event.kind in ("received", "sent"):
            so_far[key] = end = offset + len(event.data) + event.size
            if mark and key[:2] == (mark.connection, mark.side) and offset <= mark.offset < end:
                marks.append(number)
    chosen = _chosen(len(events), LIMITS["wire"], marks)
    room = max(_BYTES, _DATA // max(1, sum(len(events[number].data) > _BYTES for number in chosen)))
    spans: dict[tuple[int, Side, str], tuple[list[int], list[int]]] = {}

    def entry(number: int) -> EventEntry:
        event, offset = events[number].shifted(-began), places[number]
        plain = event.to_json()
        if event.kind in ("received", "sent"):
            starts, ends = spans.setdefault((event.connection, event.sender, event.kind), ([], []))
            end = offset + len(event.data) + event.size
            if ends and ends[-1] == offset:
                ends[-1] = end
            else:
                starts.append(offset)
                ends.append(end)
            if len(event.data) > room:
                plain["data"], plain["size"] = event.data[:room].hex(), event.size + len(event.data) - room
            plain["offset"] = offset
        return cast(EventEntry, plain)

    wire = _with_gaps(chosen, len(events), entry)

    def kept(connection: int, side: Side, start: int, end: int) -> bool:
        """Whether the pieces that these bytes came and went in are kept."""

        def within(kind: str) -> bool:
            starts, ends = spans.get((connection, side, kind), ([], []))
            place = bisect_right(starts, start) - 1
            return place >= 0 and end <= ends[place]

        return within("received") and (within("sent") or so_far.get((connection, side, "sent"), 0) < end)

    return wire, kept


def _bounded(
    entries: Sequence[_Entry],
    limit: int,
    entry: Callable[[_Entry], Any],
    marks: Iterable[int] = (),
    kept: Callable[[_Entry], bool] | None = None,
) -> list[Any]:
    """The entries in JSON: all, or the first, the last and those around the marks, with gaps between."""
    if len(entries) <= limit and kept is None:
        return [entry(one) for one in entries]
    chosen = [number for number in range(len(entries)) if kept is None or kept(entries[number])]
    places = {number: place for place, number in enumerate(chosen)}
    within = _chosen(len(chosen), limit, [places[mark] for mark in marks if mark in places])
    return _with_gaps([chosen[place] for place in within], len(entries), lambda number: entry(entries[number]))


def _chosen(count: int, limit: int, marks: Iterable[int]) -> Sequence[int]:
    """The places that are kept of so many."""
    if count <= limit:
        return range(count)
    kept = {*range(limit // 2), *range(count - limit // 4, count)}
    for mark in itertools.islice(marks, max(1, limit // 4 // (2 * _AROUND + 1))):
        kept.update(range(max(0, mark - _AROUND), min(count, mark + _AROUND + 1)))
    return sorted(kept)


def _with_gaps(chosen: Sequence[int], count: int, entry: Callable[[int], Any]) -> list[Any]:
    made: list[Any] = []
    next_one = 0
    for number in (*chosen, count):
        if number > next_one:
            made.append({"left_out": number - next_one})
        if number < count:
            made.append(entry(number))
        next_one = number + 1
    return made


# The file ------------------------------------------------------------------------------------------------------------


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lone surrogate, legal in modified UTF-8, has no UTF-8: it becomes the escape that JSON has for it.
    path.write_text(_text(content, "\n") + "\n", "utf-8", "backslashreplace")


def _text(value: Any, line: str) -> str:
    """JSON for people, too: what is short or has no parts stands on a line of its own."""
    if not (isinstance(value, dict | list) and value):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    parts = value.values() if isinstance(value, dict) else value
    nested = any(isinstance(part, dict | list) and part for part in parts)
    if not nested or line != "\n":
        whole = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if not nested or len(whole) <= _WIDTH:
            return whole
    deeper = line + " "
    if isinstance(value, dict):
        inner = (f"{json.dumps(key, ensure_ascii=False)}: {_text(part, deeper)}" for key, part in value.items())
        return f"{{{deeper}{f',{deeper}'.join(inner)}{line}}}"
    return f"[{deeper}{f',{deeper}'.join(_text(part, deeper) for part in value)}{line}]"


def _date(moment: float) -> str:
    """The date of a moment that was taken on the monotonic clock."""
    return datetime.fromtimestamp(time.time() - time.monotonic() + moment, UTC).isoformat(timespec="microseconds")
