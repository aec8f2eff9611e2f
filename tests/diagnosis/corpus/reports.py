"""The folders of public reports, as the bytes of such programs: each entry has the name of its folder."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Iterable, Iterator
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Side
from javaio import to_int32
from tests.decoder.building import ints, utf
from tests.diagnosis.corpus.entry import Entry, Ways, make
from tests.diagnosis.corpus.meet import ANY, END, KILL, REST, UTF, Item, Pause, Player, Sink, Source, script
from tests.diagnosis.corpus.wire import (
    ADDRESS,
    PAIRS,
    Dialect,
    counted,
    little,
    packed,
    right_client,
    right_server,
    server,
    varint_counted,
)

WAYS: Ways = ("written", "together", "bytes")
HELLO = utf(ADDRESS)
NAMED = "address-to-string"


def of_client(folder: str, must: str, *steps: Item | Iterable[Any], name: str = "addition") -> Iterator[Entry]:
    """The client of that folder, and a right server."""
    yield from _entry(folder, CLIENT, must, name, script(steps), right_server(name))


def of_server(folder: str, must: str, wrong: Player, *, may: str = "both-sides-waiting") -> Iterator[Entry]:
    """The server of that folder, and a right client."""
    yield from _entry(folder, SERVER, must, "addition", right_client("addition"), wrong, may=may)


def _entry(
    folder: str, side: Side, must: str, name: str, first: Player, second: Player, may: str = "both-sides-waiting"
) -> Iterator[Entry]:
    yield from make(folder, name, first, second, source="reports", at_fault=side, must=must, may=may, ways=WAYS)


def numbers_at_once(source: Source, sink: Sink) -> None:
    """A server that reads no address."""
    while len(source.data) - source.at >= 8 or not source.ended:
        first, second = struct.unpack(">ii", source.exactly(8))
        sink.write(ints(to_int32(first + second)))


def entries() -> Iterator[Entry]:
    """Those whose mistake shows in the bytes of one connection."""
    yield from of_server("02-double-answer-server", "double-for-int", server("addition", Dialect(number=packed(">d"))))
    floats = [[struct.pack(">ff", a, b), 4] for a, b in ((84, 98), (7, 5))]
    yield from of_client("02b-float-client", "float-for-int", HELLO, floats)
    yield from of_client(
        "03-c-fixed-buffer-client", "nul-terminated", ADDRESS.encode().ljust(64, b"\0"), ints(84, 98), ANY
    )
    yield from of_client(
        "03-c-fixed-buffer-client, strlen + 1", "nul-terminated", ADDRESS.encode() + b"\0", ints(84, 98), ANY
    )
    must = "one-byte-length|varint-length & little-endian-int"
    sharp = varint_counted(ADDRESS), little(84, 4), little(98, 4), 4
    yield from of_client("04-csharp-binarywriter-client", must, *sharp)
    said = varint_counted("bob"), varint_counted("salut " * 40), ANY
    long = "one-byte-length|varint-length"
    yield from of_client("04-csharp-binarywriter-client, chat", long, varint_counted(ADDRESS), *said, name="chat")
    for charset, must in (
        ("utf-16", "utf-16-text|byte-order-mark"),
        ("utf-16-le", "utf-16-text"),
        ("utf-16-be", "utf-16-text"),
        ("utf-8-sig", "byte-order-mark"),
    ):
        kind = f"05-utf16-counted-client, {charset}"
        yield from of_client(kind, must, counted(">H", charset)(ADDRESS), ints(84, 98), 4)
    thing = {"address": ADDRESS, "first": 84, "second": 98}
    data = json.dumps(thing).encode()
    yield from of_client("06-json-bare-client", "json", data, ANY)
    yield from of_client("06-json-client, counted", "json", struct.pack(">I", len(data)), data, ANY)
    yield from of_client("06-json-pickle-client", "pickle", pickle.dumps(thing), ANY)
    text = ADDRESS.encode()
    low = "little-endian-int|little-endian-length"
    yield from of_client(
        "07-struct-padding-client", f"struct-padding & {low}", struct.pack("H9sii", 9, text, 84, 98), 4
    )
    big = struct.pack(">H9sxii", 9, text, 84, 98)
    yield from of_client("07-struct-padding-big-client", "struct-padding", big, 4)
    for folder, must, address in (
        ("08-address-slash-client", NAMED, "/127.0.0.1"),
        ("08-address-host-client", NAMED, "localhost"),
        ("08-address-bytes-client", "bytes-to-string", "b'127.0.0.1'"),
        ("08-address-newline-client", f"{NAMED}|newline-in-text", "127.0.0.1\n"),
        ("08-address-crlf-client", f"{NAMED}|newline-in-text", "127.0.0.1\r\n"),
    ):
        yield from of_client(folder, must, utf(address) + ints(84, 98), 4)
    corrupted = script(b"\xac\xed\0\5", 4, END)
    header = "write-object|object-stream-reader"
    yield from of_server("11-objectinput-server, output first", header, corrupted)
    closes = script(UTF, 8, ints(182), END)
    yield from of_server("12-stream-closes-socket-server", "closes-after-answer", closes)
    once = [[utf(word), Pause(0.4)] for word in ("salut", "comment vas-tu", "bien", "à demain")]
    yield from of_client("16-author-once-client", "field-missing", HELLO, utf("bob"), once, END, ANY, name="chat")

    def frame(data: bytes) -> bytes:
        return ints(len(data)) + data

    pair = frame(ints(84, 98)), frame(ints(7, 8))
    yield from of_client("19-frame-length-client, each", "frame-length", frame(HELLO), *pair, ANY, ANY)
    yield from of_client("19-frame-length-client, one", "frame-length", frame(HELLO + ints(84, 98)), ANY)
    itself = "frame-length|length-counts-itself"
    yield from of_client("19-frame-length-client, itself", itself, counted(">H", extra=2)(ADDRESS), ints(84, 98), ANY)
    reads_lines = script(REST)
    owed = "both-sides-waiting|reads-lines|reads-to-end|little-endian-length-reader|one-recv-one-message"
    yield from of_server("20-readline-server", f"server:{owed}", reads_lines)
    yield from of_client(
        "22-leaves-unread-client", "closes-before-answer", HELLO, ints(84, 98, 7, 8), 4, Pause(0.3), KILL
    )
    over = (b"salut " * 12_000)[:72_000]
    long_text = struct.pack(">H", len(over) & 0xFFFF) + over
    yield from make(
        "24-length-mod-65536-client", "chat", script(HELLO, utf("bob"), long_text, utf("bob"), utf("fin"), ANY),
        right_server("chat"), source="reports", must="length-overflow", ways=("written", "together"),
    )  # fmt: skip
    yield from of_server("27-address-not-read-server", "address-not-read", numbers_at_once)
    welcome = "Welcome to the addition server!"
    for kind, must, greeting in (
        ("28-greets-first-line-server", "banner|field-too-many", f"{welcome}\n".encode()),
        ("28-greets-server, utf", "field-too-many", utf(welcome)),
    ):
        yield from of_server(kind, must, script(greeting, UTF, [[8, ints(a + b)] for a, b in PAIRS], ANY))
    silent = script(REST)
    unflushed = "both-sides-waiting|not-flushed"
    yield from _entry("31-no-flush-client", CLIENT, unflushed, "addition", silent, right_server("addition"))
    for folder in ("R2-asyncio-server", "R4-c-server"):
        server_ = script(UTF, [[8, ints(a + b)] for a, b in PAIRS], ANY)
        yield from _entry(folder, SERVER, "", "addition", right_client("addition"), server_)
    node = script(HELLO, [[ints(84, 98), 4] for _ in range(3)])
    yield from _entry("R9-node-client", CLIENT, "", "addition", node, right_server("addition"))
