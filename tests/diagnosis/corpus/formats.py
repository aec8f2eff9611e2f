"""Whole messages in another format, and other protocols altogether: what a client asks so, or a server answers so."""

from __future__ import annotations

import gzip
import json
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from conformance.agent.events import CLIENT, SERVER
from conformance.model.yaml_file import read_yaml
from tests.decoder.building import ints, utf
from tests.diagnosis.corpus import writers
from tests.diagnosis.corpus.entry import Entry, Ways, make
from tests.diagnosis.corpus.meet import ANY, UTF, Item, script
from tests.diagnosis.corpus.wire import (
    ADDRESS,
    ORDERS,
    SETS,
    WEIGHTS,
    Dialect,
    Values,
    client,
    number,
    right_client,
    right_server,
    server,
    varint,
)

Message = Mapping[str, Any]
Write = Callable[[Message], bytes]
WAYS: Ways = ("written", "together")


def messages(protocol: str, said: Values) -> list[Message]:
    """What a client says, as dictionaries: the opening first."""
    address = {"address": said.address}
    match protocol:
        case "addition":
            return [address, *({"first": a, "second": b} for a, b in said.pairs)]
        case "chat":
            return [address, *({"author": author, "text": text} for author, text in said.plain)]
        case "order":
            return [{"name": said.name}, *({"item": i, "quantity": n, "price": price} for i, n, price in said.orders)]
        case "library":
            return [{"reader": said.name}, *({"shelf": shelf, "book": book} for shelf, book in said.books)]
        case "scale":
            return [address, *({"unit": u, "left": a, "right": b} for u, a, b in said.weights)]
    raise ValueError(protocol)


def answers(protocol: str, said: Values) -> list[Message]:
    """What a server says to the questions of a right client."""
    match protocol:
        case "addition":
            return [{"sum": a + b} for a, b in said.pairs]
        case "chat":
            return [{"author": author, "text": text} for author, text in said.plain]
        case "order":
            return [{"total": count * price} for _, count, price in said.orders]
        case "library":
            return [{"title": "Emma", "pages": book % 400, "there": True} for _, book in said.books]
        case "scale":
            return [{"difference": a - b, "label": "lighter"} for _, a, b in said.weights]
    raise ValueError(protocol)


def of_client(kind: str, must: str, protocols: str, write: Write, *, apart: bool = False) -> Iterator[Entry]:
    """A client whose messages are written so, the opening with the first or (`apart`) by itself; it awaits answers."""
    for name, (label, values) in product(protocols.split(), SETS.items()):
        items: list[Item] = [ANY] if name == "library" else []
        opening, first, *rest = messages(name, values)
        items += [write(opening), write(first)] if apart else [write({**opening, **first})]
        items += [item for message in rest for item in (ANY, write(message))]
        wrong, ways = script(*items, ANY), WAYS if not label else WAYS[:1]
        yield from make(kind, name, wrong, right_server(name), must=must, ways=ways, label=label)


READS: Mapping[str, Sequence[Item]] = {
    "addition": [8],
    "chat": [UTF, UTF],
    "order": [UTF, 12],
    "library": [6],
    "scale": [17],
}


def of_server(kind: str, must: str, protocols: str, write: Write) -> Iterator[Entry]:
    """A server that reads right, and whose answers are written so."""
    for name, (label, values) in product(protocols.split(), SETS.items()):
        items: list[Item] = [utf("Library"), UTF] if name == "library" else [UTF]
        for answer in answers(name, values):
            items += [*READS[name], write(answer)]
        asks, wrong, ways = right_client(name, values), script(*items, ANY), WAYS if not label else WAYS[:1]
        yield from make(kind, name, asks, wrong, at_fault=SERVER, must=must, ways=ways, label=label)


def as_json(message: Message) -> bytes:
    """As `json.dumps` has it."""
    return json.dumps(message).encode()


def as_xml(message: Message) -> bytes:
    """As an XML writer has it."""
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in message.items())
    return f"<message>{inside}</message>".encode()


def as_csv(separator: str, end: str = "\n") -> Write:
    """The values of it in a line."""
    return lambda message: (separator.join(map(str, message.values())) + end).encode()


def as_protobuf(message: Message) -> bytes:
    """Tags from 1, strings with their lengths, numbers as varints."""
    out = b""
    for tag, value in enumerate(message.values(), 1):
        if isinstance(value, str):
            out += varint(tag << 3 | 2) + varint(len(value.encode())) + value.encode()
        else:
            out += varint(tag << 3) + varint(int(value) & (1 << 64) - 1)
    return out


def delimited(message: Message) -> bytes:
    """As `writeDelimitedTo` has it."""
    return varint(len(as_protobuf(message))) + as_protobuf(message)


def as_msgpack(value: Any) -> bytes:
    """The least form of each value."""
    match value:
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            if 0 <= value < 128:
                return bytes([value])
            if 0 <= value < 256:
                return b"\xcc" + bytes([value])
            if 0 <= value < 65536:
                return b"\xcd" + struct.pack(">H", value)
            return b"\xd3" + struct.pack(">q", value)
        case str():
            data = value.encode()
            head = bytes([0xA0 | len(data)]) if len(data) < 32 else b"\xd9" + bytes([len(data)])
            return head + data
        case Mapping():
            pairs = b"".join(as_msgpack(name) + as_msgpack(inner) for name, inner in value.items())
            return bytes([0x80 | len(value)]) + pairs
        case _:
            return bytes([0x90 | len(value)]) + b"".join(map(as_msgpack, value))


def behind(head: str, write: Write, extra: int = 0) -> Write:
    """Behind its length."""

    def framed(message: Message) -> bytes:
        data = write(message)
        return struct.pack(head, len(data) + extra) + data

    return framed


def tight(message: Message) -> bytes:
    """As JavaScript has it: no blanks."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def values(write: Callable[[list[Any]], bytes]) -> Write:
    """Of the values alone."""
    return lambda message: write(list(message.values()))


def numbered(form: str, write: Write) -> Write:
    """Behind its length as text."""
    return lambda message: form.format(len(write(message))).encode() + write(message)


def ending(end: bytes, write: Write) -> Write:
    """With that behind it."""
    return lambda message: write(message) + end


def after_address(write: Write) -> Write:
    """A right address, and then everything so."""
    return lambda message: utf(message["address"]) if "address" in message else write(message)


def in_pickle(version: int) -> Write:
    """A pickle of that protocol."""
    return lambda message: pickle.dumps(dict(message), version)


def documents() -> Iterator[Entry]:
    """Documents of text and of bytes in place of fields."""
    everywhere, answered = "addition chat order library scale", "addition order chat library"
    head = b'<?xml version="1.0" encoding="UTF-8"?>'
    rows: Sequence[tuple[str, str, Write, str, str]] = (
        ("JSON", "json", as_json, everywhere, answered),
        ("JSON, a line each", "json", ending(b"\n", as_json), everywhere, answered),
        ("JSON, indented", "json", lambda m: json.dumps(m, indent=2).encode(), "addition chat", "addition"),
        ("JSON without blanks", "json", tight, "addition order chat", "order"),
        ("JSON, an array", "json", values(lambda v: json.dumps(v).encode()), "addition chat", "addition chat"),
        ("JSON behind 4 bytes", "json", behind(">I", as_json), "addition chat order", "addition chat"),
        ("JSON behind 4 bytes, low byte first", "json", behind("<I", as_json), "addition", "addition"),
        ("JSON behind 2 bytes", "json", behind(">H", as_json), "addition", "addition"),
        ("JSON behind 8 bytes", "json", behind(">Q", as_json), "addition", "addition"),
        ("JSON behind 10 digits", "json|decimal-length", numbered("{:<10}", as_json), "addition chat", "addition"),
        ("JSON and NUL", "json", ending(b"\0", as_json), "addition", "addition"),
        ("XML", "xml", lambda m: head + as_xml(m), everywhere, answered),
        ("XML without a head", "xml", as_xml, "addition chat", "addition"),
        ("XML behind 4 bytes", "xml", behind(">I", lambda m: head + as_xml(m)), "addition", "addition"),
        ("values with commas, a line", "csv-text|text-writer", as_csv(","), "addition order scale", "library"),
        ("values with semicolons, a line", "csv-text|text-writer", as_csv(";"), "addition order chat", "library"),
        ("values with tabs, a line", "csv-text|text-writer", as_csv("\t"), "addition", ""),
        ("values with blanks, a line", "csv-text|text-writer|number-as-text", as_csv(" "), "addition", ""),
        ("values with commas", "csv-text", as_csv(",", ""), "addition order", ""),
        ("values with bars", "csv-text", as_csv("|", ""), "addition chat", "chat"),
        ("protobuf", "protobuf", as_protobuf, "addition chat order", "addition library"),
        ("protobuf behind a varint", "protobuf", delimited, "addition chat", "chat"),
        ("protobuf behind 4 bytes", "protobuf", behind(">I", as_protobuf), "addition", ""),
        ("msgpack", "msgpack", as_msgpack, "addition chat order", answered),
        ("msgpack, an array", "msgpack", values(as_msgpack), "addition chat", "library"),
        ("msgpack behind 4 bytes", "msgpack", behind(">I", as_msgpack), "addition", ""),
        ("gzip of JSON", "gzip", lambda m: gzip.compress(as_json(m), mtime=0), "addition chat", "addition chat"),
        ("zlib of JSON", "gzip", lambda m: zlib.compress(as_json(m)), "addition", "addition"),
        ("pickle of a tuple", "pickle", values(lambda v: pickle.dumps(tuple(v))), "addition chat", "addition chat"),
        ("a pickle for each value", "pickle", values(lambda v: b"".join(map(pickle.dumps, v))), "addition", ""),
    )
    for kind, must, write, clients, servers in rows:
        yield from of_client(kind, must, clients, write)
        yield from of_server(kind, must, servers, write)
    for version in range(6):
        kind, dumps = f"pickle, protocol {version}", in_pickle(version)
        yield from of_client(kind, "pickle", "addition chat order", dumps)
        yield from of_server(kind, "pickle", "addition chat", dumps)
        yield from of_client(f"{kind}, behind 4 bytes", "pickle", "addition", behind(">I", dumps))
        yield from of_client(f"{kind}, behind 8 bytes", "pickle", "addition", behind("Q", dumps))
        yield from of_client(
            f"{kind}, behind 10 digits", "pickle|decimal-length", "addition", numbered("{:<10}", dumps)
        )
    spaced = "number-as-text|csv-text|text-writer"
    for kind, must, write in (
        ("a right address, then JSON", "json", as_json),
        ("a right address, then pickles", "pickle", in_pickle(4)),
        ("a right address, then XML", "xml", as_xml),
        ("a right address, then values with blanks", spaced, as_csv(" ")),
        ("a right address, then protobuf", "protobuf", as_protobuf),
        ("a right address, then msgpack", "msgpack", as_msgpack),
    ):
        yield from of_client(kind, must, "addition", after_address(write), apart=True)


def frame(head: str, extra: int = 0) -> Dialect:
    """Right fields, what is said at once behind its length; `extra` is what that says too much."""
    return Dialect(wrap=lambda data: struct.pack(head, len(data) + extra) + data)


def framings() -> Iterator[Entry]:
    """Right fields behind the length of a frame, or packed."""
    in_varint, varints = Dialect(wrap=lambda data: varint(len(data)) + data), "frame-length|varint-length"
    packed = Dialect(wrap=lambda data: gzip.compress(data, mtime=0))
    rows: Sequence[tuple[str, str, Dialect, str, str]] = (
        ("a frame behind 4 bytes", "frame-length", frame(">i"), "addition chat order scale", "order chat library"),
        ("a frame behind 4 bytes, themselves counted", "frame-length", frame(">i", 4), "addition chat", "chat scale"),
        ("a frame behind 4 bytes, low byte first", "frame-length", frame("<i"), "addition order", "order chat"),
        ("a frame behind 2 bytes", "frame-length", frame(">H"), "addition chat order", "order scale"),
        ("a frame behind 2 bytes, themselves counted", "frame-length", frame(">H", 2), "addition", "order"),
        ("a frame behind 8 bytes", "frame-length", frame(">q"), "addition", "order"),
        ("a frame behind 1 byte", "frame-length", frame("B"), "addition", "order"),
        ("a frame behind a varint", varints, in_varint, "addition", "order"),
        ("gzip", "gzip", packed, "addition chat", "addition chat"),
        ("zlib", "gzip", Dialect(wrap=zlib.compress), "addition chat", "addition"),
    )
    for kind, must, way, clients, servers in rows:
        yield from writers.of_client(kind, must, clients, way)
        yield from writers.of_server(kind, must, servers, way)
    name, either = "addition", "frame-length|field-too-many"
    for kind, head in (("an answer behind 4 bytes", ">i"), ("an answer behind 2 bytes", ">H")):
        wrong = server(name, frame(head))
        yield from make(kind, name, right_client(name), wrong, at_fault=SERVER, must=either, ways=WAYS)
    each = Dialect(
        number=lambda value, size: ints(size) + number(value, size),
        address=lambda text: ints(len(utf(text))) + utf(text),
    )
    yield from make(
        "each field behind its length", name, client(name, each), right_server(name), must=either, ways=WAYS
    )


def structs() -> Iterator[Entry]:
    """A C struct as it lies in memory; and a length that has lost its high bits."""
    text, size, both = ADDRESS.encode(), len(ADDRESS), "struct-padding|nul-terminated"
    low = "little-endian-int|little-endian-length"
    turned = [struct.unpack("<i", ints(value))[0] for value in (84, 98)]
    for kind, must, data in (
        ("a native struct", f"struct-padding & {low}", struct.pack(f"H{size}sii", size, text, 84, 98)),
        ("a struct in network order", "struct-padding", struct.pack(f"H{size}sii", size << 8, text, *turned)),
        ("a struct with a buffer of 16", f"{both} & {low}", struct.pack("<16sii", text, 84, 98)),
        ("a struct with a buffer of 18", f"{both} & {low}", struct.pack("<18sxxii", text, 84, 98)),
        ("a struct with a buffer of 64, in network order", both, struct.pack(">64sii", text, 84, 98)),
        ("a struct of ints and a buffer", f"{both}|wrong-order & {low}", struct.pack("<ii16s", 84, 98, text)),
    ):
        yield from make(kind, "addition", script(data, 4), right_server("addition"), must=must)
    both = "struct-padding & little-endian-int"
    for kind, must, form in (
        ("a native struct each round", both, "@B7xqq"),
        ("padding behind a byte", "struct-padding", ">B7xqq"),
    ):
        rounds: list[list[Item]] = [[struct.pack(form, *weights), ANY] for weights in WEIGHTS]
        wrong = script(utf(ADDRESS), *rounds)
        yield from make(kind, "scale", wrong, right_server("scale"), must=must, ways=WAYS)
    rounds = [[utf(item), struct.pack(">i4xq", count, price), ANY] for item, count, price in ORDERS]
    wrong, must = script(utf("alice"), *rounds), "struct-padding|field-too-many"
    yield from make("padding before a long", "order", wrong, right_server("order"), must=must, ways=WAYS)
    for size in (65_536, 65_537, 70_000, 131_080):
        data = (b"0123456789abcde " * 9000)[:size]
        said = [utf("bob"), struct.pack(">H", size & 0xFFFF) + data, utf("bob"), utf("fin")]
        wrong = script(utf(ADDRESS), *said, ANY)
        yield from make(f"text of {size} bytes", "chat", wrong, right_server("chat"), must="length-overflow")


def others() -> Iterator[Entry]:
    """Programs of another protocol: web, shells, mail, databases."""
    listed = read_yaml(Path(__file__).with_name("other_protocols.yaml"))
    for side, name in product((CLIENT, SERVER), ("addition", "chat")):
        for entry in listed[side]:
            kind, must, data = entry["kind"], entry["must"], entry["bytes"].encode("latin-1")
            if side == CLIENT:
                yield from make(kind, name, script(data, ANY), right_server(name), must=must)
            else:
                wrong = script(ANY, data) if entry.get("says") == "then" else script(data, ANY, ANY)
                yield from make(kind, name, right_client(name), wrong, at_fault=SERVER, must=must)


def entries() -> Iterator[Entry]:
    """All of them."""
    yield from documents()
    yield from framings()
    yield from structs()
    yield from others()
