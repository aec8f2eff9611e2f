"""Writes what a run leaves behind: a JSON file for each cell and each case, and one for the run.

A record is bounded, so that a session of a million rounds leaves some megabytes: see `bounded`.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from conformance.agent.events import SERVER
from conformance.agent.problem import Problem
from conformance.decoder import Conversation, Field
from conformance.diagnosis import Finding
from conformance.formatting import LANGUAGES, catalogue, sentence
from conformance.formatting.findings import finding_to_json
from conformance.judge import ProcessResult, WireMark
from conformance.model import yaml_file
from conformance.model.cells import Cell
from conformance.model.files import write_whole
from conformance.results.analysis import Analysis, Subject
from conformance.results.reading import VERSION
from conformance.runner.cell_run import CellResult

__all__ = ["LIMITS", "Records", "bounded", "each_language", "skipped", "to_record"]

LIMITS: Mapping[str, int] = {"wire": 6000, "fields": 4000, "console": 4000, "conversations": 1000, "problems": 40}
"""How many entries of each list of a record are kept; `fields` and `console` are of all connections and programs."""
_DATA = 1 << 19  # bytes of the wire, of one record
_AROUND = 100  # entries that are kept on both sides of what is marked
_FEW = 20  # of each list, however many lists there are
_TEXT = 2000  # characters of a value or a line
_BYTES = 256  # of a field
_MARKED_BYTES, _MARKED_BEFORE = 24, 8
_T = TypeVar("_T")


class Records:
    """The results folder of one run in `root`, which is made when it is first needed, and is no other run's."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stamp = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")

    @cached_property
    def folder(self) -> Path:
        """The folder, made. OSError where it cannot be."""
        for number in itertools.count(1):
            folder = self._root / (self._stamp if number == 1 else f"{self._stamp}-{number}")
            with suppress(FileExistsError):  # another run that began in the same second
                folder.mkdir(parents=True)
                break
        return folder

    def write(self, content: Mapping[str, Any]) -> Path:
        """Writes a record, or what is true of the whole run, which has no name; returns the path of the file.

        OSError where it cannot be; then there is none.
        """
        path = self.folder / f"{content.get('name', 'run')}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
        # A lone surrogate, legal in modified UTF-8, has no UTF-8: it becomes the escape that JSON has for it.
        write_whole(path, (text + "\n").encode("utf-8", "backslashreplace"))
        return path


def to_record(analysis: Analysis) -> dict[str, Any]:
    """The record of what was run."""
    return _Maker(analysis).record()


def skipped(subject: Subject, reason: Problem) -> dict[str, Any]:
    """The record of what could not be run, and why."""
    problem = {**reason.to_json(), "sentence": sentence(reason, catalogue("en"))}
    return {**_head(subject), "verdict": "skipped", "problems": [problem]}


def each_language(text: yaml_file.Text) -> dict[str, str]:
    """A sentence of a file in every language; the only one in all of them."""
    return {language: text.in_language(language) for language in LANGUAGES}


def bounded(items: Sequence[_T], limit: int, entry: Callable[[_T], Any], marks: Iterable[int] = ()) -> list[Any]:
    """The entry of each of the items that are kept; `{"left_out": n}` stands for n that are not.

    Of more than `limit`, the first half of it, the last quarter and those around the marked indexes are kept.
    """
    count = len(items)
    if count <= limit:
        return list(map(entry, items))
    kept = {*range(limit // 2), *range(count - limit // 4, count)}
    for mark in itertools.islice(marks, max(1, limit // 4 // (2 * _AROUND + 1))):
        kept.update(range(max(0, mark - _AROUND), min(count, mark + _AROUND + 1)))
    made: list[Any] = []
    for stays, run in itertools.groupby(range(count), kept.__contains__):
        numbers = list(run)
        made += (entry(items[number]) for number in numbers) if stays else [{"left_out": len(numbers)}]
    return made


def _head(subject: Subject) -> dict[str, Any]:
    """All keys, and what is known without running it; the rest is empty."""
    keys = (
        "version kind name protocol server clients network case verdict wire_only culprit problems non_strict diagnosis"
    )
    lists = ("problems", "diagnosis", "programs", "wire", "conversations")
    head: dict[str, Any] = dict.fromkeys(f"{keys} divergence began seconds phases programs wire conversations".split())
    head |= {"version": VERSION, "wire_only": False, "phases": {}, **{key: [] for key in lists}}
    if isinstance(subject, Cell):
        head |= {"kind": "cell", "name": subject.name, "protocol": subject.protocol.protocol}
        return head | {"server": subject.server.name, "clients": subject.mixture, "network": subject.network_name}
    group, case = subject
    side = "server" if group.program.role == SERVER else "clients"
    non_strict = None if case.non_strict is None else each_language(case.non_strict)
    about = {"name": case.name, "about": each_language(case.about), "non_strict": non_strict}
    head |= {"kind": "case", "name": f"{group.name}/{case.name}", "protocol": group.protocol.protocol}
    return head | {side: group.program.name, "case": about}


class _Maker:
    """Makes one record: its times begin with the cell, its sentences have their connection where there are several."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._mark = analysis.divergence.wire if analysis.divergence else None

    def record(self) -> dict[str, Any]:
        analysis, found, result = self._analysis, self._analysis.divergence, self._analysis.result
        conversations, mark = analysis.conversations, self._mark
        wire = mark and _wire_mark(mark)
        marked = (n for n, one in enumerate(conversations) if mark and one.number == mark.connection)
        phases = result.phases if isinstance(result, CellResult) else {}
        began = time.time() - time.monotonic() + result.began  # which was taken on the monotonic clock
        return {
            **_head(analysis.subject),
            "verdict": analysis.verdict,
            "wire_only": analysis.wire_only,
            "culprit": analysis.culprit and {"role": analysis.culprit.role, "name": analysis.culprit.name},
            "problems": bounded(analysis.problems, LIMITS["problems"], self._problem),
            "non_strict": analysis.non_strict and self._problem(analysis.non_strict),
            "diagnosis": [self._finding(finding) for finding in analysis.findings],
            "divergence": found and {"at": self._at(found.at), "wire": wire, "lines": list(map(asdict, found.lines))},
            "began": datetime.fromtimestamp(began, UTC).isoformat(timespec="microseconds"),
            "seconds": round(result.seconds, 3),
            "phases": {name: round(seconds, 3) for name, seconds in phases.items()},
            "programs": [self._program(number, program) for number, program in enumerate(analysis.programs)],
            "wire": self._wire(),
            "conversations": bounded(conversations, LIMITS["conversations"], self._conversation, marked),
        }

    def _at(self, moment: float) -> float:
        return round(moment - self._analysis.result.began, 6)

    def _problem(self, problem: Problem) -> dict[str, Any]:
        at = None if problem.at is None else self._at(problem.at)
        values = {name: _value(value) if isinstance(value, float) else value for name, value in problem.values.items()}
        told = sentence(problem, catalogue("en"), connection=len(self._analysis.conversations) > 1)
        return {**replace(problem, at=at, values=values).to_json(), "sentence": told}

    def _finding(self, finding: Finding) -> dict[str, Any]:
        waiting = tuple(replace(one, since=self._at(one.since)) for one in finding.waiting)
        return finding_to_json(replace(finding, waiting=waiting))

    def _program(self, number: int, result: ProcessResult) -> dict[str, Any]:
        analysis = self._analysis
        places = analysis.correlated[number]

        def entry(place: int) -> dict[str, Any]:
            line = result.lines[place]
            made = asdict(line) | {"at": self._at(line.at), "text": line.text[:_TEXT]}
            if len(line.text) > _TEXT:
                made["characters"] = len(line.text)
            if place in places:
                made["of"] = {name: value for name, value in places[place]._asdict().items() if value is not None}
            return made

        lines = analysis.divergence.lines if analysis.divergence else ()
        marks = [mark.line for mark in lines if mark.program == number]
        limit = max(_FEW, LIMITS["console"] // len(analysis.programs))
        return {
            "role": result.program.role,
            "name": result.program.name,
            "member": result.member,
            "port": result.port,
            "command": list(result.program.entry.command),
            "status": result.status,
            "problem": result.problem and self._problem(result.problem),
            "compared": result.program.console is not None and isinstance(analysis.subject, Cell),
            "console": bounded(range(len(result.lines)), limit, entry, marks),
        }

    def _wire(self) -> list[dict[str, Any]]:
        """The events; each has the offset of its first byte on its side."""
        events, mark = self._analysis.result.recording.events, self._mark
        offsets: list[int] = []
        sizes: Counter[tuple[Any, ...]] = Counter()
        marks: list[int] = []
        for number, event in enumerate(events):
            key = event.connection, event.sender, event.kind
            offsets.append(sizes[key])
            sizes[key] += len(event.data) + event.size
            if mark and key == (mark.connection, mark.side, "received") and offsets[-1] <= mark.offset < sizes[key]:
                marks.append(number)
        room = max(_BYTES, _DATA // max(1, sum(len(event.data) > _BYTES for event in events)))

        def entry(number: int) -> dict[str, Any]:
            event = events[number]
            more = max(0, len(event.data) - room)
            made = event._replace(at=self._at(event.at), data=event.data[:room], size=event.size + more).to_json()
            return made | ({"offset": offsets[number]} if event.kind in ("received", "sent") else {})

        return bounded(range(len(events)), LIMITS["wire"], entry, marks)

    def _conversation(self, one: Conversation) -> dict[str, Any]:
        mark = self._mark and (self._mark.connection, self._mark.side, self._mark.offset)
        marks = (n for n, field in enumerate(one.fields) if (one.number, field.side, field.offset) == mark)
        limit = max(_FEW, LIMITS["fields"] // len(self._analysis.conversations))
        return {
            "connection": one.number,
            "fields": bounded(one.fields, limit, self._field, marks),
            "problems": bounded(one.problems, LIMITS["problems"], self._problem),
        }

    def _field(self, field: Field) -> dict[str, Any]:
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


def _wire_mark(mark: WireMark) -> dict[str, Any]:
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


def _value(value: Any) -> Any:
    """The value in JSON, which knows neither NaN nor infinities; bytes stand beside it as they are."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str) and len(value) > _TEXT:
        return f"{value[: _TEXT // 2]} … ({len(value)} characters) … {value[-_TEXT // 4 :]}"
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value
