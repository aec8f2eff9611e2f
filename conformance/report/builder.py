"""The page: the records laid out for its template, and everything it needs put into the one file.

Nothing that came from a program is markup here. Names and sentences pass through the template, which escapes them;
stories are packed text, and the script makes plain text of them. Should anything slip through all the same, the page's
content security policy lets no script run but its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.agent.events import SERVER
from conformance.report.layout import Entry, case_groups, failures, grids
from conformance.report.packing import Packed, capture, pack, slim
from conformance.report.visible import prose, visible
from conformance.results.comparing import Comparison, compare
from conformance.results.reading import Results, find_results, read

__all__ = ["write_report"]

_PAGE = Path(__file__).with_name("page")
_LIMIT = 2_900_000  # characters of a page; what does not fit stays in the results folder
_FRAME = 90_000  # of these, what is the same in every page


def write_report(results: Path, out: Path | None = None, earlier: Path | None = None) -> Path:
    """Makes the page of the run in `results`, compared with the run in `earlier`, and returns its path.

    ReportError where there is no run, or what is there is not to be read.
    """
    run = find_results(results)
    path = out or run.folder / "report.html"
    before = None if earlier is None else find_results(earlier)
    text = _render(run, before, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
    return path


def _render(run: Results, before: Results | None, path: Path) -> str:
    entries: list[Entry] = []
    packed: list[Packed] = []
    for record in run.records():
        # The stories of cases that passed would be most of the page, and nobody asks for them.
        opens = record.verdict == "failed" or (record.verdict == "passed" and not record.is_case) or record.is_rough
        entries.append(Entry.of(record, len(packed) if opens else None))
        if opens:
            packed.append(pack(record))
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(visible=visible, plain=_plain, prose=prose, link=_link, minutes=_minutes, day=_day)
    labels = json.loads((_PAGE / "labels.json").read_text(encoding="utf-8"))
    english = {key: texts["en"] for key, texts in labels.items()}
    overview = environment.get_template("overview.html.j2").render(
        labels=english, **_overview(run, entries, None if before is None else _compare(entries, before))
    )
    slim(packed, _LIMIT - _FRAME - len(overview))
    common, script, style = (
        (_PAGE / name).read_text(encoding="utf-8") for name in ("common.js", "report.js", "report.css")
    )
    script = common + script
    return environment.get_template("report.html.j2").render(
        facts=run.facts,
        labels=english,
        all_labels=_script_data(labels),
        overview=Markup(overview),  # was escaped as it was made
        packed=packed,
        records={one.name: None if one.record else _beside(one.path, path) for one in packed},
        captures={one.name: _capture_beside(one, path) for one in packed},
        # Both are the project's own files.
        script=Markup(script),
        style=Markup(style),
        script_hash=_hash(script),
        style_hash=_hash(style),
    )


def _overview(run: Results, entries: Iterable[Entry], comparison: Comparison | None) -> dict[str, Any]:
    """What the template of the first view is given."""
    facts = run.facts
    order = {name: number for number, name in enumerate(facts.get("cells", ()))}
    cells = sorted((entry for entry in entries if not entry.is_case), key=lambda cell: order.get(cell.name, len(order)))
    # The cases stand in the order of the grids: their protocols, servers before clients, their programs.
    protocols = _ranks(entry.protocol for entry in (*cells, *entries))
    programs = _ranks(name for entry in (*cells, *entries) for name in entry.programs)
    cases = sorted(
        (entry for entry in entries if entry.is_case),
        key=lambda case: (protocols[case.protocol], case.role != SERVER, programs.get(case.program or "", 0)),
    )
    everything = [*cells, *cases]
    return {
        "facts": facts,
        "grids": grids(cells, facts.get("protocols", {})),
        "networks": _networks(cells, facts),
        "programs": sorted({name for entry in everything for name in entry.programs}),
        "case_groups": case_groups(cases),
        "cells": _counts(cells),
        "cases": _counts(cases),
        "failures": failures(everything),
        "skipped": _skipped(everything),
        "not_run": max(0, len(order) - len(cells)),
        "comparison": comparison,
        "opening": {entry.name for entry in everything if entry.story is not None},
    }


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(dict.fromkeys(names))}


def _counts(entries: Iterable[Entry]) -> dict[str, int]:
    verdicts = [entry.verdict for entry in entries]
    return {"all": len(verdicts), **{name: verdicts.count(name) for name in ("passed", "rough", "failed", "skipped")}}


def _skipped(entries: Iterable[Entry]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        if entry.verdict == "skipped":
            reasons.setdefault(entry.reason or "", []).append(entry.name)
    return reasons


def _networks(cells: Iterable[Entry], facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """The networks of the run: name, what it does, and the letters that stand for it."""
    names = list(dict.fromkeys(str(cell.network) for cell in cells))
    letters: dict[str, str] = {}
    for name in names:
        lengths = range(1, len(name) + 1)
        short = next((name[:size] for size in lengths if name[:size].upper() not in letters.values()), name)
        letters[name] = short.upper()
    about = facts.get("networks", {})
    return [{"name": name, "letter": letters[name], "about": about.get(name, "")} for name in names]


def _compare(entries: Iterable[Entry], before: Results) -> Comparison:
    now = {entry.name: "passed" if entry.verdict == "rough" else entry.verdict for entry in entries}
    then = {record.name: record.verdict for record in before.records()}
    return compare(now, then, str(before.facts.get("began", "")))


def _plain(text: object) -> str:
    """What `visible` shows, for where there can be no elements."""
    return visible(text).striptags()


def _link(name: str) -> str:
    """The place of a cell or a case in the page; a name may be anything."""
    kind = "" if name.startswith("case/") else "cell/"
    return "#" + quote((kind + name).encode("utf-8", "surrogatepass"), safe="/")


def _beside(record: Path, page: Path) -> str | None:
    """Where the page finds the record, as long as it is not moved; None where there is no such way."""
    try:
        way = os.path.relpath(record, page.parent)
    except ValueError:  # on another drive
        return None
    return quote(Path(way).as_posix().encode("utf-8", "surrogateescape"), safe="/")


def _capture_beside(packed: Packed, page: Path) -> str | None:
    """Writes the capture that the page does not carry beside the record, and says where."""
    if packed.capture or not packed.captured:
        return None
    path = packed.path.with_suffix(".pcapng")
    wire = capture(read(packed.path))
    if wire is None:
        return None
    path.write_bytes(wire)
    return _beside(path, page)


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{whole} s"


def _day(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return moment


def _script_data(content: Any) -> Markup:
    """JSON that can stand in a script element: no character in it could end that."""
    return Markup(json.dumps(content, ensure_ascii=True).replace("<", "\\u003c"))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
