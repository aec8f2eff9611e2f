"""The page: the records laid out for its template, and everything it needs put into the one file.

Nothing that came from a program is markup here. Names and sentences pass through the template, which escapes them;
timelines are packed text, and the script makes plain text of them. Should anything slip through all the same, the
page's content security policy lets no script run but its own. Rendering reads the results folder, and writes the page
alone.

The page must stay small enough to be mailed. A record or a capture that is large stays in the results folder; of the
others, the largest of those that passed go first until the rest is small enough.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.agent.problem import Problem
from conformance.formatting import LANGUAGES, Language, catalogue, sentence
from conformance.formatting.escapes import escaped, hides
from conformance.model.files import write_whole
from conformance.report.capture import SUFFIX
from conformance.report.layout import Entry, case_groups, counts, failures, grids, skipped
from conformance.report.timeline import timeline
from conformance.results.reading import (
    ReportError,
    compare,
    find_results,
    making_of,
    read_facts,
    read_record,
    record_files,
)

__all__ = ["prose", "visible", "write_report"]

_PAGE = Path(__file__).with_name("page")
_LABELS = "report.page."
_LIMIT = 2_900_000  # characters of a page; what does not fit stays in the results folder
_FRAME = 110_000  # of these, what is the same in every page
_AROUND = 500  # and what it needs around each timeline and its downloads
_LARGE = 96 << 10  # characters of one record, or of one capture


@dataclass
class _Packed:
    """A record in the page: its timeline; and to be downloaded, the record and the capture, where small enough.

    Each is deflated, in base 64, so that nothing in it can be taken for markup. `beside` is the file of the capture.
    """

    name: str
    path: Path
    failed: bool
    timeline: str
    record: str | None
    capture: str | None
    beside: Path | None

    @classmethod
    def of(cls, path: Path, record: Mapping[str, Any]) -> _Packed:
        told = json.dumps(timeline(record), separators=(",", ":"))
        beside = path.with_suffix(SUFFIX)
        capture, there = (_small(beside), beside) if beside.is_file() else (None, None)
        name, failed = record["name"], record["verdict"] not in ("passed", "non-strict")
        return cls(name, path, failed, _deflated(told.encode()), _small(path), capture, there)

    @property
    def downloads(self) -> int:
        """How many characters the downloads take."""
        return len(self.record or "") + len(self.capture or "")


def write_report(
    results: Path,
    out: Path | None = None,
    earlier: Path | None = None,
    unreadable: Callable[[Problem], object] = lambda problem: None,
) -> Path:
    """Makes the page of the run in `results`, compared with the run in `earlier`, and returns its path.

    Of a record that cannot be read the page says why, and `unreadable` is called. ReportError where there is no run, or
    nothing of it can be read.
    """
    run = find_results(results)
    path = out or run / "report.html"
    before = earlier and find_results(earlier)
    entries: list[Entry] = []
    packed: list[_Packed] = []
    broken: list[Problem] = []
    for file in record_files(run):
        try:
            record = read_record(file)
            with making_of(file):
                entry = Entry.of(record)
                if entry.opens:
                    packed.append(_Packed.of(file, record))
                entries.append(entry)
        except ReportError as error:
            broken.append(error.problem)
            unreadable(error.problem)
    if broken and not entries:
        raise ReportError(broken[0])
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(visible=visible, prose=prose, link=_link, minutes=_minutes, day=_day)
    environment.filters.update(digest=_digest, beside=lambda file: _beside(file, path))
    environment.globals.update(label=_label, languages=LANGUAGES)
    facts = read_facts(run)
    now = {entry.name: entry.verdict for entry in entries}
    earlier_records = map(read_record, record_files(before)) if before else ()
    then = {record["name"]: record["verdict"] for record in earlier_records}
    overview = environment.get_template("overview.html.j2").render(
        _overview(facts, entries),
        earlier=before and read_facts(before),
        comparison=before and compare(now, then),
        unreadable=[{language: sentence(one, catalogue(language)) for language in LANGUAGES} for one in broken],
    )
    _slim(packed, _LIMIT - _FRAME - len(overview))
    text = environment.get_template("report.html.j2").render(
        facts=facts,
        labels={language: catalogue(language).templates(_LABELS) for language in LANGUAGES},
        overview=Markup(overview),  # was escaped as it was made
        packed=packed,
        # Both are the project's own files.
        script=Markup("".join((_PAGE / name).read_text("utf-8") for name in ("common.js", "report.js"))),
        style=Markup((_PAGE / "report.css").read_text("utf-8")),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return path


def _slim(packed: Sequence[_Packed], room: int) -> None:
    """Takes downloads out, of those that passed first and the largest first, until all is within `room` characters."""
    total = sum(one.downloads + len(one.timeline) + _AROUND for one in packed)
    for one in sorted(packed, key=lambda one: (not one.failed, one.downloads), reverse=True):
        if total <= room:
            return
        total -= one.downloads
        one.record = one.capture = None


def _small(path: Path) -> str | None:
    """What is in the file, where it is small once it is packed."""
    if path.stat().st_size > 100 * _LARGE:
        return None
    text = _deflated(path.read_bytes())
    return text if len(text) <= _LARGE else None


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def _label(name: str, count: int | None = None, language: Language = "en", **values: object) -> str:
    """A text of the page's own; English is the language that it has until its script has run."""
    return catalogue(language).text(_LABELS + name, values, count=count)


def _overview(facts: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, Any]:
    order = {name: number for number, name in enumerate(facts["cells"])}
    cells = sorted((entry for entry in entries if not entry.is_case), key=lambda cell: order.get(cell.name, len(order)))
    # The cases stand in the order of the grids: their protocols, servers before clients, their programs.
    protocols = _ranks(entry.protocol for entry in (*cells, *entries))
    programs = _ranks(name for entry in (*cells, *entries) for name in (entry.server, entry.clients) if name)
    cases = sorted(
        (entry for entry in entries if entry.is_case),
        key=lambda case: (protocols[case.protocol], case.server is None, programs.get(case.program, 0)),
    )
    everything = [*cells, *cases]
    return {
        "facts": facts,
        "grids": grids(cells, facts["protocols"]),
        "networks": _networks(cells, facts),
        "programs": sorted(programs),
        "case_groups": case_groups(cases),
        "cells": counts(cells),
        "cases": counts(cases),
        "failures": failures(everything),
        "skipped": skipped(everything),
        "not_run": max(0, len(order) - len(cells)),
        "opening": {entry.name for entry in everything if entry.opens},
    }


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(dict.fromkeys(names))}


def _networks(cells: Iterable[Entry], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The networks of the run: name, what it does, and the letters that stand for it."""
    letters: dict[str, str] = {}
    for name in dict.fromkeys(str(cell.network) for cell in cells):
        shorts = (name[:size].upper() for size in range(1, len(name) + 1))
        letters[name] = next((short for short in shorts if short not in letters.values()), name.upper())
    return [{"name": name, "letter": letter, "about": facts["networks"].get(name)} for name, letter in letters.items()]


def visible(text: object) -> Markup:
    """The text as markup; each character that would not be seen is its escape, in an element of its own.

    The page's script has the same rule (`visible` in common.js), for what comes into the page when a cell is opened.
    """
    parts = []
    for odd, characters in groupby(str(text), hides):
        if odd:
            parts.append(Markup('<span class="odd">{}</span>').format(escaped("".join(characters))))
        else:
            parts.append(Markup.escape("".join(characters)))
    return Markup("").join(parts)


def prose(sentence: object) -> Markup:
    """A sentence of the harness: `visible`, and what stands between backticks is code."""
    parts = map(visible, re.split("`([^`]+)`", str(sentence)))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def _link(name: str) -> str:
    """The place of a cell or a case in the page; a name may be anything."""
    kind = "" if name.startswith("case/") else "cell/"
    return "#" + quote(kind + name, errors="surrogatepass")


def _beside(file: Path, page: Path) -> str:
    """Where the page finds the file, as long as it is not moved; empty where there is no such way."""
    try:
        way = os.path.relpath(file, page.parent)
    except ValueError:  # on another drive
        return ""
    return quote(Path(way).as_posix(), errors="surrogateescape")


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{whole} s"


def _day(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return moment


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
