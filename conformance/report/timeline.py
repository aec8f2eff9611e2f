"""A record as the page shows it: one list of rows in the order of time, what crossed the tap and what was printed.

Rows of one moment (`g`) stand side by side: each field with the lines that tell of it on both consoles, a little
earlier or later as they were printed. Each field has its bytes twice, cut as they came to the tap and as they went on.
What is long is shortened here, never in the record. Sentences are in every language, for the reader chooses one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import inf
from typing import Any, NamedTuple

from conformance.agent.problem import Problem
from conformance.diagnosis import Finding
from conformance.formatting import LANGUAGES, Catalogue, catalogue, sentence
from conformance.formatting.findings import explain, finding_from_json
from conformance.results.records import bounded

__all__ = ["MANY_ROWS", "Told", "mistake", "timeline", "told"]

MANY_ROWS = 3000
_BYTES = 24
_CHARACTERS = 400
_PROBLEMS = 6
_ONE_MOMENT = 0.001  # seconds; lines that tell of no field stand beside what is no further away

Told = Mapping[str, str]
"""One text, by the language."""
_Row = dict[str, Any]
_Key = tuple[float, float]


def timeline(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of a cell or a case that was run, in JSON's own types."""
    case, marked, non_strict, programs = (record[name] for name in ("case", "divergence", "non_strict", "programs"))
    divergence = marked and _divergence(marked, programs)
    wire = _wire(record, divergence and divergence["wire"])
    numbered = len(record["conversations"]) > 1
    shown = [non_strict] if non_strict else record["problems"][:_PROBLEMS]
    # In a case nobody has looked at how the program ended.
    about = ("role", "name", "member") if case else ("role", "name", "member", "status")
    return {
        **{name: record[name] for name in ("name", "protocol", "server", "clients", "network", "seconds")},
        "case": case and case["about"],
        "allowed": case and case["non_strict"],
        "verdict": record["verdict"],
        "agreed": _agreed(record),
        "problems": [told(Problem.from_json(entry), numbered=numbered) for entry in shown if "code" in entry],
        "diagnosis": _diagnosis(record["diagnosis"]) if record["diagnosis"] else None,
        "divergence": divergence,
        "programs": [{name: program[name] for name in about} for program in programs],
        "rows": _shortened(_moments(wire, programs, marked["lines"] if marked else ())),
    }


def _agreed(record: Mapping[str, Any]) -> str:
    """Which consoles were compared: `all`, `some` (or it is not known which), or none: then it is by the `wire`."""
    if record["wire_only"]:
        return "wire"
    return "all" if all(program.get("compared") for program in record["programs"]) else "some"


def told(problem: Problem, *, numbered: bool = False) -> Told:
    """The sentence about a problem, in every language; `numbered`, with its connection."""
    return _each(lambda words: sentence(problem, words, connection=numbered))


def mistake(finding: Finding) -> Told:
    """The title of the finding, in every language."""
    return _each(lambda words: words.text(f"finding.{finding.key}.title"))


def _diagnosis(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first finding: in `lines` where it shows, what speaks for it, how to mend it, and what else it may be."""
    first, *others = map(finding_from_json, entries)
    return {
        "side": first.side,
        "certainty": first.certainty,
        "confidence": first.confidence,
        "title": mistake(first),
        "description": _each(lambda words: words.text(f"finding.{first.key}.description")),
        "lines": _each(lambda words: explain(first, others, words).splitlines()[1:]),
    }


def _each(text: Callable[[Catalogue], Any]) -> dict[str, Any]:
    return {language: text(catalogue(language)) for language in LANGUAGES}


def _divergence(divergence: Mapping[str, Any], programs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where the wire and the consoles first differ, with the words of the consoles there."""
    wire = divergence["wire"]
    if wire:
        expected = wire["expected"] and {**wire["expected"], "value": _value(wire["expected"]["value"])}
        wire = {**wire, "value": _value(wire["value"]), "expected": expected}
    lines = []
    for mark in divergence["lines"]:
        console = _numbered(programs[mark["program"]]["console"])
        text = next((line["text"] for number, line in console if number == mark["line"] and "text" in line), "")
        lines.append({"program": mark["program"], "text": _short(text), "expected": mark["expected"]})
    return {"wire": wire, "lines": lines}


def _value(value: Any) -> str | None:
    """The value as text, for JavaScript's numbers could not hold a long; None where there is none."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else _short(str(value))


def _short(text: str) -> str:
    if len(text) <= _CHARACTERS:
        return text
    return f"{text[: _CHARACTERS // 2]} … ({len(text)}) … {text[-_CHARACTERS // 4 :]}"


def _numbered(console: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The lines, each with its place among all; those that are left out count."""
    number = 0
    for line in console:
        yield number, line
        number += line.get("left_out", 1)


# What stands beside what ---------------------------------------------------------------------------------------------


def _moments(
    wire: Sequence[_Row], programs: Sequence[Mapping[str, Any]], marks: Sequence[Mapping[str, Any]]
) -> list[_Row]:
    """All rows in their order, those of one moment with the same number."""
    keyed: list[tuple[_Key, str, _Row]] = [((row["t"], number), "wire", row) for number, row in enumerate(wire)]
    fields = {(row["c"], row["s"], row["o"]): key for key, _, row in keyed if row["k"] == "field"}
    for number, program in enumerate(programs):
        marked = {mark["line"] for mark in marks if mark["program"] == number}
        lines = list(_lines(number, program["console"], marked))
        # Of each connection, a console keeps its own order; a line that tells of no field is held up by none that does.
        after: dict[int | None, _Key] = {}
        keys: list[_Key] = []
        for place, row in reversed(lines):
            key = fields.get(place) or min((row["t"], inf), after.get(row.get("c"), (inf, inf)))
            after[row.get("c")] = key
            keys.append(key)
        before: dict[int | None, _Key] = {}
        for (_, row), own in zip(lines, reversed(keys), strict=True):
            key = max(own, before.get(row.get("c"), (-inf, inf)))
            before[row.get("c")] = key
            keyed.append((key, "wire" if row["k"] == "gap" else program["role"], row))
    keyed.sort(key=lambda entry: entry[0])
    moment, last, begun, slots = 0, -inf, (-inf, 0.0), [""]
    for key, slot, row in keyed:
        # The eye goes down, and never back to a column that it has left.
        back = slot in slots and (slot == "wire" or slot != slots[-1])
        if key != begun and (back or key[0] - last > _ONE_MOMENT):
            moment, begun, slots = moment + 1, key, []
        last = key[0]
        slots.append(slot)
        if slot == "wire":
            begun = key
        row["g"] = moment
    return [row for _, _, row in keyed]


def _lines(
    program: int, console: Iterable[Mapping[str, Any]], marked: set[int]
) -> Iterator[tuple[tuple[Any, ...], _Row]]:
    """The lines of a console, each with what it tells of."""
    last = 0.0
    for number, line in _numbered(console):
        if "left_out" in line:
            yield (), {"t": last, "k": "gap", **line}
            continue
        last, of = line["at"], line.get("of", {})
        row: _Row = {"t": last, "k": "line", "p": program, "x": _short(line["text"])}
        flags = {"err": line["stream"] == "err", "cut": not line["whole"], "m": number in marked}
        row |= {name: True for name, there in flags.items() if there}
        if of:
            row["c"] = of["connection"]
        yield (row.get("c"), of.get("side"), of.get("offset")), row


def _shortened(rows: Sequence[_Row]) -> list[_Row]:
    """The rows; of very many the beginning, the end and what is around a mark. Gaps side by side become one."""
    marks = (number for number, row in enumerate(rows) if row.get("m"))
    shown: list[_Row] = []
    for gap, run in groupby(bounded(rows, MANY_ROWS, dict, marks), lambda row: "left_out" in row):
        found = list(run)
        shown += [{"k": "gap", "n": sum(row["left_out"] for row in found)}] if gap else found
    return shown


# What crossed the tap ------------------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """Bytes that passed at one time; the record may have only the first in `data`, or none."""

    start: int
    end: int
    at: float
    data: str


class _Cuts(list[_Piece]):
    """The pieces that one side's bytes were in on one side of the tap; those between them are not known."""

    def around(self, offset: int) -> _Piece | None:
        """The piece that this byte is in."""
        place = bisect_right(self, offset, key=lambda piece: piece.end)
        return self[place] if place < len(self) and self[place].start <= offset else None

    def shown(self, start: int) -> str:
        """The first bytes from there on."""
        shown = ""
        while len(shown) < 2 * _BYTES and (piece := self.around(start)):
            shown += piece.data[2 * (start - piece.start) :]
            if len(piece.data) < 2 * (piece.end - piece.start):
                break  # the record has no more of it
            start = piece.end
        return shown[: 2 * _BYTES]

    def fragments(self, offset: int, size: int, shown: str) -> list[list[Any]]:
        """The pieces that these bytes are in: what of them, and whether more stood before and behind in each."""
        found = []
        at, stop = offset, offset + size
        while at < min(stop, offset + len(shown) // 2) and (piece := self.around(at)):
            part = shown[2 * (at - offset) : 2 * (min(piece.end, stop) - offset)]
            found.append([part, int(piece.start < offset), int(piece.end > stop)])
            at = piece.end
        return found


def _wire(record: Mapping[str, Any], mark: Mapping[str, Any] | None) -> list[_Row]:
    """The rows of the wire, in the order of time."""
    place = mark and tuple(mark[name] for name in ("connection", "side", "offset", "field"))
    cuts: defaultdict[tuple[int, str, str], _Cuts] = defaultdict(_Cuts)
    rows: list[_Row] = []
    last, whole_since = 0.0, -inf  # from when on no event is left out
    for event in record["wire"]:
        if "left_out" in event:
            rows.append({"t": last, "k": "gap", **event})
            whole_since = inf
            continue
        last, number, side, kind = (event[name] for name in ("at", "connection", "sender", "kind"))
        whole_since = min(whole_since, last)
        if kind in ("received", "sent"):
            data, start = event.get("data", ""), event["offset"]
            end = start + len(data) // 2 + event.get("size", 0)
            cuts[number, side, kind].append(_Piece(start, end, last, data))
        else:
            rows.append({"t": last, "k": kind, "c": number, "s": side, "x": event.get("detail", "")})

    def placed(number: int, side: str, at: float, offset: int, size: int, shown: str, field: str | None) -> _Row:
        here = mark if place == (number, side, offset, field) else None
        skipped = here["skipped"] if here else 0
        shown = here["bytes"] if here else shown[: 2 * _BYTES]
        legs = [cuts[number, side, kind] for kind in ("received", "sent")]
        pieces = [leg.fragments(offset + skipped, size - skipped, shown) for leg in legs]
        if at < whole_since and any("".join(part for part, *_ in leg) != shown for leg in pieces):
            pieces = [[[shown, 0, 0]]] * 2  # how it was cut is left out
        row: _Row = {"t": at, "c": number, "s": side, "o": offset, "n": size, "in": pieces[0], "out": pieces[1]}
        if went := legs[1].around(offset + size - 1):
            row["w"] = went.at
        if here:
            row["m"] = True
            row |= {"z": skipped} if skipped else {}
            row |= {"must": here["expected"]} if here["expected"] else {}
        return row

    read: dict[tuple[int, str], int] = {}
    for conversation in record["conversations"]:
        number = conversation.get("connection", 0)
        for field in conversation.get("fields", ()):
            if "left_out" not in field:
                side, offset, size, name = (field[name] for name in ("side", "offset", "size", "field"))
                read[number, side] = offset + size
                row = placed(number, side, field["at"], offset, size, field["bytes"], name)
                rows.append({**row, "k": "field", "f": name, "y": field["type"], "v": _value(field["value"])})
    for (number, side, kind), came in list(cuts.items()):
        start = read.get((number, side), 0)
        if kind == "received" and (piece := came.around(start)):
            row = placed(number, side, piece.at, start, came[-1].end - start, came.shown(start), None)
            rows.append({**row, "k": "bytes"})
    return sorted(rows, key=lambda row: float(row["t"]))
