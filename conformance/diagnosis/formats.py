"""Other formats by name: documents, packed bytes and other protocols, which say themselves what they are.

A row of `_DOCUMENTS` reads a document that begins at a byte; a head with its length may come before it. A row of
`_BEGINNINGS` is a beginning that no field of ours has. A `Head` is the length of a frame around right fields.
"""

from __future__ import annotations

import json
import pickletools
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from conformance.agent.addresses import is_address
from conformance.agent.events import CLIENT, SERVER, Side
from conformance.diagnosis.finding import Certainty, Detail
from conformance.model.protocol import FieldStep

__all__ = ["HEADS", "Found", "Head", "frames", "other_format", "read_varint"]

_SHOWN_LINE = 200
_LEAST = 8  # bytes of a document that is known by its structure alone
_MANY = 4
_MOST = 1 << 16  # bytes that are looked at


@dataclass(frozen=True)
class Found:
    """A format, the offset at which it begins, and what speaks for it."""

    key: str
    start: int
    certainty: Certainty
    detail: Detail | None = None


@dataclass(frozen=True)
class Head:
    """A length before a frame, of `size` bytes; 0 stands for a varint. With `itself` it counts its own bytes, too."""

    size: int
    order: Literal["big", "little"] = "big"
    itself: bool = False

    def read(self, data: bytes, start: int) -> tuple[int, int] | None:
        """Where what it counts begins and ends; None where it is no length, or is not whole."""
        if self.size == 0:
            found = read_varint(data, start)
            if found is None:
                return None
            length, begins = found
        else:
            begins = start + self.size
            if begins > len(data):
                return None
            length = int.from_bytes(data[start:begins], self.order)
        length -= self.size * self.itself
        return (begins, begins + length) if length > 0 else None


HEADS: Sequence[Head] = (
    *(Head(size, order, itself) for itself in (False, True) for size in (4, 2, 8) for order in ("big", "little")),
    Head(1),
    Head(0),
)
"""Every length of a frame; the usual ones first."""
_TEXT_HEAD = re.compile(rb"[ 0]*([1-9][0-9]{0,9})[ \t]*(?:\r?\n|:)?")


def read_varint(data: bytes, start: int) -> tuple[int, int] | None:
    """The number in groups of seven bits, the lowest first, and the offset behind it."""
    value = 0
    for place, byte in enumerate(data[start : start + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, start + place + 1
    return None


def frames(data: bytes, start: int, head: Head) -> list[bytes]:
    """What the frames hold that follow each other from `start` on, up to the end; none where they do not fill it."""
    bodies: list[bytes] = []
    at = start
    while at < len(data):
        found = head.read(data, at)
        if found is None or found[1] > len(data):
            return []
        bodies.append(data[found[0] : found[1]])
        at = found[1]
    return bodies


def other_format(side: Side, data: bytes, starts: Sequence[int], lines: Sequence[Sequence[FieldStep]]) -> Found | None:
    """The format in which `side` writes, where its bytes say so, from one of `starts` on, in their order.

    `lines` are the fields that may stand in a line of text: those of the opening and of a round.
    """
    for start in starts:
        for key, sides, pattern in _BEGINNINGS:
            if side in sides and (begins := pattern.match(data, start)):
                line = begins[0] if begins[0].isascii() and b"\0" not in begins[0] else b""
                text = data[start : start + _SHOWN_LINE].split(b"\n")[0].rstrip(b"\r").decode("latin-1")
                if key == "tls-hello":
                    return Found(key, start, "certain", Detail("begins-with-tls"))
                certain = start == 0 or key in ("http-request", "http-answer")
                told = Detail("begins-with", {"text": text}) if line and text.isprintable() else None
                return Found(key, start, "certain" if certain else "likely", told)
        if (end := _packed(data, start)) is not None:
            return Found("gzip", start, "certain")
        for key, read in _DOCUMENTS:
            for begins_at, counted in _begins(data, start):
                end = read(data if counted is None else data[:counted], begins_at)
                if end is not None and (counted is None or counted in (end, end + 1)):
                    sure = end - begins_at >= _LEAST and (key not in _LOOSE or counted is not None)
                    return Found(key, start, "certain" if sure else "likely", _shown(data[begins_at:end]))
        if (end := _table(data, start, lines)) is not None:
            return Found("csv-text", start, "likely", _shown(data[start:end]))
    return None


def _shown(document: bytes) -> Detail | None:
    text = document[:_SHOWN_LINE].split(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace")
    return Detail("begins-with", {"text": text}) if text.isprintable() and text else None


def _begins(data: bytes, start: int) -> Iterator[tuple[int, int | None]]:
    """Where a document may begin, and where it must then end, if a length before it says so."""
    yield start, None
    for head in HEADS:
        found = head.read(data, start)
        if found is not None and found[1] <= len(data):
            yield found
    text = _TEXT_HEAD.match(data, start)
    if text is not None:
        # The digits of a width that is filled with blanks end where the document begins.
        yield text.end(), text.end() + int(text[1])


_BEGINNINGS: Sequence[tuple[str, tuple[Side, ...], re.Pattern[bytes]]] = [
    (key, sides, re.compile(pattern, re.DOTALL))
    for key, sides, pattern in (
        ("websocket", (CLIENT,), rb"GET [^\r\n]+ HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*?(?i:upgrade: *websocket)\r\n"),
        ("http-request", (CLIENT,), rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH|PRI) \S+ HTTP/[0-9]"),
        ("http-answer", (SERVER,), rb"HTTP/[0-9](?:\.[0-9])? [0-9]{3}|\s*(?i:<!doctype html|<html[ >])"),
        ("tls-hello", (CLIENT, SERVER), rb"\x16\x03[\0-\x04]..[\x01\x02]\0|\x15\x03[\0-\x04]\0\x02[\x01\x02]."),
        ("banner", (CLIENT, SERVER), rb"SSH-[0-9.]+-[^\r\n]+"),
        ("banner", (CLIENT,), rb"\*[0-9]+\r\n\$[0-9]+\r\n|(?:EHLO|HELO|NICK|USER|PASS|AUTH|HELP|QUIT) ?[^\r\n]*\r\n"),
        ("banner", (CLIENT,), rb"[A-Z]+ (?:rtsps?|sips?):\S+ (?:RTSP|SIP)/[0-9]"),
        ("banner", (CLIENT,), rb"AMQP[\0-\x03]|JRMI\0\x02|JDWP-Handshake|\x10.{1,2}\0[\x04\x06]MQ(?:TT|Isdp)"),
        ("banner", (CLIENT,), rb"\0\0..\0\x03\0\0user\0|\x03\0\0.[\x02-\xff]\xe0\0\0"),
        ("banner", (CLIENT, SERVER), rb"(?:\xff[\xfb-\xfe].){2,}|RFB [0-9]{3}\.[0-9]{3}\n"),
        ("banner", (SERVER,), rb"(?:200|201|220|221|421|500|502|530|554)[ -][^\r\n]*\r\n|:\S+ (?:NOTICE|[0-9]{3}) "),
        ("banner", (SERVER,), rb"-[A-Z]{2,} ?[^\r\n]*\r\n|\+OK[^\r\n]*\r\n|\* (?:OK|PREAUTH|BYE) [^\r\n]*\r\n"),
        ("banner", (SERVER,), rb".\0\0\0\x0a[0-9]+\.[0-9]+\.[^\0]*\0|.\0\0\0\xff..[\x20-\x7e]{8}"),
        ("banner", (SERVER,), rb"E\0\0..S(?:FATAL|ERROR|PANIC)\0"),
    )
]  # fmt: skip


def _packed(data: bytes, start: int) -> int | None:
    """Where what `gzip` or `zlib` have packed ends, or as far as it has come; None where it is not packed."""
    gzipped = data.startswith(b"\x1f\x8b\x08", start)
    if not gzipped and not (data[start : start + 1] == b"\x78" and data[start + 1 : start + 2] in _LEVELS):
        return None
    unpack = zlib.decompressobj(31 if gzipped else 15)
    try:
        said = unpack.decompress(data[start : start + _MOST], _MOST)
    except zlib.error:
        return None
    return len(data) - len(unpack.unused_data) if said and (gzipped or unpack.eof) else None


_LEVELS = (b"\x01", b"\x5e", b"\x9c", b"\xda")


def _json(data: bytes, start: int) -> int | None:
    if data[start : start + 1] not in (b"{", b"["):
        return None
    text = data[start : start + _MOST].decode("utf-8", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and all(type(each) is int and 0 <= each < 256 for each in value[:_LEAST]):
        return start + end if 0 < len(value) < _MANY else None  # more of them are bytes
    return start + len(text[:end].encode()) if value else None


_TAG = re.compile(rb"\s*<(?:\?xml\s[^>]*\?>\s*<)?([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?(?:/>|>.*?</\1\s*>)", re.DOTALL)


def _xml(data: bytes, start: int) -> int | None:
    found = _TAG.match(data, start, start + _MOST)
    return None if found is None else found.end()


_OPENERS = frozenset({"PROTO", "MARK", "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "UNICODE", "BINUNICODE"})


def _pickle(data: bytes, start: int) -> int | None:
    """Nothing is loaded: the operations are only listed."""
    if data[start : start + 1] not in (b"\x80", b"(", b"}", b"]", b"V", b"X"):
        return None
    names: list[str] = []
    try:
        for operation, _, place in pickletools.genops(data[start : start + _MOST]):
            names.append(operation.name)
            if operation.name == "STOP":
                whole = "PROTO" in names or len(names) > 3
                return start + (place or 0) + 1 if whole and names[0] in _OPENERS else None
    except Exception:  # whatever it raises: these bytes are no pickle
        return None
    return None


def _msgpack(data: bytes, start: int) -> int | None:
    """A map or an array with texts in it."""
    if start >= len(data) or not (0x81 <= data[start] <= 0x8F or 0x92 <= data[start] <= 0x9F):
        return None
    texts: list[str] = []
    end = _packed_value(data, start, texts, 0)
    return end if end is not None and texts and all(text.isprintable() for text in texts) else None


_SCALARS = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2}
_SCALARS |= {0xD2: 4, 0xD3: 8}
_SIZED = {0xD9: 1, 0xDA: 2, 0xC4: 1, 0xC5: 2}


def _packed_value(data: bytes, at: int, texts: list[str], depth: int) -> int | None:
    if at >= len(data) or depth > 8:
        return None
    kind, at = data[at], at + 1
    if kind < 0x80 or kind >= 0xE0:
        return at
    if kind < 0xA0:  # a map or an array
        end: int | None = at
        for _ in range((kind & 0x0F) * (2 if kind < 0x90 else 1)):
            end = None if end is None else _packed_value(data, end, texts, depth + 1)
        return end
    if kind in _SCALARS:
        end = at + _SCALARS[kind]
        return end if end <= len(data) else None
    if kind < 0xC0:
        size = kind & 0x1F
    elif kind in _SIZED:
        size, at = int.from_bytes(data[at : at + _SIZED[kind]], "big"), at + _SIZED[kind]
    else:
        return None
    if at + size > len(data):
        return None
    try:
        texts.append(data[at : at + size].decode())
    except UnicodeDecodeError:
        return None
    return at + size


def _protobuf(data: bytes, start: int) -> int | None:
    """Fields with tags from 1 on, up to the end: some are texts, or it is one number over and over."""
    at, last, texts, fields = start, 0, 0, 0
    while at < len(data):
        tag = read_varint(data, at)
        if tag is None:
            return None
        number, kind = tag[0] >> 3, tag[0] & 7
        if not (number == last + 1 or number == 1) or kind not in (0, 1, 2, 5):
            return None
        body = read_varint(data, tag[1]) if kind in (0, 2) else (0, tag[1] + (8 if kind == 1 else 4))
        if body is None or body[1] > len(data):
            return None
        at = body[1]
        if kind == 2:
            there = data[at : at + body[0]]
            if len(there) < body[0] or not _printable(there):
                return None
            at, texts = at + body[0], texts + bool(there)
        last, fields = number, fields + 1
    return at if fields >= 2 and (texts or fields >= 3) else None


def _printable(data: bytes) -> bool:
    try:
        return data.decode().isprintable()
    except UnicodeDecodeError:
        return False


_DOCUMENTS: Sequence[tuple[str, Callable[[bytes, int], int | None]]] = (
    ("json", _json),
    ("xml", _xml),
    ("pickle", _pickle),
    ("msgpack", _msgpack),
    ("protobuf", _protobuf),
)
_LOOSE = frozenset({"protobuf", "msgpack"})


_SEPARATOR = re.compile(rb"[,;|\t]| +")
_CELL = {"UTF": re.compile(rb"[^\0-\x1f]*"), "boolean": re.compile(rb"(?i)true|false|[01]")}
_DIGITS = re.compile(rb"\s*[+-]?[0-9]+\s*")


def _table(data: bytes, start: int, lines: Sequence[Sequence[FieldStep]]) -> int | None:
    """Where the lines of values end that a separator parts; None where there is none."""
    at, rows = start, 0
    while at < len(data):
        newline = data.find(b"\n", at)
        end = len(data) if newline < 0 else newline
        row = data[at:end].rstrip(b"\r")
        if not any(_is_row(row, fields) for fields in lines):
            break
        rows, at = rows + 1, end + 1
    else:
        return len(data) if rows else None
    return at if rows >= 2 else None


def _is_row(row: bytes, fields: Sequence[FieldStep]) -> bool:
    if len(fields) < 2:
        return False
    for separator in dict.fromkeys(found[0][:1] for found in _SEPARATOR.finditer(row)):
        cells = row.split(separator) if separator != b" " else row.split()
        if separator == b" " and [field.form is not None for field in fields if field.type == "UTF"] != [True]:
            continue  # a blank is in texts, too; and numbers with blanks between them are just that
        if separator == b"," and all(field.type == "UTF" and field.form is None for field in fields):
            continue
        if len(cells) == len(fields) and all(map(_is_cell, cells, fields)):
            return True
    return False


def _is_cell(cell: bytes, field: FieldStep) -> bool:
    if field.form is not None:
        return is_address(cell.decode("latin-1").strip())
    pattern = _CELL.get(field.type, _DIGITS)
    return pattern.fullmatch(cell) is not None
