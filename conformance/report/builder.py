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

from conformance.report.comparing import Comparison, compare
from conformance.report.layout import Entry, case_groups, grids
from conformance.report.packing import Packed, pack, slim
from conformance.report.reading import Results, find_results
from conformance.report.visible import prose, visible

__all__ = ["write_report"]

_PAGE = Path(__file__).with_name("page")


def write_report(results: Path, out: Path | None = None, against: Path | None = None) -> Path:
    """Makes the page of the run in `results`, compared with the run in `against`, and returns its path.

    ReportError where there is no run, or what is there is not to be read.
    """
    run = find_results(results)
    path = out or run.folder / "report.html"
    before = None if against is None else find_results(against)
    text = _render(run, before, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
    return path


def _render(run: Results, before: Results | None, path: Path) -> str:
    entries: list[Entry] = []
    packed: list[Packed] = []
    for record in run.records():
        # The stories of cases that passed would be most of the page, and nobody asks for them.
        opens = record.verdict == "failed" or (record.verdict == "passed" and not record.is_case)
        entries.append(Entry.of(record, len(packed) if opens else None, _beside(record.path, path)))
        if opens:
            packed.append(pack(record))
    slim(packed)
    facts = run.facts
    labels = json.loads((_PAGE / "labels.json").read_text(encoding="utf-8"))
    script, style = (
        (_PAGE / "report.js").read_text(encoding="utf-8"),
        (_PAGE / "report.css").read_text(encoding="utf-8"),
    )
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(visible=visible, plain=_plain, prose=prose, link=_link, minutes=_minutes, day=_day)
    order = {name: number for number, name in enumerate(facts.get("cells", ()))}
    cells = sorted((entry for entry in entries if not entry.is_case), key=lambda cell: order.get(cell.name, len(order)))
    # Of the programs in the cases those of the grid first, in its order.
    ranks = {name: number for number, name in enumerate(name for cell in cells for name in cell.programs)}
    cases = sorted(
        (entry for entry in entries if entry.is_case), key=lambda case: ranks.get(case.program or "", len(ranks))
    )
    return environment.get_template("report.html.j2").render(
        facts=facts,
        labels={key: texts["en"] for key, texts in labels.items()},
        all_labels=_script_data(labels),
        grids=grids(cells, facts.get("protocols", {})),
        networks=_networks(cells, facts),
        programs=sorted({name for entry in entries for name in entry.programs}),
        case_groups=case_groups(cases),
        cells=_counts(cells),
        cases=_counts(cases),
        failed=[entry for entry in (*cells, *cases) if entry.verdict == "failed"],
        skipped=_skipped((*cells, *cases)),
        not_run=max(0, len(order) - len(cells)),
        comparison=_compare(entries, before),
        opening={entry.name for entry in entries if entry.story is not None},
        packed=packed,
        paths={entry.name: entry.path for entry in entries if entry.story is not None},
        # Both are the project's own files.
        script=Markup(script),
        style=Markup(style),
        script_hash=_hash(script),
        style_hash=_hash(style),
    )


def _counts(entries: Iterable[Entry]) -> dict[str, int]:
    verdicts = [entry.verdict for entry in entries]
    return {"all": len(verdicts), **{name: verdicts.count(name) for name in ("passed", "failed", "skipped")}}


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


def _compare(entries: Iterable[Entry], before: Results | None) -> Comparison | None:
    if before is None:
        return None
    now = {entry.name: entry.verdict for entry in entries}
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


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{seconds:.1f} s"


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
