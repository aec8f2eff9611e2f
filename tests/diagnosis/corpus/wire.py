"""Ways to write texts and numbers, right and wrong, and peers that write so."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from javaio import DataInputStream, DataOutputStream, to_int64
from tests.conformance.exercise import checksum
from tests.decoder.building import utf
from tests.diagnosis.corpus.meet import ANY, UTF, Item, Player, right, script
from tests.diagnosis.peers import addition_server, chat_server, order_server

Text = Callable[[str], bytes]
Number = Callable[[int, int], bytes]
Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Values:
    """What is said on every protocol."""

    address: str
    name: str
    pairs: Pairs
    plain: Sequence[tuple[str, str]]
    accents: Sequence[tuple[str, str]]
    orders: Sequence[tuple[str, int, int]]
    files: Sequence[tuple[str, bytes]]
    books: Sequence[tuple[int, int]]
    weights: Sequence[tuple[int, int, int]]


FIRST = Values(
    "127.0.0.1",
    "Zoé",
    ((84, 98), (200, 100), (7, 0)),
    (("alice", "salut à tous"), ("alice", "comment allez-vous ?"), ("bob", "bien, et toi")),
    (("zoé", "l’été est là"), ("zoé", "ça va ?"), ("bob", "à bientôt 😀")),
    (("apples", 3, 250), ("pears", 4, 310)),
    (("notes.txt", b"Bonjour a tous, voici un fichier.\n" * 3), ("a.csv", b"1;2;3\n")),
    ((3, 1042), (12, 77)),
    ((1, 1500, 300), (2, 40, 250)),
)
OTHER = Values(
    "192.168.10.245",
    "Hélène Müller",
    ((5, 12), (1000, 24), (12_345, 6_789), (300, 41)),
    (("max", "où es-tu ?"), ("léa", "à la plage, et toi, tu viens demain ?"), ("max", "non"), ("léa", "dommage !")),
    (("noël", "où ça ?"), ("noël", "là-bas… 🏖️"), ("max", "déjà vu")),
    (("vélo rouge", 1, 12_990), ("pneu", 12, 2_450), ("lampe", 2, 999)),
    (("rapport final.md", b"# Titre\n\nDu texte, et encore du texte.\n" * 9),),
    ((1, 20_001), (7, 350), (2, 40_400)),
    ((3, 90_000, 12_345), (1, 7, 7)),
)
BRIEF = Values(
    "10.0.0.7",
    "Noël",
    ((15, 27),),
    (("ana", "très bien, merci"),),
    (("ana", "très bien 😀"),),
    (("book", 2, 1_500),),
    (("x.bin", bytes(range(40))),),
    ((4, 321),),
    ((1, 640, 16),),
)
SETS: dict[str, Values] = {"": FIRST, "other": OTHER, "brief": BRIEF}
"""The values with which each way to write is tried, by what they add to an entry's name."""


def add_random_values(count: int) -> None:
    """Adds so many sets of ordinary values, the same each time."""
    for seed in range(1, count + 1):
        drawn = random.Random(seed)

        def size(most: int, drawn: random.Random = drawn) -> int:
            return int(10 ** drawn.uniform(0, most))

        def words(count: int, drawn: random.Random = drawn) -> str:
            return " ".join(drawn.choice(_WORDS) for _ in range(count))

        def texts(rounds: int, drawn: random.Random = drawn) -> tuple[tuple[str, str], ...]:
            return tuple((drawn.choice(_NAMES), f"{words(drawn.randint(1, 9))} été") for _ in range(rounds))

        SETS[f"random {seed}"] = Values(
            ".".join(str(drawn.randint(1, 254)) for _ in range(4)),
            drawn.choice(_NAMES),
            tuple((size(6), size(6) * drawn.choice((1, 1, -1))) for _ in range(drawn.randint(1, 6))),
            texts(drawn.randint(1, 6)),
            texts(drawn.randint(1, 6)),
            tuple((words(2), size(3), size(5)) for _ in range(drawn.randint(1, 4))),
            tuple((f"{words(1)}.txt", words(size(2)).encode()) for _ in range(drawn.randint(1, 3))),
            tuple((size(2), size(5)) for _ in range(drawn.randint(1, 4))),
            tuple((drawn.randint(0, 9), size(6), size(6)) for _ in range(drawn.randint(1, 4))),
        )


_NAMES = ("Zoé", "Léa", "Noël", "Hélène", "José", "Anaïs")
_WORDS = ("bonjour", "demain", "à", "la", "où", "pomme", "école", "13", "vélo", "salut", "hier", "rouge", "oui", "non")
ADDRESS, PAIRS, PLAIN, ORDERS = FIRST.address, FIRST.pairs, FIRST.plain, FIRST.orders
FILES, BOOKS, WEIGHTS = FIRST.files, FIRST.books, FIRST.weights


def number(value: int, size: int) -> bytes:
    """As Java has it: high byte first, two's complement."""
    return value.to_bytes(size, "big", signed=value < 0)


def little(value: int, size: int) -> bytes:
    """The low byte first."""
    return number(value, size)[::-1]


def packed(form: str) -> Number:
    """Whatever the size should be, by that form of `struct`."""
    return lambda value, size: struct.pack(form, value)


def digits(form: str = "{}", encoding: str = "ascii") -> Number:
    """The number as text."""
    return lambda value, size: form.format(value).encode(encoding)


def counted(head: str, encoding: str = "utf-8", extra: int = 0) -> Text:
    """A length by that form of `struct`, and the text; `extra` is what the length says too much."""

    def write(text: str) -> bytes:
        data = text.encode(encoding)
        return struct.pack(head, len(data) + extra) + data

    return write


def bare(encoding: str = "utf-8", end: str = "", errors: str = "strict") -> Text:
    """The text and what ends it, without a length."""
    return lambda text: (text + end).encode(encoding, errors)


def varint(value: int) -> bytes:
    """Groups of seven bits, the lowest first."""
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def varint_counted(text: str) -> bytes:
    """As C#'s BinaryWriter writes a string."""
    return varint(len(text.encode())) + text.encode()


def same(data: bytes) -> bytes:
    """Nothing around it."""
    return data


@dataclass(frozen=True)
class Dialect:
    """How a program writes: its texts, its numbers, its address (else as a text), its opening texts (else too), and
    what it wraps around all that it writes at a time."""

    text: Text = utf
    number: Number = number
    address: Text | None = None
    opening: Text | None = None
    wrap: Callable[[bytes], bytes] = same
    accents: bool = False
    said: Sequence[tuple[str, str]] = field(default=())

    @property
    def first(self) -> Text:
        """How it writes the first text."""
        return self.opening or self.address or self.text


def client(protocol: str, way: Dialect, said: Values = FIRST) -> Player:
    """A client that writes so: field by field, and reads an answer behind each question."""
    t, n = way.text, way.number
    messages = way.said or (said.accents if way.accents else said.plain)
    rounds: list[list[bytes]]
    match protocol:
        case "addition":
            opening, rounds = (way.address or way.first)(said.address), [[n(a, 4), n(b, 4)] for a, b in said.pairs]
        case "chat":
            opening, rounds = (
                (way.address or way.first)(said.address),
                [[t(author), t(text)] for author, text in messages],
            )
        case "order":
            opening, rounds = (
                way.first(said.name),
                [[t(item), n(count, 4), n(price, 8)] for item, count, price in said.orders],
            )
        case "file-transfer":
            opening = (way.address or way.first)(said.address)
            rounds = [[t(name), n(len(content), 8), content] for name, content in said.files]
        case "library":
            opening, rounds = way.first(said.name), [[n(s, 2), n(b, 4)] for s, b in said.books]
        case "scale":
            opening = (way.address or way.first)(said.address)
            rounds = [[bytes([u]), n(a, 8), n(b, 8)] for u, a, b in said.weights]
        case _:
            raise ValueError(protocol)
    items: list[Item] = [ANY] if protocol == "library" else []
    items.append(way.wrap(opening))
    for fields in rounds:
        items += [*([way.wrap(b"".join(fields))] if way.wrap is not same else fields), ANY]
    return script(*items)


def server(protocol: str, way: Dialect, said: Values = FIRST) -> Player:
    """A server that reads what right clients send, and writes its answers so."""
    t, n = way.text, way.number
    items: list[Item] = []
    match protocol:
        case "addition":
            items.append(UTF)
            for a, b in said.pairs:
                items += [8, *_answer(way, n(a + b, 4))]
        case "order":
            items.append(UTF)
            for _, count, price in said.orders:
                items += [UTF, 12, *_answer(way, n(count * price, 8))]
        case "file-transfer":
            items.append(UTF)
            for _, content in said.files:
                size, crc = n(len(content), 8), n(checksum(content), 4)
                items += [UTF, 8, len(content), *_answer(way, size, crc)]
        case "chat":
            items.append(UTF)
            for author, text in way.said or (said.accents if way.accents else said.plain):
                items += [UTF, UTF, *_answer(way, t(author), t(text))]
        case "library":
            items += [way.first("Bienvenue à la bibliothèque" if way.accents else "Library"), UTF]
            for _, book in said.books:
                title = "Les Misérables" if way.accents else "Emma"
                items += [6, *_answer(way, t(title), n(book % 400, 4), b"\1")]
        case "scale":
            items.append(UTF)
            for _, left, right_ in said.weights:
                items += [
                    17,
                    *_answer(way, n(left - right_, 8), t("schwer" if left > right_ else "leicht")),
                ]
        case _:
            raise ValueError(protocol)
    return script(*items, ANY)


def _answer(way: Dialect, *fields: bytes) -> list[Item]:
    if way.wrap is not same:
        return [way.wrap(b"".join(fields))]
    return list(fields)


def right_client(protocol: str, said: Values = FIRST, *, accents: bool = False) -> Player:
    """A client of ours: over data streams, and a question behind each answer."""

    def play(inp: DataInputStream, out: DataOutputStream) -> None:
        match protocol:
            case "addition":
                out.write_utf(said.address)
                for first, second in said.pairs:
                    out.write_int(first)
                    out.write_int(second)
                    inp.read_int()
            case "chat":
                out.write_utf(said.address)
                for author, text in said.accents if accents else said.plain:
                    out.write_utf(author)
                    out.write_utf(text)
                    inp.read_utf()
                    inp.read_utf()
            case "order":
                out.write_utf(said.name)
                for item, count, price in said.orders:
                    out.write_utf(item)
                    out.write_int(count)
                    out.write_long(price)
                    inp.read_long()
            case "file-transfer":
                out.write_utf(said.address)
                for name, content in said.files:
                    out.write_utf(name)
                    out.write_long(len(content))
                    out.write(content)
                    inp.read_long()
                    inp.read_int()
            case "library":
                inp.read_utf()
                out.write_utf(said.name)
                for shelf, book in said.books:
                    out.write_short(shelf)
                    out.write_int(book)
                    inp.read_utf()
                    inp.read_int()
                    inp.read_boolean()
            case "scale":
                out.write_utf(said.address)
                for unit, left, right_ in said.weights:
                    out.write_byte(unit)
                    out.write_long(left)
                    out.write_long(right_)
                    inp.read_long()
                    inp.read_utf()

    return right(play)


def right_server(protocol: str) -> Player:
    """A server of ours: over data streams, until the client ends or sends no value."""

    def files(inp: DataInputStream, out: DataOutputStream) -> None:
        inp.read_utf()
        while True:
            inp.read_utf()
            size = inp.read_long()
            pieces = [inp.read_fully(min(size - at, 1 << 16)) for at in range(0, size, 1 << 16)]
            content = b"".join(pieces)
            out.write_long(len(content))
            out.write_int(checksum(content))

    def library(inp: DataInputStream, out: DataOutputStream) -> None:
        out.write_utf("Library")
        inp.read_utf()
        while True:
            inp.read_short()
            book = inp.read_int()
            out.write_utf("Les Misérables")
            out.write_int(book % 400)
            out.write_boolean(book % 2 == 0)

    def scale(inp: DataInputStream, out: DataOutputStream) -> None:
        inp.read_utf()
        while True:
            inp.read_unsigned_byte()
            difference = to_int64(inp.read_long() - inp.read_long())
            out.write_long(difference)
            out.write_utf("heavier" if difference > 0 else "lighter")

    peers = {
        "addition": addition_server,
        "chat": chat_server,
        "order": order_server,
        "file-transfer": files,
        "library": library,
        "scale": scale,
    }
    return right(peers[protocol])
