"""Right conversations, in the styles of many languages and with odd but legal values: nothing may be said of them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from javaio import to_int32, to_int64
from tests.conformance.exercise import answered, checksum, longs
from tests.decoder.building import ints, utf
from tests.diagnosis.corpus.entry import Entry, Ways, make
from tests.diagnosis.corpus.meet import ANY, END, KILL, UTF, Pause, Player, script
from tests.diagnosis.corpus.wire import ADDRESS, ORDERS, PAIRS, Pairs, right_client, right_server

ALL_WAYS: Ways = ("written", "together", "bytes")
OWED = (
    "both-sides-waiting|reads-lines|reads-to-end|little-endian-length-reader|one-recv-one-message|reads-once|not-flushed"
    "|object-stream-reader|two-buffers"
)
"""What a server may do that owes an answer."""
WAITING = "both-sides-waiting"
PROTOCOLS = ("addition", "chat", "order", "file-transfer", "library", "scale")


def says(
    kind: str, name: str, client: Player, server: Player, *, may: str = "", ways: Ways = ALL_WAYS
) -> Iterator[Entry]:
    """An entry of which nothing may be said, or only that both wait."""
    yield from make(f"right: {kind}", name, client, server, source="right", may=may, ways=ways)


def asking(pairs: Pairs, address: str = ADDRESS, pause: float = 0.0, *, pipelined: bool = False) -> Player:
    """A client of the addition; with `pipelined`, it reads once it has asked everything."""
    asked = [[Pause(pause), ints(a), ints(b), () if pipelined else 4] for a, b in pairs]
    return script(utf(address), asked, 4 * len(pairs) if pipelined else ())


def adding(
    pairs: Pairs, write: Callable[[int], Iterable[bytes]] = lambda total: [ints(total)], pause: float = 0.0
) -> Player:
    """A server of the addition that writes its answers in these pieces."""
    return script(UTF, [[8, Pause(pause), list(write(to_int32(a + b)))] for a, b in pairs], ANY)


def sums() -> Iterator[Entry]:
    """Additions."""
    limits = ((2**31 - 1, 1), (-(2**31), -1), (-1, -1), (0, 0), (2**31 - 1, 2**31 - 1), (-(2**31), 2**31 - 1))
    for kind, pairs in (
        ("ordinary sums", PAIRS),
        ("the limits of an int", limits),
        ("negative numbers", ((-5, 3), (-84, -98), (7, -7))),
        ("zeros", ((0, 0), (0, 0), (0, 5))),
        ("sums of one", ((1, 1),)),
        ("large numbers", ((1_000_000, 2_345_678), (123_456_789, 987_654_321))),
        ("hexadecimal numbers", ((0xCAFE, 0xBABE), (0x7FFFFFFF, 0x01010101))),
        ("numbers that are letters", ((0x41424344, 0x61626364), (0x20202020, 0x30303030))),
        ("powers of two", tuple((1 << bit, 1) for bit in range(0, 31, 3))),
        ("numbers of 256", ((256, 256), (512, 768), (65536, 65536))),
        ("a time of the clock", ((1_764_140_000, 3600), (1_764_143_600, 60))),
        ("four digits in each", tuple((0x30303030 + n, 0x31323334 + n) for n in range(5))),
        ("no question", ()),
    ):
        may = "number-as-text" if kind == "four digits in each" else ""  # a suspicion that a teacher has, too
        yield from says(kind, "addition", asking(pairs), right_server("addition"), may=may)
        at_once = asking(pairs, pipelined=True)
        yield from says(f"{kind}, pipelined", "addition", at_once, right_server("addition"), may=may)
    for address in ("::1", "2001:db8::1", "192.168.100.200", "8.8.8.8", "fe80::1%eth0", "::ffff:127.0.0.1"):
        yield from says(f"the address {address}", "addition", asking(PAIRS, address), right_server("addition"))
    halves: Sequence[tuple[str, Callable[[int], Iterable[bytes]]]] = (
        ("an answer in two pieces", lambda total: (ints(total)[:2], ints(total)[2:])),
        ("an answer in 1 and 3", lambda total: (ints(total)[:1], ints(total)[1:])),
        ("an answer byte by byte", lambda total: [bytes([byte]) for byte in ints(total)]),
    )
    for kind, write in halves:
        yield from says(kind, "addition", right_client("addition"), adding(PAIRS, write))
    for seconds in (0.3, 1.0, 4.0, 8.0):
        slow, may = asking(PAIRS, pause=seconds), WAITING if seconds > 4 else ""
        yield from says(f"{seconds} s between questions", "addition", slow, right_server("addition"), may=may)
        # After 5 s without an answer nobody can tell a slow server from one that waits for more.
        slow, maybe = adding(PAIRS, pause=seconds), OWED if seconds > 4 else ""
        yield from says(f"{seconds} s for each answer", "addition", right_client("addition"), slow, may=maybe)
        inside = [[ints(a)[:2], Pause(seconds), ints(a)[2:], ints(b), 4] for a, b in PAIRS]
        kind = f"{seconds} s inside a number"
        yield from says(
            kind, "addition", script(utf(ADDRESS), inside), right_server("addition"), may=may, ways=("written",)
        )
        late = script(utf(ADDRESS)[:5], Pause(seconds), utf(ADDRESS)[5:], ints(84, 98), 4)
        yield from says(
            f"{seconds} s inside the address", "addition", late, right_server("addition"), may=may, ways=("written",)
        )
    early = script(utf(ADDRESS), [ints(a, b) for a, b in PAIRS], END, 4 * len(PAIRS))
    yield from says("the client ends its side before it reads", "addition", early, right_server("addition"))
    kept = script(utf(ADDRESS), ints(84, 98), 4, ANY)
    yield from says("a client that stays", "addition", kept, right_server("addition"), may=WAITING)
    gone = script(utf(ADDRESS), ints(84, 98), 4, KILL)
    left = "closes-before-answer"  # a kill, or bytes unread: nobody can tell
    yield from says("a client that ends with a reset", "addition", gone, right_server("addition"), may=left)
    silent = script(ANY)
    yield from says(
        "a client that says nothing", "addition", silent, right_server("addition"), may=f"{WAITING}|not-flushed"
    )
    yield from says("a client that comes and goes", "addition", script(), right_server("addition"))
    long = tuple((number * 7919 % 100_003, number) for number in range(400))
    yield from says(
        "400 sums, pipelined", "addition", asking(long, pipelined=True), right_server("addition"), ways=("together",)
    )
    yield from says("400 sums", "addition", asking(long), right_server("addition"), ways=("written",))


TALKS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("ordinary texts", (("alice", "salut"), ("alice", "ça va ?"), ("bob", "oui !"))),
    ("empty texts", (("alice", ""), ("", "salut"), ("", ""))),
    ("NUL in texts", (("alice", "a\0b"), ("al\0ce", "\0"), ("bob", "fin\0"))),
    ("emoji", (("zoé 😀", "😀😀😀"), ("bob", "👩‍👩‍👧‍👦 et 🇫🇷"), ("bob", "fin"))),
    ("lone surrogates", (("alice", "\ud83d"), ("bob", "\ude00 x"))),
    ("many scripts", (("花子", "こんにちは"), ("Иван", "привет"), ("עדה", "שלום"), ("Ελένη", "γειά"))),
    ("texts that look like JSON", (("alice", '{"a": 1}'), ("bob", '["x"]'))),
    ("texts that look like HTTP", (("alice", "GET / HTTP/1.1"), ("bob", "HTTP/1.1 200 OK"))),
    ("texts that look like XML", (("alice", "<b>salut</b>"), ("bob", "<?xml version='1.0'?>"))),
    ("texts that are numbers", (("1", "42"), ("2", "1764140000"), ("3", "-7"))),
    ("texts with line ends", (("alice", "un\ndeux\r\ntrois\n"), ("bob", "\n"))),
    ("texts with quotes", (("alice", "l'été d'\"Anna\""), ("bob", "\\n"))),
    ("text in base64", (("alice", "c2FsdXQ="), ("bob", "Y2EgdmE/"))),
    ("a text of one letter", (("a", "b"), ("c", "d"), ("e", "f"))),
    ("a text with a mark", (("alice", "\ufeffsalut"), ("bob", "fin"))),
    ("a text about bytes", (("alice", "essaie print(b'abc')"), ("bob", "[B@1b6d3586 ?"))),
    ("replacement characters", (("alice", "l\ufffd\ufffdt\ufffd"), ("bob", "quoi ?"))),
    ("a long text", (("alice", "x" * 60_000), ("bob", "court"))),
    ("the longest text", (("alice", "y" * 65_535), ("bob", "fin"))),
    ("a text of 256 bytes", (("alice", "z" * 256), ("bob", "w" * 255), ("bob", "v" * 257))),
    ("control characters", (("alice", "\x07\x1b[31mrouge\x1b[0m"), ("bob", "\x01\x02\x03"))),
)


def talks() -> Iterator[Entry]:
    """Chats."""
    for kind, said in TALKS:
        mark = "byte-order-mark" if "mark" in kind else ""  # a suspicion that a teacher has, too
        big = any(len(text) > 1000 for _, text in said)
        ways: Ways = ("written", "together") if big else ALL_WAYS
        sent = [[utf(author), utf(text)] for author, text in said]
        alone = script(utf(ADDRESS), [[*message, UTF, UTF] for message in sent])
        yield from says(kind, "chat", alone, right_server("chat"), may=mark, ways=ways)
        heard = script(utf(ADDRESS), [[UTF, UTF] for _ in said])
        others = script(UTF, [[Pause(0.4), *message] for message in sent], ANY)
        yield from says(f"{kind}, of others", "chat", heard, others, may=f"{WAITING}|{mark}", ways=ways)
    listener = script(utf(ADDRESS), Pause(20.0), END)
    yield from says("a listener", "chat", listener, script(UTF, ANY), may=WAITING)
    both = script(utf(ADDRESS), [[utf("alice"), utf(f"message {n}"), Pause(0.05)] for n in range(30)], END, ANY)
    yield from says("many messages", "chat", both, right_server("chat"), ways=("written", "together"))
    typist = script(utf(ADDRESS), [[Pause(6.0), utf("alice"), utf(text), UTF, UTF] for text in ("un", "deux")])
    yield from says("6 s between messages", "chat", typist, right_server("chat"), may=WAITING)


def others() -> Iterator[Entry]:
    """The other protocols."""
    for name in PROTOCOLS[2:]:
        yield from says("ordinary values", name, right_client(name), right_server(name))
        if name == "library":
            yield from says("ordinary values, with accents", name, right_client(name, accents=True), right_server(name))
    contents = (
        b"",
        b"\0",
        bytes(1000),
        bytes(range(256)) * 4,
        "été 😀".encode() * 30,
        b"\n",
        b"PK\3\4" + bytes(30),
        b"\x1f\x8b\x08",
    )
    for number, content in enumerate(contents):
        sent = script(utf(ADDRESS), utf("é.txt"), longs(len(content)), content, 12)
        replies = script(UTF, UTF, 8, len(content), answered(content)[1], ANY)
        yield from says(f"content {number} of a file", "file-transfer", sent, replies, ways=("written", "together"))
    many = script(utf(ADDRESS), [[utf(f"{n}.txt"), longs(n), b"x" * n] for n in range(20)], END, 12 * 20)
    yield from says(
        "20 files, pipelined", "file-transfer", many, right_server("file-transfer"), ways=("written", "together")
    )
    halves = script(
        UTF, [[UTF, 8, 3, longs(3)[:4], Pause(0.2), longs(3)[4:] + ints(checksum(b"abc"))] for _ in range(2)], ANY
    )
    three = script(utf(ADDRESS), [[utf("abc"), longs(3), b"abc", 12] for _ in range(2)])
    yield from says("an answer in pieces", "file-transfer", three, halves)
    for kind, orders in (
        ("negative quantities", (("retour", -3, 250), ("avoir", -1, 999))),
        ("no quantity", (("rien", 0, 250), ("", 0, 0))),
        ("limits", (("tout", 2**31 - 1, 2**63 - 1), ("moins", -(2**31), 2))),
        ("prices in cents", (("vélo", 1, 123_456_789), ("maison", 2, 45_000_000_00))),
        ("items that are numbers", (("84", 84, 98), ("98", 98, 84))),
    ):
        asks = [[utf(item), ints(count), longs(price), 8] for item, count, price in orders]
        told = [[UTF, 12, longs(to_int64(count * price))] for _, count, price in orders]
        yield from says(kind, "order", script(utf("zoé"), asks), script(UTF, told, ANY))
    asks = [[struct.pack(">hi", shelf, book), UTF, 5] for shelf, book in ((-1, 2**31 - 1), (0, 0), (300, 70_000))]
    told = [
        [6, utf(title), ints(pages), there]
        for title, pages, there in (("", 0, b"\0"), ("É", -1, b"\1"), ("1984", 1984, b"\2"))
    ]
    yield from says("odd values", "library", script(UTF, utf(""), asks), script(utf(""), UTF, told, ANY))
    weights = ((0, 2**63 - 1, -1), (255, -5, -5), (128, 1 << 40, 1 << 41))
    asks = [[struct.pack(">Bqq", *each), 8, UTF] for each in weights]
    told = [[17, longs(to_int64(left - other)), utf("=")] for _, left, other in weights]
    yield from says("odd values", "scale", script(utf("::"), asks), script(UTF, told, ANY))


def broken_off() -> Iterator[Entry]:
    """The beginnings of right conversations, which somebody ended between two fields."""
    fields: Sequence[tuple[str, list[bytes]]] = (
        ("addition", [utf(ADDRESS), ints(84), ints(98)]),
        ("chat", [utf(ADDRESS), utf("alice"), utf("salut")]),
        ("order", [utf("alice"), *(piece for item, n, p in ORDERS[:1] for piece in (utf(item), ints(n), longs(p)))]),
        ("file-transfer", [utf(ADDRESS), utf("a.txt"), longs(5), b"hello"]),
        ("scale", [utf(ADDRESS), b"\1", longs(40), longs(2)]),
    )
    for name, parts in fields:
        for count in range(1, len(parts)):
            begun: Iterable[Any] = parts[:count]
            waits = script(begun, ANY)
            kind = f"nothing comes behind {count} of {len(parts)} fields"
            yield from says(
                kind, name, waits, right_server(name), may=f"{WAITING}|not-flushed", ways=("written", "together")
            )


def entries() -> Iterator[Entry]:
    """All of them."""
    yield from sums()
    yield from talks()
    yield from others()
    yield from broken_off()
