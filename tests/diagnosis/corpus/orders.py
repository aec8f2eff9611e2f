"""Right fields in the wrong order or number; two mistakes in one program; both programs wrong; what has no name."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from conformance.agent.events import SERVER
from javaio import to_int32
from tests.conformance.exercise import checksum, longs
from tests.decoder.building import ints, utf
from tests.diagnosis.corpus.entry import Entry, Ways, make
from tests.diagnosis.corpus.meet import ANY, END, KILL, UTF, Item, Pause, Player, script
from tests.diagnosis.corpus.wire import (
    ADDRESS,
    BOOKS,
    FILES,
    FIRST,
    ORDERS,
    PAIRS,
    PLAIN,
    Dialect,
    bare,
    client,
    counted,
    digits,
    little,
    packed,
    right_client,
    right_server,
    server,
    varint_counted,
)

WAYS: Ways = ("written", "together")
HELLO = utf(ADDRESS)
Steps = Item | Iterable[Any]
WAITING = "both-sides-waiting"
EARLY = "answer-before-question"
LENGTH_1 = "one-byte-length|varint-length"
WIDE = "addition order"
WEST = "latin-1|other-charset"
BARE = "text-without-length|write-bytes"


def rounds(before: bytes = b"", between: bytes = b"", after: bytes = b"") -> list[Item]:
    """The questions of an addition, with more before, between and behind the numbers of each."""
    items: list[Item] = []
    for a, b in PAIRS:
        items += [piece for piece in (before, ints(a), between, ints(b), after) if piece]
        items.append(ANY)
    return items


def of_client(kind: str, must: str, name: str, *steps: Steps, may: str = WAITING) -> Iterator[Entry]:
    """A client that takes these steps, and a right server."""
    yield from make(kind, name, script(*steps), right_server(name), must=must, may=may, ways=WAYS)


def of_server(kind: str, must: str, name: str, *steps: Steps) -> Iterator[Entry]:
    """A server that takes these steps, and a right client."""
    yield from make(kind, name, right_client(name), script(*steps, ANY), at_fault=SERVER, must=must, ways=WAYS)


def answered(before: bytes = b"", after: bytes = b"") -> list[Item]:
    """Right answers of an addition, with more before and behind."""
    items: list[Item] = [UTF]
    for a, b in PAIRS:
        items += [8, *(piece for piece in (before, ints(a + b), after) if piece)]
    return items


def of_clients() -> Iterator[Entry]:
    """Fields that a client leaves out, adds, or sends elsewhere."""
    many = "field-too-many"
    yield from of_client("no address", "address-never-sent", "addition", rounds())
    yield from of_client("no address", "address-never-sent", "chat", utf("bob"), utf("salut"), ANY)
    # Nothing in the bytes tells these from an idle client's: only its console does.
    late = f"{WAITING}|{many}|field-missing"
    for kind, value in (("a port behind the address", 54321), ("how many numbers follow", 2)):
        yield from of_client(f"no name: {kind}", "", "addition", HELLO, ints(value), rounds(), may=late)
    late = f"{WAITING}|address-to-string"
    yield from of_client("no name: an empty address", "", "addition", utf(""), rounds(), may=late)
    yield from of_client("the address last", "wrong-order", "addition", ints(84), ints(98), HELLO, ANY)
    yield from of_client("the address between the numbers", "wrong-order", "addition", ints(84), HELLO, ints(98), ANY)
    for kind, extra in (
        ("a name", utf("alice")),
        ("a port as a short", struct.pack(">H", 54321)),
        ("a version", b"\1"),
        ("a password", utf("secret")),
        ("the name of the machine", utf("pc-salle-12")),
    ):
        yield from of_client(f"{kind} behind the address", many, "addition", HELLO, extra, rounds())
    yield from of_client("a name before the address", many, "addition", utf("alice"), HELLO, rounds())
    yield from of_client("a command before everything", many, "addition", utf("HELLO"), HELLO, rounds())
    for kind, extra in (
        ("an operator as a byte", b"+"),
        ("an operator as a char", b"\0+"),
        ("an operator as a text", utf("+")),
        ("a command", utf("ADD")),
        ("an opcode", ints(1)),
        ("the number of the request", ints(1)),
    ):
        yield from of_client(f"{kind} before each question", many, "addition", HELLO, rounds(before=extra))
        if extra != ints(1):
            yield from of_client(f"{kind} between the numbers", many, "addition", HELLO, rounds(between=extra))
    yield from of_client("a newline behind each question", many, "addition", HELLO, rounds(after=b"\n"))
    yield from of_client("the address before each question", many, "addition", HELLO, rounds(before=HELLO))
    yield from of_client("three numbers a question", many, "addition", HELLO, rounds(after=ints(5)))
    yield from of_client("one number a question", "field-missing|both-sides-waiting", "addition", HELLO, ints(84), ANY)
    colours = [[utf(a), utf("rouge"), utf(t), ANY] for a, t in PLAIN]
    yield from of_client("a colour in each message", many, "chat", HELLO, *colours)
    clock = [[utf(a), utf(t), longs(1_764_140_000_000), ANY] for a, t in PLAIN]
    yield from of_client("a time behind each message", many, "chat", HELLO, *clock)
    kinds = [[ints(1), utf(a), utf(t), ANY] for a, t in PLAIN]
    yield from of_client("a type before each message", many, "chat", HELLO, *kinds)
    swapped = [[utf(item), longs(price), ints(count), 8] for item, count, price in ORDERS]
    yield from of_client("price before quantity", "wrong-order", "order", utf("alice"), *swapped)
    lacking = [[utf(item), longs(price), 8] for item, _, price in ORDERS]
    yield from of_client("no quantity", "field-missing", "order", utf("alice"), *lacking)
    lacking = [[utf(item), ints(count), 8] for item, count, _ in ORDERS]
    yield from of_client("no price", "field-missing", "order", utf("alice"), *lacking)
    lacking = [[ints(count), longs(price), 8] for _, count, price in ORDERS]
    yield from of_client("no item", "field-missing", "order", utf("alice"), *lacking)
    unnamed = [[utf(item), ints(count), longs(price), 8] for item, count, price in ORDERS]
    yield from of_client("no name", "address-never-sent|field-missing", "order", *unnamed)
    more = [[utf(item), ints(count), longs(price), utf("EUR"), 8] for item, count, price in ORDERS]
    yield from of_client("a currency behind the price", many, "order", utf("alice"), *more)
    files = [[longs(len(data)), utf(name), data, 12] for name, data in FILES]
    yield from of_client("size before name", "wrong-order", "file-transfer", HELLO, *files)
    files = [[utf(name), data, longs(len(data)), 12] for name, data in FILES]
    yield from of_client("content before size", "wrong-order", "file-transfer", HELLO, *files)
    files = [[utf(name), data, 12] for name, data in FILES]
    yield from of_client("no size", "field-missing", "file-transfer", HELLO, *files)
    files = [[longs(len(data)), data, 12] for _, data in FILES]
    yield from of_client("no name of the file", "field-missing", "file-transfer", HELLO, *files)
    files = [[utf(name), longs(len(data)), utf(data.decode()), 12] for name, data in FILES]
    yield from of_client("content as a text", "field-too-many", "file-transfer", HELLO, *files)
    books = [[ints(book), struct.pack(">h", shelf), ANY] for shelf, book in BOOKS]
    yield from of_client(
        "book before shelf", "", "library", ANY, utf("Zoe"), *books, may="both-sides-waiting|wrong-order"
    )
    said = [utf(text) for _, text in (*PLAIN, *PLAIN)]
    for count in (3, 5):
        texts = [[text, Pause(1.0)] for text in said[:count]]
        yield from of_client(
            f"the author said once, and {count} texts", "field-missing", "chat", HELLO, utf("bob"), *texts, END, ANY
        )


def of_servers() -> Iterator[Entry]:
    """Answers too many, too early, or of another form."""
    many = "field-too-many"
    yield from of_server(
        "each answer twice", many, "addition", UTF, [i for a, b in PAIRS for i in (8, ints(a + b, a + b))], ANY
    )
    for kind, extra in (
        ("a status before each answer", ints(200)),
        ("a status byte before each answer", b"\1"),
        ("a status text before each answer", utf("OK")),
        ("an opcode before each answer", b"\x20"),
    ):
        yield from of_server(kind, many, "addition", answered(before=extra))
    for kind, extra in (
        ("a status behind each answer", ints(0)),
        ("a newline behind each answer", b"\n"),
        ("a text behind each answer", utf("OK")),
    ):
        yield from of_server(kind, many, "addition", answered(after=extra))
    # To the byte it is a long.
    status = f"{many}|long-for-int"
    yield from of_server("the status 0 before each answer", status, "addition", answered(before=ints(0)))
    both: list[Item] = [UTF]
    for a, b in PAIRS:
        both += [8, ints(a, b, a + b)]
    yield from of_server("the numbers and their sum", many, "addition", both)
    for kind, must, greeting in (
        ("a line", "banner|field-too-many", b"Welcome to the addition server!\n"),
        ("a line of Windows", "banner|field-too-many", b"Bienvenue\r\n"),
        ("a line without end", "banner|field-too-many", b"Hello client"),
        ("a text", many, utf("Welcome to the addition server!")),
        ("the number of the client", f"{many}|answer-before-question", ints(1)),
        ("a byte", many, b"\1"),
        ("the address of the client", many, utf("/127.0.0.1:54321")),
    ):
        yield from of_server(f"greets by {kind}", must, "addition", greeting, answered())
        late = [UTF, greeting, *answered()[1:]]
        yield from of_server(f"answers the address by {kind}", must, "addition", late)
    early: list[Item] = [UTF]
    for a, b in PAIRS:
        early += [4, ints(a), 4, ints(a + b)]
    yield from of_server("an answer for each number", "answer-before-question|field-too-many", "addition", early)
    patient = script(HELLO, 4, ints(84), ints(98), 4)  # asks once the answer is there
    eager = script(UTF, ints(0), 8, ints(182))
    yield from make(
        "an answer before the question",
        "addition",
        patient,
        eager,
        at_fault=SERVER,
        must=f"{EARLY}|field-too-many",
        ways=WAYS,
    )
    patient = script(HELLO, [[ints(a), 4, ints(b)] for a, b in PAIRS])
    eager = script(UTF, [[4, ints(a + b), 4] for a, b in PAIRS])
    yield from make("an answer between the numbers", "addition", patient, eager, at_fault=SERVER, must=EARLY, ways=WAYS)
    echo: list[Item] = [UTF, UTF, UTF]
    yield from of_server(
        "a text for each message", "field-missing", "chat", echo, *[[utf(t), UTF, UTF] for _, t in PLAIN[:2]]
    )
    yield from of_server(
        "the address before each message", many, "chat", UTF, *[[UTF, UTF, HELLO, utf(a), utf(t)] for a, t in PLAIN]
    )
    line = [[UTF, UTF, utf(f"{a}: {t}")] for a, t in PLAIN]
    yield from of_server("author and text in one text", "field-missing", "chat", UTF, *line)
    lines = [[UTF, UTF, f"{a}: {t}\n".encode()] for a, t in PLAIN]
    yield from of_server("author and text in a line", "text-writer|newline-for-length", "chat", UTF, *lines)
    totals = [[UTF, 12, longs(price, count * price)] for _, count, price in ORDERS]
    yield from of_server("the price before the total", many, "order", UTF, *totals)
    sums = [[UTF, 8, len(data), ints(checksum(data)) + longs(len(data))] for _, data in FILES]
    yield from of_server("checksum before size", "wrong-order", "file-transfer", UTF, *sums)
    sums = [[UTF, 8, len(data), ints(checksum(data))] for _, data in FILES]
    yield from of_server("no size in the answer", "field-missing", "file-transfer", UTF, *sums)
    sums = [[UTF, 8, len(data), longs(len(data))] for _, data in FILES]
    yield from of_server("no checksum", "field-missing|both-sides-waiting", "file-transfer", UTF, *sums)
    told = [[UTF, 8, len(data), utf("OK"), longs(len(data)), ints(checksum(data))] for _, data in FILES]
    yield from of_server("OK before each answer", many, "file-transfer", UTF, *told)
    titles = [[6, ints(book % 400), utf("Emma"), b"\1"] for _, book in BOOKS]
    yield from of_server("pages before title", "wrong-order", "library", utf("Library"), UTF, *titles)
    titles = [[6, utf("Emma"), ints(book % 400)] for _, book in BOOKS]
    yield from of_server(
        "nothing on whether it is there", "field-missing|both-sides-waiting", "library", utf("Library"), UTF, *titles
    )
    titles = [[6, utf("Emma"), utf("Jane Austen"), ints(book % 400), b"\1"] for _, book in BOOKS]
    yield from of_server("the author behind the title", many, "library", utf("Library"), UTF, *titles)
    titles = [[6, utf("Emma"), ints(book % 400), b"\1"] for _, book in BOOKS]
    yield from of_server("no greeting", "field-missing|both-sides-waiting", "library", UTF, *titles)


def several() -> Iterator[Entry]:
    """Two mistakes in one program."""
    order, four = "little-endian-int", "four-byte-length"
    ending, windows = Dialect(bare(end="\0"), little), Dialect(bare(end="\r\n"), digits("{}\r\n"))
    as_text = Dialect(number=lambda value, size: utf(str(value)))
    digit = "number-as-text|text-writer|text-without-length"
    rows: Sequence[tuple[str, str, str, Dialect]] = (
        ("C#'s BinaryWriter", f"{LENGTH_1} & {order}", "addition order file-transfer", Dialect(varint_counted, little)),
        (
            "all low byte first",
            f"little-endian-length & {order}",
            "addition order scale",
            Dialect(counted("<H"), little),
        ),
        ("all low byte first, 4 bytes of length", f"{four} & {order}", WIDE, Dialect(counted("<I"), little)),
        ("4 bytes of length, low byte first", f"{four} & {order}", WIDE, Dialect(counted(">I"), little)),
        ("no length, low byte first", f"{BARE} & {order}", WIDE, Dialect(bare(), little)),
        ("ends with NUL, low byte first", f"nul-terminated & {order}", WIDE, ending),
        ("4 bytes of length, doubles", f"{four} & double-for-int", WIDE, Dialect(counted(">I"), packed(">d"))),
        (
            "4 bytes of length, digits",
            f"{four} & number-as-text",
            WIDE,
            Dialect(counted(">I"), digits("{}\n")),
        ),
        ("no length, digits", f"{BARE}|text-writer & {digit}", "addition", Dialect(bare(), digits())),
        ("all in lines", "text-writer", "addition order", Dialect(bare(end="\n"), digits("{}\n"))),
        ("all in lines of Windows", "text-writer", "addition order scale", windows),
        (
            "all ends with NUL",
            "nul-terminated & number-as-text|nul-terminated",
            "addition",
            Dialect(bare(end="\0"), digits("{}\0")),
        ),
        ("all as writeUTF", "number-as-text", "addition order", as_text),
        (
            "4 bytes of length, Latin-1",
            f"{four} & {WEST}",
            "chat",
            Dialect(counted(">I", "latin-1"), said=PLAIN),
        ),
        (
            "1 byte of length, UTF-16",
            f"{LENGTH_1} & utf-16-text|write-chars",
            "chat",
            Dialect(counted("B", "utf-16-le")),
        ),
    )
    for kind, must, protocols, way in rows:
        for name in protocols.split():
            yield from make(kind, name, client(name, way), right_server(name), must=must, ways=WAYS)
    yield from of_client(
        "no address, and numbers low byte first",
        "address-never-sent & little-endian-int",
        "addition",
        little(84, 4),
        little(98, 4),
        4,
    )
    yield from of_client(
        "a name too many, and numbers low byte first",
        "field-too-many & little-endian-int",
        "addition",
        HELLO,
        utf("alice"),
        little(84, 4),
        little(98, 4),
        4,
    )
    for kind, must, name, way in (
        ("all low byte first", "little-endian-length", "library", Dialect(counted("<H"), little)),
        ("C#'s BinaryWriter", LENGTH_1, "library", Dialect(varint_counted, little)),
        ("all low byte first", f"little-endian-length & {order}", "scale", Dialect(counted("<H"), little)),
        ("all in lines", "text-writer", "library", Dialect(bare(end="\n"), digits("{}\n"))),
    ):
        yield from make(kind, name, right_client(name), server(name, way), at_fault=SERVER, must=must, ways=WAYS)


def both_wrong() -> Iterator[Entry]:
    """Each side wrong in its way, or both in the same: then it works between them."""

    def pair(kind: str, must: str, name: str, first: Player, second: Player) -> Iterator[Entry]:
        yield from make(kind, name, first, second, must=must, ways=WAYS)

    low = Dialect(number=little)
    for name in ("addition", "order", "scale"):
        # One name says it: who writes so reads so, too.
        suspicious = "either:little-endian-int"
        yield from pair("both low byte first", suspicious, name, client(name, low), server(name, low))
    small = ((84, 98), (7, 5), (20, 30))
    first, second = (
        client("addition", low, replace(FIRST, pairs=small)),
        server("addition", low, replace(FIRST, pairs=small)),
    )
    yield from pair("both low byte first, without a carry", "either:little-endian-int", "addition", first, second)
    asks: list[Item] = [f"{ADDRESS}\n".encode()]
    says: list[Item] = [ANY]
    for a, b in PAIRS:
        asks += [f"{a}\n{b}\n".encode(), ANY]
        says += [ANY, f"{a + b}\n".encode()]
    must = "client:text-writer & server:number-as-text|text-writer"
    yield from pair("both in lines", must, "addition", script(*asks), script(*says))
    asks = [json.dumps({"address": ADDRESS}).encode()]
    says = [ANY]
    for a, b in PAIRS:
        asks += [json.dumps({"first": a, "second": b}).encode(), ANY]
        says += [ANY, json.dumps({"sum": a + b}).encode()]
    yield from pair("both in JSON", "client:json & server:json", "addition", script(*asks), script(*says))
    wide = [[counted(">I")(a), counted(">I")(t)] for a, t in PLAIN]
    talk: list[Item] = [counted(">I")(ADDRESS)]
    for message in wide:
        talk += [*message, ANY]
    hears: list[Item] = [ANY]
    for message in wide:
        hears += [ANY, ANY, *message]
    must = "client:four-byte-length & server:four-byte-length"
    yield from pair("both with lengths of 4 bytes", must, "chat", script(*talk), script(*hears))
    bare_client = script(ADDRESS.encode(), ints(84), ints(98), ANY)
    low_server = script(ANY, ANY, ANY, little(182, 4), ANY)
    must = "client:text-without-length|write-bytes & server:little-endian-int"
    yield from pair("no length; the answer low byte first", must, "addition", bare_client, low_server)


def nameless() -> Iterator[Entry]:
    """What is wrong, and has no name: a problem is told, and nothing is found."""
    many = f"{WAITING}|answer-before-question|field-too-many"
    for kind, answer in (
        ("a sum that is one too large", lambda a, b: a + b + 1),
        ("the difference", lambda a, b: a - b),
        ("the product", lambda a, b: a * b),
        ("always zero", lambda a, b: 0),
        ("the first number", lambda a, b: a),
        ("the sum of all so far", lambda a, b: a + b + 7),
    ):
        steps: list[Item] = [UTF]
        for a, b in PAIRS:
            steps += [8, ints(to_int32(answer(a, b)))]
        yield from unnamed(f"the server answers {kind}", "addition", right_client("addition"), script(*steps, ANY))
    for kind, change in (("size", (1, 0)), ("checksum", (0, 1))):
        told = [[UTF, 8, len(d), longs(len(d) + change[0]), ints(to_int32(checksum(d) + change[1]))] for _, d in FILES]
        yield from unnamed(
            f"a wrong {kind} in the answer", "file-transfer", right_client("file-transfer"), script(UTF, *told, ANY)
        )
    many = f"{many}|closes-after-answer"
    stopped = script(UTF, 8, ints(182), 8)
    yield from unnamed("the server ends before the second answer", "addition", right_client("addition"), stopped, many)
    yield from unnamed("the server is killed", "addition", right_client("addition"), script(UTF, 8, KILL))
    yield from unnamed("the server ends at once", "addition", right_client("addition"), script())
    quits = script(HELLO, ints(84), END)
    yield from unnamed("the client ends inside a question", "addition", quits, right_server("addition"))
    cut = script(HELLO, ints(84), ints(98)[:3], END)
    yield from unnamed("the client ends inside a number", "addition", cut, right_server("addition"))
    cut = script(HELLO, utf("zoe"), utf("salut a tous")[:7], END)
    yield from unnamed("the client ends inside a text", "chat", cut, right_server("chat"))
    cut = script(HELLO, utf("a.txt"), longs(100), b"x" * 40, END)
    yield from unnamed("the client ends inside a file", "file-transfer", cut, right_server("file-transfer"))
    noise = bytes(number * 167 % 251 for number in range(600))
    yield from unnamed("the client sends noise", "addition", script(noise, ANY), right_server("addition"))
    yield from unnamed("the server sends noise", "addition", right_client("addition"), script(UTF, 8, noise, ANY))
    more = script(answered(), ints(7))
    yield from unnamed("the server gives one answer too many", "addition", right_client("addition"), more, many)


def unnamed(kind: str, name: str, first: Player, second: Player, may: str = WAITING) -> Iterator[Entry]:
    """It has no name; that both wait may be said."""
    yield from make(f"no name: {kind}", name, first, second, may=may)


def entries() -> Iterator[Entry]:
    """All of them."""
    yield from of_clients()
    yield from of_servers()
    yield from several()
    yield from both_wrong()
    yield from nameless()
