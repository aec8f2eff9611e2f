"""A record as the page shows it: one list of rows in the order of time, what crossed the tap and what was printed.

Rows of one moment (`g`) stand side by side: each field with the lines that tell of it on both consoles, a little
earlier or later as they were printed. Each field has its bytes twice, cut as they came to the tap and as they went on.
What is long is shortened here, never in the record. Sentences are made here in every language, since the page's reader
chooses one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import inf
from typing import Any

from conformance.agent.events import Side
from conformance.agent.problem import Problem
from conformance.report.bilingual import diagnosis, told
from conformance.results import schema

__all__ = ["MANY_ROWS", "timeline"]

MANY_ROWS = 3000
_HEAD, _AROUND, _TAIL = 1500, 100, 400  # of the rows of a long timeline: the beginning, what is marked, the end
_BYTES = 24
_CHARACTERS = 400
_PROBLEMS = 6
_ONE_MOMENT = 0.001  # seconds; lines that tell of no field stand beside what is no further away

_Row = dict[str, Any]
_Key = tuple[float, float]
_Place = tuple[Any, ...]
_Divergence = schema.DivergenceEntry | None


def timeline(record: schema.RecordEntry) -> dict[str, Any]:
    """What the page shows of a cell or a case that was run, in JSON's own types."""
    case, divergence, non_strict = record["case"], record["divergence"], record["non_strict"]
    numbered = len(record["conversations"]) > 1
    shown = [non_strict] if non_strict else record["problems"][:_PROBLEMS]
    return {
        "name": record["name"],
        "case": None if case is None else case["about"],
        "allowed": None if case is None else case["non_strict"],
        "protocol": record["protocol"],
        "server": record["server"],
        "clients": record["clients"],
        "network": record["network"],
        "verdict": "non-strict" if record["verdict"] == "passed" and non_strict else record["verdict"],
        "problems": [told(Problem.from_json(entry), numbered=numbered) for entry in shown if "code" in entry],
        "seconds": record["seconds"],
        "diagnosis": diagnosis(record["diagnosis"]),
        "divergence": None if divergence is None else _divergence(divergence, record["programs"]),
        "programs": [_program(program, ran_on=case is not None) for program in record["programs"]],
        "rows": _shortened(_moments(_wire(record), record["programs"], divergence)),
    }


def _program(program: schema.ProgramEntry, *, ran_on: bool) -> dict[str, Any]:
    """`ran_on`: in a case nobody has looked at how the program ended."""
    plain = {"role": program["role"], "name": program["name"], "member": program["member"]}
    return plain if ran_on else {**plain, "status": program["status"]}


def _divergence(divergence: schema.DivergenceEntry, programs: Sequence[schema.ProgramEntry]) -> dict[str, Any]:
    """Where the wire and the consoles first differ, with the words of the consoles there."""
    wire = divergence["wire"]
    return {
        "wire": wire
        and {
            **wire,
            "value": None if wire["value"] is None else _value(wire["value"]),
            "bytes": wire["bytes"][: 2 * _BYTES],
            "expected": _expected(wire["expected"]),
        },
        "lines": [
            {"program": mark["program"], "text": _short(_text_of(mark, programs)), "expected": mark["expected"]}
            for mark in divergence["lines"]
        ],
    }


def _text_of(mark: schema.LineMarkEntry, programs: Sequence[schema.ProgramEntry]) -> str:
    number = 0
    for line in programs[mark["program"]]["console"]:
        if "left_out" in line:
            number += line["left_out"]
        elif number == mark["line"]:
            return line["text"]
        else:
            number += 1
    return ""


def _expected(expected: schema.ExpectedEntry | None) -> dict[str, Any] | None:
    if expected is None:
        return None
    return {"value": _value(expected["value"]), "bytes": expected["bytes"][: 2 * _BYTES]}


def _value(value: Any) -> str:
    """The value as text: JavaScript's numbers could not hold a long."""
    return str(value).lower() if isinstance(value, bool) else str(_short(value))


# What stands beside what ---------------------------------------------------------------------------------------------


def _moments(wire: Sequence[_Row], programs: Sequence[schema.ProgramEntry], divergence: _Divergence) -> list[_Row]:
    """All rows in their order, those of one moment with the same number."""
    keyed: list[tuple[_Key, str, _Row]] = [((row["t"], number), "wire", row) for number, row in enumerate(wire)]
    fields: dict[_Place, _Key] = {(row["c"], row["s"], row["o"]): key for key, _, row in keyed if row["k"] == "field"}
    for number, program in enumerate(programs):
        lines = list(_lines(number, program, divergence))
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


def _lines(number: int, program: schema.ProgramEntry, divergence: _Divergence) -> Iterator[tuple[_Place, _Row]]:
    """The lines of a console, and what each tells of."""
    marks = divergence["lines"] if divergence else ()
    marked = {mark["line"] for mark in marks if mark["program"] == number}
    index, last = 0, 0.0
    for line in program["console"]:
        if "left_out" in line:
            index += line["left_out"]
            yield (), {"t": last, "k": "gap", "n": line["left_out"]}
            continue
        last = line["at"]
        row: _Row = {"t": last, "k": "line", "p": number, "x": _short(line["text"])}
        if line["stream"] == "err":
            row["err"] = True
        if not line["whole"]:
            row["cut"] = True
        if index in marked:
            row["m"] = True
        index += 1
        of = line.get("of")
        if of is None:
            yield (), row
        else:
            row["c"] = of["connection"]
            yield (of["connection"], of.get("side"), of.get("offset")), row


# What crossed the tap ------------------------------------------------------------------------------------------------


class _Direction:
    """What one side sent on a connection, and where it was cut on each side of the tap: of each piece its end."""

    def __init__(self) -> None:
        self.came = _Cuts()
        self.went = _Cuts()
        self.data: dict[int, str] = {}  # by the offset of its first byte

    def shown(self, start: int) -> str:
        """The first bytes from there on."""
        shown = ""
        while len(shown) < 2 * _BYTES and (piece := self.came.around(start)) is not None:
            first, end = piece
            shown += self.data[first][2 * (start - first) :]
            start = end
            if len(self.data[first]) < 2 * (end - first):
                break  # the record has no more of it
        return shown[: 2 * _BYTES]


class _Cuts:
    """Pieces of bytes, by their offsets; those between them are not known."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._times: list[float] = []

    def add(self, start: int, size: int, at: float) -> None:
        self._starts.append(start)
        self._ends.append(start + size)
        self._times.append(at)

    @property
    def end(self) -> int:
        return self._ends[-1] if self._ends else 0

    def around(self, offset: int) -> tuple[int, int] | None:
        """The piece that this byte is in: its first byte, and the one behind it."""
        place = bisect_right(self._ends, offset)
        if place == len(self._ends) or self._starts[place] > offset:
            return None
        return self._starts[place], self._ends[place]

    def time(self, offset: int) -> float | None:
        """When the piece that this byte is in passed here."""
        return None if self.around(offset) is None else self._times[bisect_right(self._ends, offset)]

    def fragments(self, offset: int, size: int, shown: str) -> list[list[Any]]:
        """The pieces that these bytes are in: what of them, and whether more stood before and behind in each."""
        found: list[list[Any]] = []
        at, stop = offset, offset + size
        while at < min(stop, offset + len(shown) // 2) and (piece := self.around(at)) is not None:
            start, end = piece
            part = shown[2 * (at - offset) : 2 * (min(end, stop) - offset)]
            found.append([part, int(start < offset), int(end > stop)])
            at = end
        return found


def _wire(record: schema.RecordEntry) -> list[_Row]:
    """The rows of the wire, in the order of time."""
    mark = (record["divergence"] or {"wire": None})["wire"]
    directions: dict[tuple[int, Side], _Direction] = {}
    rows: list[_Row] = []
    last = 0.0
    for event in record["wire"]:
        if "left_out" in event:
            rows.append({"t": last, "k": "gap", "n": event["left_out"]})
            continue
        last = event["at"]
        key = event["connection"], event["sender"]
        direction = directions.setdefault(key, _Direction())
        offset, data, size = event.get("offset", 0), event.get("data", ""), event.get("size", 0)
        if event["kind"] == "received":
            direction.came.add(offset, len(data) // 2 + size, last)
            direction.data[offset] = data
        elif event["kind"] == "sent":
            direction.went.add(offset, size, last)
        else:
            rows.append({"t": last, "k": event["kind"], "c": key[0], "s": key[1], "x": event.get("detail", "")})
    read: dict[tuple[int, Side], int] = {}
    for number, field in _fields(record):
        key = number, field["side"]
        direction = directions.setdefault(key, _Direction())
        read[key] = field["offset"] + field["size"]
        row = _placed("field", key, direction, field["offset"], field["size"], field["bytes"], mark, field["field"])
        rows.append(
            {
                **row,
                "t": field["at"],
                "f": field["field"],
                "y": field["type"],
                "v": _value(field["value"]),
            }
        )
    for key, direction in directions.items():
        start = read.get(key, 0)
        at = direction.came.time(start)
        if at is not None:
            size = direction.came.end - start
            rows.append({**_placed("bytes", key, direction, start, size, direction.shown(start), mark, None), "t": at})
    return sorted(rows, key=lambda row: float(row["t"]))


def _fields(record: schema.RecordEntry) -> Iterator[tuple[int, schema.FieldEntry]]:
    for conversation in record["conversations"]:
        if "left_out" not in conversation:
            for field in conversation["fields"]:
                if "left_out" not in field:
                    yield conversation["connection"], field


def _placed(
    kind: str,
    key: tuple[int, Side],
    direction: _Direction,
    offset: int,
    size: int,
    shown: str,
    mark: schema.WireMarkEntry | None,
    field: str | None,
) -> _Row:
    if mark and (mark["connection"], mark["side"], mark["offset"], mark["field"]) != (*key, offset, field):
        mark = None
    skipped = mark["skipped"] if mark else 0
    shown = (mark["bytes"] if mark else shown)[: 2 * _BYTES]
    row: _Row = {"k": kind, "c": key[0], "s": key[1], "o": offset, "n": size}
    row["in"], row["out"] = (
        cuts.fragments(offset + skipped, size - skipped, shown) for cuts in (direction.came, direction.went)
    )
    went = direction.went.time(offset + size - 1)
    if went is not None:
        row["w"] = went
    if mark:
        row["m"] = True
        if skipped:
            row["z"] = skipped
        if mark["expected"]:
            row["must"] = _expected(mark["expected"])
    return row


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _CHARACTERS:
        return f"{value[: _CHARACTERS // 2]} … ({len(value)}) … {value[-_CHARACTERS // 4 :]}"
    return value


def _shortened(rows: Sequence[_Row]) -> list[_Row]:
    """The rows; of very many the beginning, the end and what is around a mark, and how many are left out between."""
    kept: Mapping[int, None] | range = range(len(rows))
    if len(rows) > MANY_ROWS:
        around = (number for number, row in enumerate(rows) if row.get("m"))
        near = (other for number in around for other in range(number - _AROUND, number + _AROUND))
        wanted = {*range(_HEAD), *range(len(rows) - _TAIL, len(rows)), *near}
        kept = dict.fromkeys(sorted(number for number in wanted if 0 <= number < len(rows)))
    shown: list[_Row] = []
    before = -1
    for number in (*kept, len(rows)):
        if number > before + 1:
            shown.append({"t": rows[before + 1]["t"], "k": "gap", "n": number - before - 1})
        if number < len(rows):
            shown.append(rows[number])
        before = number
    return [row for gap, group in groupby(shown, lambda row: row["k"] == "gap") for row in _one_gap(gap, list(group))]


def _one_gap(gap: bool, rows: list[_Row]) -> list[_Row]:
    return [{**rows[0], "n": sum(row["n"] for row in rows)}] if gap else rows
