"""A record as the page tells it: one list of rows in the order of time, what crossed the tap and what was printed.

Rows of one moment (`g`) stand side by side: each field with the lines that tell of it on both consoles, a little
earlier or later as they were printed. Each field has its bytes twice, cut as they came to the tap and as they went on.
What is long is shortened here, never in the record.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import inf
from typing import Any

__all__ = ["MANY_ROWS", "story"]

MANY_ROWS = 3000
_HEAD, _AROUND, _TAIL = 1500, 100, 400  # of the rows of a long story: the beginning, what is marked, the end
_BYTES = 24
_CHARACTERS = 400
_ONE_MOMENT = 0.001  # seconds; lines that tell of no field stand beside what is no further away

_Row = dict[str, Any]
_Key = tuple[float, float]


def story(record: Mapping[str, Any]) -> dict[str, Any]:
    """The story of a cell or a case that was run, in JSON's own types."""
    programs = _programs(record)
    parting = record.get("parting")
    return {
        "name": record.get("cell") or record["case"],
        "case": record.get("about") if "case" in record else None,
        "rough": record.get("rough"),
        "protocol": record.get("protocol"),
        "server": record.get("server") or _side(record, "server"),
        "clients": record.get("clients") or _side(record, "client"),
        "network": record.get("network"),
        "verdict": "rough" if record.get("note") else record["verdict"],
        "reason": record.get("reason"),
        "problems": list(record.get("problems", ()))[1:6],
        "seconds": record.get("seconds"),
        "mistakes": list(record.get("mistakes", ()))[:1],
        "parting": _point(parting, programs),
        "programs": [{key: program[key] for key in _OF_PROGRAM if key in program} for program in programs],
        "rows": _elided(_moments([*_wire(record, parting)], programs, parting)),
    }


_OF_PROGRAM = ("role", "name", "member", "status", "trouble")


def _side(record: Mapping[str, Any], role: str) -> str | None:
    """The program of a case, where it is on that side; on the other is the harness itself."""
    return record.get("program") if record.get("role") == role else None


def _programs(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "case" in record:
        return [{"role": record.get("role"), "name": record.get("program"), "console": record.get("console", ())}]
    return list(record.get("programs", ()))


def _point(parting: Mapping[str, Any] | None, programs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Where the accounts part, with the words of the consoles there."""
    if parting is None:
        return None
    lines = [
        {
            "program": mark["program"],
            "text": _shortened(programs[mark["program"]]["console"][mark["line"]]["text"]),
            "expected": mark["expected"],
        }
        for mark in parting["lines"]
    ]
    wire = parting["wire"]
    told = wire and {
        **wire,
        "value": _told(wire["type"], wire["value"]),
        "bytes": wire["bytes"][: 2 * _BYTES],
        "expected": _expected(wire),
    }
    return {"at": parting["at"], "wire": told, "lines": lines}


def _expected(wire: Mapping[str, Any]) -> dict[str, Any] | None:
    expected = wire["expected"]
    if expected is None:
        return None
    return {"value": _told(wire["type"], expected["value"]), "bytes": expected["bytes"][: 2 * _BYTES]}


def _told(type_: str | None, value: Any) -> str:
    """The value as text: JavaScript's numbers could not hold a long."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"“{_shortened(value)}”" if type_ in ("UTF", "char") else str(_shortened(value))


# What stands beside what ---------------------------------------------------------------------------------------------


def _moments(
    wire: Sequence[_Row], programs: Sequence[Mapping[str, Any]], parting: Mapping[str, Any] | None
) -> list[_Row]:
    """All rows in their order, those of one moment with the same number."""
    wire = sorted(wire, key=lambda row: float(row["t"]))
    keyed: list[tuple[_Key, str, _Row]] = [((row["t"], number), "wire", row) for number, row in enumerate(wire)]
    fields: dict[tuple[Any, ...], _Key] = {
        (row["c"], row["s"], row["o"]): key for key, _, row in keyed if row["k"] == "field"
    }
    for number, program in enumerate(programs):
        lines = list(_lines(number, program, parting))
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
            keyed.append((key, program["role"], row))
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
    number: int, program: Mapping[str, Any], parting: Mapping[str, Any] | None
) -> Iterator[tuple[tuple[Any, ...], _Row]]:
    """The lines of a console, and what each tells of."""
    marked = {mark["line"] for mark in (parting or {}).get("lines", ()) if mark["program"] == number}
    for index, line in enumerate(program.get("console", ())):
        row: _Row = {"t": line["at"], "k": "line", "p": number, "x": _shortened(line["text"])}
        if line["stream"] == "err":
            row["err"] = True
        if not line["whole"]:
            row["cut"] = True
        if index in marked:
            row["m"] = True
        place = tuple(line.get("of", ()))
        if place:
            row["c"] = place[0]
        yield place, row


# What crossed the tap ------------------------------------------------------------------------------------------------


def _wire(record: Mapping[str, Any], parting: Mapping[str, Any] | None) -> Iterator[_Row]:
    mark = (parting or {}).get("wire")
    legs: dict[tuple[int, str], _Legs] = {}
    for event in record.get("wire", ()):
        number, sender, kind = event["connection"], event["sender"], event["kind"]
        if kind in ("received", "sent"):
            legs.setdefault((number, sender), _Legs()).add(event)
        else:
            yield {"t": event["at"], "k": kind, "c": number, "s": sender, "x": event.get("detail", "")}
    for key, both in legs.items():
        both.end()
        read = 0
        for field in _fields(record, *key):
            size = len(field["bytes"]) // 2
            read = field["offset"] + size
            yield {
                **_placed("field", key, both, field["offset"], size, mark, field["field"]),
                "t": field["at"],
                "f": field["field"],
                "y": field["type"],
                "v": _told(field["type"], field["value"]),
            }
        if read < both.size:
            row = _placed("bytes", key, both, read, both.size - read, mark, None)
            yield {**row, "t": both.came_at(read)}


def _fields(record: Mapping[str, Any], number: int, sender: str) -> Iterator[Mapping[str, Any]]:
    for conversation in record.get("conversations", ()):
        if conversation["connection"] == number:
            yield from (field for field in conversation["fields"] if field["sender"] == sender)


def _placed(
    kind: str,
    key: tuple[int, str],
    legs: _Legs,
    offset: int,
    size: int,
    mark: Mapping[str, Any] | None,
    field: str | None,
) -> _Row:
    if mark and (mark["connection"], mark["sender"], mark["offset"], mark["field"]) != (*key, offset, field):
        mark = None
    skipped = mark.get("skipped", 0) if mark else 0
    row: _Row = {"k": kind, "c": key[0], "s": key[1], "o": offset, "n": size}
    row["in"], row["out"] = (
        legs.pieces(cuts, offset + skipped, size - skipped) for cuts in (legs.cuts_in, legs.cuts_out)
    )
    went = legs.went_at(offset + size - 1)
    if went is not None:
        row["w"] = went
    if mark:
        row["m"] = True
        if skipped:
            row["z"] = skipped
        if mark["expected"]:
            row["must"] = _expected(mark)
    return row


class _Legs:
    """One direction of a connection: its bytes, and where they were cut on each side of the tap."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._came: list[float] = []
        self._went: list[float] = []
        self._sizes: list[int] = []
        self.data = b""
        self.cuts_in: list[int] = []
        self.cuts_out: list[int] = []

    def add(self, event: Mapping[str, Any]) -> None:
        if event["kind"] == "received":
            self._pieces.append(bytes.fromhex(event.get("data", "")))
            self._came.append(event["at"])
        else:
            self._sizes.append(event.get("size", 0))
            self._went.append(event["at"])

    def end(self) -> None:
        self.data = b"".join(self._pieces)
        self.cuts_in = list(accumulate(map(len, self._pieces)))
        self.cuts_out = list(accumulate(self._sizes))

    @property
    def size(self) -> int:
        return len(self.data)

    def came_at(self, offset: int) -> float:
        return self._came[bisect_right(self.cuts_in, offset)]

    def went_at(self, offset: int) -> float | None:
        index = bisect_right(self.cuts_out, offset)
        return self._went[index] if index < len(self._went) else None

    def pieces(self, cuts: Sequence[int], offset: int, size: int) -> list[list[Any]]:
        """The fragments that these bytes are in: what of them, and whether more stood before and behind in each."""
        found: list[list[Any]] = []
        index, at, stop = bisect_right(cuts, offset), offset, offset + size
        while at < stop and index < len(cuts) and at < offset + _BYTES:
            start, end = cuts[index - 1] if index else 0, cuts[index]
            shown = self.data[at : min(end, stop, offset + _BYTES)].hex()
            found.append([shown, int(start < offset), int(end > stop)])
            at, index = end, index + 1
        return found


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _CHARACTERS:
        return f"{value[: _CHARACTERS // 2]} … ({len(value)} characters) … {value[-_CHARACTERS // 4 :]}"
    return value


def _elided(rows: Sequence[_Row]) -> list[_Row]:
    """The rows; of very many the beginning, the end and what is around a mark, and how many are left out between."""
    if len(rows) <= MANY_ROWS:
        return list(rows)
    kept = {*range(_HEAD), *range(len(rows) - _TAIL, len(rows))}
    for number, row in enumerate(rows):
        if row.get("m"):
            kept.update(range(max(0, number - _AROUND), min(len(rows), number + _AROUND)))
    shown: list[_Row] = []
    before = -1
    for number in sorted(kept):
        if number > before + 1:
            shown.append({"t": rows[number]["t"], "k": "gap", "n": number - before - 1})
        shown.append(rows[number])
        before = number
    return shown
