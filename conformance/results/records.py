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
from typing import Any, cast

from conformance.agent.events import SERVER, Event, Side
from conformance.agent.problem import Problem
from conformance.decoder import Conversation, Field
from conformance.diagnosis import Finding
from conformance.formatting import LANGUAGES, catalogue, sentence
from conformance.formatting.findings import finding_to_json
from conformance.judge import ConsoleLine, Divergence, LinePlace, ProcessResult, WireMark
from conformance.model import yaml_file
from conformance.model.cases import Case
from conformance.model.cells import Cell
from conformance.results import schema
from conformance.results.analysis import Analysis
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

_Subject = Cell | tuple[CaseGroup, Case]


class Records:
    """The results folder of one run, which the first record makes."""

    def __init__(self, root: Path) -> None:
        stamp = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
        names = itertools.chain([stamp], (f"{stamp}-{number}" for number in itertools.count(2)))
        self.folder = next(folder for name in names if not (folder := root / name).exists())

    def run(self, facts: schema.RunEntry) -> None:
        """Writes what is true of the whole run; again when more of it is known."""
        _write(self.folder / "run.json", facts)

    def add(self, record: schema.RecordEntry) -> Path:
        """Writes the record of a cell or a case, and returns the path of its file."""
        path = self.folder / f"{record['name']}.json"
        _write(path, record)
        return path


def to_record(analysis: Analysis) -> schema.RecordEntry:
    """The record of what was run."""
    return _Maker(analysis).record()


def skipped(subject: _Subject, reason: Problem) -> schema.RecordEntry:
    """The record of what could not be run, and why."""
    entry = cast(schema.ProblemEntry, {**reason.to_json(), "sentence": sentence(reason, catalogue("en"))})
    return {**_head(subject), "verdict": "skipped", "problems": [entry]}


def each_language(text: yaml_file.Text) -> schema.Text:
    """A sentence of a file in every language; the only one in all of them."""
    return {language: text.in_language(language) for language in LANGUAGES}


def _head(subject: _Subject) -> schema.RecordEntry:
    """What is known without running it; the rest is empty."""
    case: Case | None = None
    server: str | None
    clients: str | None
    network: str | None
    if isinstance(subject, Cell):
        name, protocol, network = subject.name, subject.protocol, subject.network_name
        server, clients = subject.server.name, subject.mixture
    else:
        group, case = subject
        name, protocol, network = f"{group.name}/{case.name}", group.protocol, None
        program = group.program
        server, clients = (program.name, None) if program.role == SERVER else (None, program.name)
    return {
        "version": schema.VERSION,
        "kind": "cell" if case is None else "case",
        "name": name,
        "protocol": protocol.protocol,
        "server": server,
        "clients": clients,
        "network": network,
        "case": None if case is None else _case(case),
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


def _case(case: Case) -> schema.CaseEntry:
    non_strict = None if case.non_strict is None else each_language(case.non_strict)
    return {"name": case.name, "about": each_language(case.about), "non_strict": non_strict}


class _Maker:
    """Makes one record: its times begin with the cell, its sentences have their connection where there are several."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._divergence = analysis.divergence
        self._mark = self._divergence.wire if self._divergence else None
        self._wire = _Wire(analysis.recording.events, self._mark, self._at)
        self._numbered = len(analysis.conversations) > 1

    def record(self) -> schema.RecordEntry:
        analysis, found = self._analysis, self._divergence
        marked = [
            n for n, one in enumerate(analysis.conversations) if self._mark and one.number == self._mark.connection
        ]
        return {
            **_head(analysis.subject),
            "verdict": "passed" if analysis.passed else "failed",
            "problems": self._problems(analysis.problems),
            "non_strict": None if analysis.non_strict is None else self._problem(analysis.non_strict),
            "diagnosis": [self._finding(finding) for finding in analysis.findings],
            "divergence": None if found is None else self._found(found),
            "began": _date(analysis.began),
            "seconds": round(analysis.seconds, 3),
            "phases": {name: round(seconds, 3) for name, seconds in analysis.phases.items()},
            "programs": [self._program(number, result) for number, result in enumerate(analysis.results)],
            "wire": self._wire.entries,
            "conversations": _bounded(analysis.conversations, "conversations", self._conversation, marked),
        }

    def _found(self, found: Divergence) -> schema.DivergenceEntry:
        return {
            "at": self._at(found.at),
            "wire": None if found.wire is None else _wire_mark(found.wire),
            "lines": [{"program": mark.program, "line": mark.line, "expected": mark.expected} for mark in found.lines],
        }

    def _at(self, moment: float) -> float:
        return round(moment - self._analysis.began, 6)

    def _problems(self, problems: Sequence[Problem]) -> list[schema.ProblemEntry | schema.LeftOut]:
        return _bounded(problems, "problems", self._problem)

    def _problem(self, problem: Problem) -> schema.ProblemEntry:
        at = None if problem.at is None else self._at(problem.at)
        values = {name: _value(value) if isinstance(value, float) else value for name, value in problem.values.items()}
        entry = replace(problem, at=at, values=values).to_json()
        entry["sentence"] = sentence(problem, catalogue("en"), connection=self._numbered)
        return cast(schema.ProblemEntry, entry)

    def _finding(self, finding: Finding) -> dict[str, Any]:
        waiting = tuple(replace(one, since=self._at(one.since)) for one in finding.waiting)
        return dict(finding_to_json(replace(finding, waiting=waiting)))

    def _program(self, number: int, result: ProcessResult) -> schema.ProgramEntry:
        correlated = self._analysis.correlated
        places = correlated[number] if correlated else {}

        def entry(numbered: tuple[int, ConsoleLine]) -> schema.LineEntry:
            place, line = numbered
            made: schema.LineEntry = {
                "at": self._at(line.at),
                "stream": line.stream,
                "text": line.text[:_TEXT],
                "whole": line.whole,
            }
            if len(line.text) > _TEXT:
                made["characters"] = len(line.text)
            if place in places:
                made["of"] = _place(places[place])
            return made

        marks = [mark.line for mark in (self._divergence.lines if self._divergence else ()) if mark.program == number]
        lines = list(enumerate(result.lines))
        return {
            "role": result.program.role,
            "name": result.program.name,
            "member": result.member,
            "port": result.port,
            "command": list(result.program.entry.command),
            "status": result.status,
            "problem": None if result.problem is None else self._problem(result.problem),
            "console": _bounded(lines, "console", entry, marks, lists=len(self._analysis.results)),
        }

    def _conversation(self, one: Conversation) -> schema.ConversationEntry:
        def entry(field: Field) -> schema.FieldEntry:
            return {
                "at": self._at(field.came),
                "side": field.side,
                "field": field.name,
                "type": field.type,
                "value": _value(field.value),
                "offset": field.offset,
                "size": len(field.raw),
                "bytes": field.raw[:_BYTES].hex(),
            }

        mark = self._mark
        at = (mark.side, mark.offset) if mark and mark.connection == one.number else None
        marks = [place for place, field in enumerate(one.fields) if at == (field.side, field.offset)] if at else []
        has = None if self._wire.whole else lambda field: self._wire.has(one.number, field)
        count = len(self._analysis.conversations)
        return {
            "connection": one.number,
            "fields": _bounded(one.fields, "fields", entry, marks, lists=count, has=has),
            "problems": self._problems(one.problems),
        }


class _Wire:
    """The events that are kept, and which bytes are in them. An event has the offset of its first byte on its side."""

    def __init__(self, events: Sequence[Event], mark: WireMark | None, at: Callable[[float], float]) -> None:
        offsets: list[int] = []
        self._sizes: dict[tuple[int, Side, str], int] = {}
        marks: list[int] = []
        for number, event in enumerate(events):
            key = event.connection, event.sender, event.kind
            offset = self._sizes.get(key, 0)
            offsets.append(offset)
            end = self._sizes[key] = offset + len(event.data) + event.size
            if mark and key == (mark.connection, mark.side, "received") and offset <= mark.offset < end:
                marks.append(number)
        chosen = _chosen(len(events), LIMITS["wire"], marks)
        self.whole = len(chosen) == len(events)
        self._spans: dict[tuple[int, Side, str], tuple[list[int], list[int]]] = {}
        room = max(_BYTES, _DATA // max(1, sum(len(events[number].data) > _BYTES for number in chosen)))

        def entry(number: int) -> schema.EventEntry:
            event, offset = events[number], offsets[number]
            plain = event._replace(at=at(event.at)).to_json()
            if event.kind in ("received", "sent"):
                plain["offset"] = offset
                self._keep((event.connection, event.sender, event.kind), offset, len(event.data) + event.size)
                if len(event.data) > room:
                    plain["data"], plain["size"] = event.data[:room].hex(), event.size + len(event.data) - room
            return cast(schema.EventEntry, plain)

        self.entries: list[schema.EventEntry | schema.LeftOut] = _with_gaps(chosen, len(events), entry)

    def has(self, connection: int, field: Field) -> bool:
        """Whether all pieces are kept in which the field's bytes came, and those in which they went on."""
        if not self._within((connection, field.side, "received"), field):
            return False
        went = connection, field.side, "sent"
        return self._within(went, field) or self._sizes.get(went, 0) < field.end

    def _keep(self, key: tuple[int, Side, str], start: int, size: int) -> None:
        starts, ends = self._spans.setdefault(key, ([], []))
        if ends and ends[-1] == start:
            ends[-1] = start + size
        else:
            starts.append(start)
            ends.append(start + size)

    def _within(self, key: tuple[int, Side, str], field: Field) -> bool:
        starts, ends = self._spans.get(key, ([], []))
        place = bisect_right(starts, field.offset) - 1
        return place >= 0 and field.end <= ends[place]


def _wire_mark(mark: WireMark) -> schema.WireMarkEntry:
    """Of long bytes those around the first that differs."""
    start = mark.differs - _MARKED_BEFORE if mark.differs > _MARKED_BYTES - _MARKED_BEFORE else 0
    shown = slice(start, start + _MARKED_BYTES)
    right = (mark.expected_raw or b"")[shown].hex()
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
        "expected": None if mark.expected is None else {"value": _value(mark.expected), "bytes": right},
    }


def _place(place: LinePlace) -> schema.PlaceEntry:
    if place.side is None or place.offset is None:
        return {"connection": place.connection}
    return {"connection": place.connection, "side": place.side, "offset": place.offset}


def _value(value: Any) -> Any:
    """The value in JSON, which knows neither NaN nor infinities; bytes stand beside it as they are."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str) and len(value) > _TEXT:
        return f"{value[: _TEXT // 2]} … ({len(value)} characters) … {value[-_TEXT // 4 :]}"
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


# How much of it ------------------------------------------------------------------------------------------------------


def _bounded(
    entries: Sequence[Any],
    name: str,
    entry: Callable[[Any], Any],
    marks: Iterable[int] = (),
    *,
    lists: int = 1,
    has: Callable[[Any], bool] | None = None,
) -> list[Any]:
    """The entries that are kept, in JSON, with gaps between: of those that `has` holds for, where it is given."""
    limit = max(_FEW, LIMITS[name] // max(1, lists))
    possible = range(len(entries)) if has is None else [n for n, one in enumerate(entries) if has(one)]
    near = [place for mark in marks if (place := bisect_right(possible, mark) - 1) >= 0]
    chosen = [possible[place] for place in _chosen(len(possible), limit, near)]
    return _with_gaps(chosen, len(entries), lambda number: entry(entries[number]))


def _chosen(count: int, limit: int, marks: Iterable[int]) -> Sequence[int]:
    """The places that are kept of so many: all, or the first, the last and those around the marks."""
    if count <= limit:
        return range(count)
    kept = {*range(limit // 2), *range(count - limit // 4, count)}
    for mark in itertools.islice(marks, max(1, limit // 4 // (2 * _AROUND + 1))):
        kept.update(range(max(0, mark - _AROUND), min(count, mark + _AROUND + 1)))
    return sorted(kept)


def _with_gaps(chosen: Sequence[int], count: int, entry: Callable[[int], Any]) -> list[Any]:
    made: list[Any] = []
    due = 0
    for number in (*chosen, count):
        if number > due:
            made.append({"left_out": number - due})
        if number < count:
            made.append(entry(number))
        due = number + 1
    return made


# The file ------------------------------------------------------------------------------------------------------------


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lone surrogate, legal in modified UTF-8, has no UTF-8: it becomes the escape that JSON has for it.
    path.write_text(_text(content, "\n") + "\n", "utf-8", "backslashreplace")


def _text(value: Any, line: str) -> str:
    """JSON for people, too: an object without others in it, or a short one, stands on one line."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
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
