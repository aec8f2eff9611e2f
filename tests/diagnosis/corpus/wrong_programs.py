"""The wrong programs of `tests/diagnosis/wrong` and `tests/conformance/broken`, as what they send."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from conformance.agent.events import CLIENT, SERVER, Side
from tests.conformance.exercise import longs
from tests.decoder.building import ints, utf
from tests.diagnosis.corpus.entry import Entry, Ways, make
from tests.diagnosis.corpus.meet import ANY, REST, UTF, Pause, Player, script
from tests.diagnosis.corpus.wire import FIRST, PAIRS, right_client, right_server

WAYS: Ways = ("written", "together")
TEXT = b"127.0.0.1"
HELLO = utf("127.0.0.1")
WAITING = "both-sides-waiting"
BARE = "text-without-length|write-bytes"


def object_stream() -> Iterator[tuple[str, bytes]]:
    """What Java's ObjectOutputStream makes of the address and two ints, as objects and as data."""
    integer = bytes.fromhex(
        "737200116a6176612e6c616e672e496e746567657212e2a0a4f781873802000149000576616c7565"
        "787200106a6176612e6c616e672e4e756d62657286ac951d0b94e08b0200007870"
    )
    head = b"\xac\xed\0\5"
    yield "WriteObjectClient.java", head + b"t" + HELLO + integer + ints(84) + b"sq\0~\0\1" + ints(98)
    yield "ObjectStreamClient.java", head + b"w\x13" + HELLO + ints(84, 98)


def clients() -> Iterator[tuple[str, str, str, Player]]:
    """The program, what must be said of it, its protocol, and what it does."""
    numbers, last = ints(84, 98), (4,)
    yield "little_endian_client.py", "little-endian-int", "addition", script(HELLO, struct.pack("<ii", 84, 98), last)
    yield "digits_client.py", "number-as-text", "addition", script(HELLO, b"84\n", b"98\n", last)
    yield "bare_text_client.py", BARE, "addition", script(TEXT, numbers, last)
    texts = "zoé".encode(), "salut à tous".encode()
    yield "chat_bare_client.py", "text-without-length", "chat", script(HELLO, texts, last)
    yield "four_byte_length_client.py", "four-byte-length", "addition", script(ints(9) + TEXT, numbers, last)
    yield (
        "one_byte_length_client.py",
        "one-byte-length|varint-length",
        "addition",
        script(b"\x09" + TEXT, numbers, last),
    )
    yield "little_endian_length_client.py", "little-endian-length", "addition", script(b"\x09\0" + TEXT, numbers, last)
    yield "newline_client.py", "newline-for-length", "addition", script(TEXT + b"\n", numbers, last)
    yield "print_client.py", "text-writer", "addition", script(TEXT + b"\n84\n98\n", last)
    yield "PrintWriterClient.java", "text-writer", "addition", script(TEXT, b"\n", b"84", b"\n", b"98", b"\n", ANY)
    lines = "127.0.0.1\nzoé\nsalut à tous\n".encode()
    yield "BufferedWriterClient.java", "text-writer", "chat", script(lines, ANY)
    told = [struct.pack(">H", len(text)) + text.encode() for text in ("zoé", "l’été est là")]
    yield "characters_client.py", "characters-for-bytes", "chat", script(HELLO, told, last)
    told = [struct.pack(">H", len(text.encode())) + text.encode() for text in ("zoé", "bonjour 😀")]
    yield "standard_utf8_client.py", "standard-utf-8", "chat", script(HELLO, told, last)
    told = [struct.pack(">H", len(text)) + text.encode("latin-1") for text in ("zoé", "à bientôt")]
    yield "latin1_client.py", "latin-1|other-charset", "chat", script(HELLO, told, last)
    yield "WriteCharsClient.java", "write-chars", "addition", script("127.0.0.1".encode("utf-16-be"), numbers, ANY)
    told = [text.encode("latin-1") for text in ("zoé", "à bientôt")]
    yield "WriteBytesClient.java", "write-bytes", "chat", script(HELLO, told, ANY)
    for name, data in object_stream():
        yield name, "write-object", "addition", script(data, ANY)
    yield (
        "WriteLongClient.java",
        "long-for-int",
        "addition",
        script(HELLO, longs(84, 98, 12, 7, 55, 3), ANY, Pause(1.0)),
    )
    yield "byte_client.py", "byte-for-int", "addition", script(HELLO, b"\x54\x62", last)
    orders = [utf(item) + ints(count, price) for item, count, price in (("apples", 3, 250), ("pears", 4, 310))]
    yield "int_for_long_client.py", "number-of-another-size", "order", script(utf("alice"), orders, last)
    yield "no_address_client.py", "address-never-sent", "addition", script(numbers, last)
    yield "half_question_client.py", f"{WAITING}|field-missing", "addition", script(HELLO, ints(84), last)
    yield "wrong_order_client.py", "wrong-order", "addition", script(numbers, HELLO, last)
    swapped = [utf(item) + struct.pack(">qi", price, n) for item, n, price in (("apples", 3, 250), ("pears", 4, 310))]
    yield "swapped_order_client.py", "wrong-order", "order", script(utf("alice"), swapped, last)
    yield "name_too_many_client.py", "field-too-many", "addition", script(HELLO + utf("alice"), numbers, last)
    lacking = [utf(item) + longs(price) for item, price in (("apples", 250), ("pears", 310))]
    yield "missing_quantity_client.py", "field-missing", "order", script(utf("alice"), lacking, last)
    yield "broken/four_byte_length.py", "four-byte-length", "addition", script(ints(9) + TEXT, ints(84), ints(98), last)
    late = script(HELLO, ints(84), last, ints(98))
    yield "broken/sends_second_late.py", f"{WAITING}|field-missing", "addition", late
    yield "broken/waits.py", f"{WAITING}|not-flushed", "addition", script(REST)
    yield "broken/asks_once.py", "", "addition", script(HELLO, ints(84), ints(98), 4)
    yield "broken/hangs.py", "", "addition", script(HELLO, [[ints(a), ints(b), 4] for a, b in PAIRS], ANY)


def servers() -> Iterator[tuple[str, str, Player]]:
    """Of the addition: the program, what must be said of it, and what it does."""

    def answering(*answers: bytes) -> Player:
        return script(UTF, [[8, answer] for answer in answers], ANY)

    totals = [a + b for a, b in PAIRS]
    low = [struct.pack("<i", total) for total in totals]
    swapped = [sum(struct.unpack("<ii", ints(a, b))) % 2**32 for a, b in PAIRS]
    yield "little_endian_server.py", "little-endian-int", answering(*low)
    reader = "little-endian-reader|little-endian-int"
    yield "little_endian_reader.py", reader, answering(*(struct.pack(">I", total) for total in swapped))
    yield "digits_server.py", "number-as-text", answering(*(str(total).encode() for total in totals))
    yield "WriteLongServer.java", "long-for-int", answering(*(longs(total) for total in totals))
    yield "WriteByteServer.java", "byte-for-int", answering(*(bytes([total % 256]) for total in totals))
    yield "short_server.py", "short-for-int", answering(*(struct.pack(">h", total) for total in totals))
    yield (
        "greeting_server.py",
        "field-too-many",
        script(UTF, utf("Bonjour"), [[8, ints(total)] for total in totals], ANY),
    )
    yield "web_server.py", "http-answer", script(ANY, b"HTTP/1.1 400 Bad Request\r\n\r\n", ANY)
    yield "broken/little_endian.py", "little-endian-int", answering(*low)
    yield "broken/one_byte_too_many.py", "", script(UTF, [[8, ints(total)] for total in totals], b"\0")
    yield "broken/crashes.py", "", script(UTF, 8, ints(182), 8)
    yield "broken/mute", "both-sides-waiting|one-recv-one-message|reads-to-end|reads-lines", script(REST)


def wrapping() -> Iterator[tuple[str, str, Player]]:
    """Those that show at the limits of an int."""
    beyond = script(UTF, 8, ints(182), 8)
    yield "broken/forgets_to_wrap.py", "no-wrap", beyond
    yield "broken/clamps.py", "no-wrap", script(UTF, 8, ints(182), 8, ints(2**31 - 1), ANY)


def entries() -> Iterator[Entry]:
    """All of them."""

    def entry(name: str, must: str, protocol: str, side: Side, first: Player, second: Player) -> Iterator[Entry]:
        yield from make(name, protocol, first, second, source="wrong programs", at_fault=side, must=must, ways=WAYS)

    for name, must, protocol, wrong in clients():
        yield from entry(name, must, protocol, CLIENT, wrong, right_server(protocol))
    for name, must, wrong in servers():
        yield from entry(name, must, "addition", SERVER, right_client("addition"), wrong)
    eager = script(HELLO, 4, ints(84), ints(98), 4)  # it asks when the answer is there
    yield from entry("eager_server.py", "answer-before-question", "addition", SERVER, eager, script(UTF, ints(0), 8, 8))
    early = script(HELLO, [[ints(a), 4, ints(b)] for a, b in PAIRS])
    guesses = zip(PAIRS, (98, 99, 5), strict=True)
    answers = script(UTF, [[4, ints(a + guess), 4] for (a, _), guess in guesses])
    yield from entry("broken/answers_early.py", "answer-before-question", "addition", SERVER, early, answers)
    for name, must, wrong in wrapping():
        asks = right_client("addition", replace(FIRST, pairs=((84, 98), (2**31 - 1, 1), (7, 0))))
        yield from entry(name, must, "addition", SERVER, asks, wrong)
