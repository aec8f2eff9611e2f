"""Texts and numbers in another form than the protocol's, of clients and of servers."""

from __future__ import annotations

import base64
import codecs
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace

from conformance.agent.events import SERVER
from tests.decoder.building import utf
from tests.diagnosis.corpus.entry import Entry, Ways, make
from tests.diagnosis.corpus.wire import (
    FIRST,
    PLAIN,
    SETS,
    Dialect,
    Number,
    Text,
    bare,
    client,
    counted,
    digits,
    little,
    number,
    packed,
    right_client,
    right_server,
    server,
    varint_counted,
)

ALL_WAYS: Ways = ("written", "together", "bytes")
TWO_WAYS: Ways = ("written", "together")
ANY_BARE = "text-without-length|write-bytes"


def of_client(kind: str, must: str, protocols: str, way: Dialect, *, ways: Ways = TWO_WAYS) -> Iterator[Entry]:
    """A client that writes so, and a right server; with other values too, unless the texts matter."""
    for name in protocols.split():
        yield from make(kind, name, client(name, way), right_server(name), must=must, ways=ways)
        for label, values in [] if way.said else list(SETS.items())[1:]:
            wrong = client(name, way, values)
            yield from make(kind, name, wrong, right_server(name), must=must, label=label)


def of_server(kind: str, must: str, protocols: str, way: Dialect, *, ways: Ways = TWO_WAYS) -> Iterator[Entry]:
    """A server that writes so, and a right client; with other values too, unless the texts matter."""
    for name in protocols.split():
        asks = right_client(name, accents=way.accents)
        yield from make(kind, name, asks, server(name, way), at_fault=SERVER, must=must, ways=ways)
        for label, values in [] if way.said else list(SETS.items())[1:]:
            asks, wrong = right_client(name, values, accents=way.accents), server(name, way, values)
            yield from make(kind, name, asks, wrong, at_fault=SERVER, must=must, label=label)


def cut_to(size: int) -> Text:
    """A text of at most so many bytes."""
    return lambda text: struct.pack(">H", min(size, len(text.encode()))) + text.encode()[:size]


def cut_inside(text: str) -> bytes:
    """A text up to the first byte of its first character that has several."""
    data = text.encode()
    return utf_bytes(data[: next((at + 1 for at, byte in enumerate(data) if byte >= 0xC0), len(data))])


def utf_bytes(data: bytes) -> bytes:
    """Bytes behind their length."""
    return struct.pack(">H", len(data)) + data


def in_characters(text: str) -> bytes:
    """A length that counts characters."""
    return struct.pack(">H", len(text)) + text.encode()


def standard(text: str) -> bytes:
    """UTF-8 as everybody but Java writes it."""
    return struct.pack(">H", len(text.encode())) + text.encode()


def fixed(size: int, fill: bytes = b"\0") -> Text:
    """A buffer of that size."""
    return lambda text: text.encode()[:size].ljust(size, fill)


def with_nul(extra: int) -> Text:
    """A text with its NUL, which the length counts or not."""
    return lambda text: struct.pack(">H", len(text.encode()) + extra) + text.encode() + b"\0"


def padded_length(form: str) -> Text:
    """The length as text."""
    return lambda text: form.format(len(text.encode())).encode() + text.encode()


SAID = (("zoé", "l’été, c’est là"), ("zoé", "à bientôt"))
RUSSIAN = (("Иван", "привет всем"), ("Иван", "как дела?"))
JAPANESE = (("花子", "こんにちは、みなさん"), ("花子", "お元気ですか"))
CHINESE = (("小明", "你好，大家好"), ("小明", "今天天气很好"))
KOREAN = (("민수", "안녕하세요 여러분"), ("민수", "반갑습니다"))
GREEK = (("Ελένη", "καλημέρα σε όλους"), ("Ελένη", "τι κάνετε;"))


def texts() -> Iterator[Entry]:
    """Every wrong way to write a text, the rest being right."""
    plain = ANY_BARE
    yield from of_client("text bare", plain, "addition", Dialect(bare()), ways=ALL_WAYS)
    yield from of_client("text bare", "text-without-length", "chat file-transfer library order", Dialect(bare()))
    yield from of_client(
        "texts bare behind a right address", "text-without-length", "chat", Dialect(bare(), address=utf)
    )
    yield from of_client("text by writeBytes", "write-bytes", "chat", Dialect(bare("latin-1")))
    lines = "newline-for-length|text-writer"
    for end, name in (("\n", "newline"), ("\r\n", "CRLF")):
        way = Dialect(bare(end=end))
        yield from of_client(f"text ends with {name}", "newline-for-length", "addition file-transfer order scale", way)
        yield from of_client(f"text ends with {name}", lines, "chat", way)
    for head, name in ((">I", "4 bytes"), ("<I", "4 bytes, low byte first")):
        way = Dialect(counted(head))
        yield from of_client(f"length of {name}", "four-byte-length", "addition chat order library", way, ways=ALL_WAYS)
    for head, name in ((">Q", "8 bytes"), ("<Q", "8 bytes, low byte first")):
        key = "length-of-another-size"
        yield from of_client(f"length of {name}", key, "addition chat", Dialect(counted(head)))
    one = "one-byte-length|varint-length"
    yield from of_client(
        "length of 1 byte", one, "addition chat file-transfer order", Dialect(counted(">B")), ways=ALL_WAYS
    )
    yield from of_client(
        "length low byte first", "little-endian-length", "addition chat order scale", Dialect(counted("<H"))
    )
    longer = (("bob", "salut " * 40), ("bob", "à demain"))
    yield from of_client("length as varint", "varint-length", "chat", Dialect(varint_counted, said=longer))
    itself = "frame-length|length-counts-itself"
    yield from of_client("length counts itself", itself, "addition chat scale", Dialect(counted(">H", extra=2)))
    yield from of_client(
        "length in characters", "characters-for-bytes", "chat library", Dialect(in_characters, accents=True)
    )
    yield from of_client("standard UTF-8", "standard-utf-8", "chat", Dialect(standard, accents=True), ways=ALL_WAYS)
    yield from of_client("Latin-1", "latin-1|other-charset", "chat", Dialect(counted(">H", "latin-1")), ways=ALL_WAYS)
    windows = "other-charset|latin-1"
    yield from of_client("Windows-1252", windows, "chat", Dialect(counted(">H", "cp1252"), said=SAID))
    for charset, said in (
        ("shift_jis", JAPANESE),
        ("euc_jp", JAPANESE),
        ("gbk", CHINESE),
        ("big5", CHINESE),
        ("euc_kr", KOREAN),
        ("koi8_r", RUSSIAN),
        ("cp1251", RUSSIAN),
        ("iso8859_7", GREEK),
        ("mac_roman", SAID),
        ("cp850", PLAIN),
    ):
        yield from of_client(
            f"{charset} with a right length", "other-charset", "chat", Dialect(counted(">H", charset), said=said)
        )
    yield from of_client(
        "UTF-32 with a right length", "other-charset", "addition chat", Dialect(counted(">H", "utf-32-be"))
    )
    for charset in ("utf-16-be", "utf-16-le"):
        yield from of_client(
            f"{charset} with a right length", "utf-16-text", "addition chat library", Dialect(counted(">H", charset))
        )
        yield from of_client(f"{charset} without length", "write-chars", "addition order", Dialect(bare(charset)))
    marked = "utf-16-text|byte-order-mark"
    yield from of_client(
        "UTF-16 with its mark and a right length", marked, "addition chat", Dialect(counted(">H", "utf-16"))
    )
    yield from of_client(
        "UTF-8 with a mark", "byte-order-mark", "addition scale", Dialect(utf, address=counted(">H", "utf-8-sig"))
    )
    mark = codecs.BOM_UTF8
    yield from of_client(
        "a mark before everything",
        "byte-order-mark",
        "addition chat",
        Dialect(utf, address=lambda text: mark + utf(text)),
    )
    yield from of_client("text cut inside a character", "text-cut", "chat", Dialect(cut_inside, address=utf))
    yield from of_client(
        "text cut to the size of a buffer", "text-cut", "chat", Dialect(cut_to(14), address=utf, said=SAID)
    )
    for size in (16, 32, 64, 256):
        yield from of_client(f"a C buffer of {size} bytes", "nul-terminated", "addition chat", Dialect(fixed(size)))
    yield from of_client("text ends with NUL", "nul-terminated", "addition chat order library", Dialect(bare(end="\0")))
    yield from of_client(
        "length and NUL, which it counts", "nul-terminated", "addition scale", Dialect(utf, address=with_nul(1))
    )
    yield from of_client(
        "length, and NUL beyond it", "nul-terminated|field-too-many", "addition chat", Dialect(with_nul(0))
    )
    yield from of_client("text padded with blanks", "text-without-length", "addition", Dialect(fixed(32, b" ")))
    for form, name in (
        ("{:05d}", "5 digits"),
        ("{:<64}", "64 characters"),
        ("{:<10}", "10 characters"),
        ("{:>8}", "8 characters, to the right"),
        ("{}\n", "a line"),
        ("{}:", "digits and a colon"),
    ):
        yield from of_client(f"length as text: {name}", "decimal-length", "addition chat", Dialect(padded_length(form)))
    base = Dialect(utf, address=lambda text: utf(base64.b64encode(text.encode()).decode()))
    yield from of_client("base64", "base64", "addition chat scale", base)
    yield from of_server("text bare", "text-without-length", "chat", Dialect(bare()))
    yield from of_server("text bare", plain, "library scale", Dialect(bare()))
    yield from of_server("text ends with newline", lines, "chat", Dialect(bare(end="\n")))
    yield from of_server("length of 4 bytes", "four-byte-length", "chat library scale", Dialect(counted(">I")))
    yield from of_server("length of 1 byte", one, "chat library scale", Dialect(counted(">B")))
    yield from of_server("length low byte first", "little-endian-length", "chat library scale", Dialect(counted("<H")))
    yield from of_server(
        "length in characters", "characters-for-bytes", "chat library", Dialect(in_characters, accents=True)
    )
    yield from of_server("standard UTF-8", "standard-utf-8", "chat", Dialect(standard, accents=True))
    yield from of_server(
        "Latin-1", "latin-1|other-charset", "chat library", Dialect(counted(">H", "latin-1"), accents=True, said=PLAIN)
    )
    yield from of_server(
        "utf-16-be with a right length", "utf-16-text", "chat library", Dialect(counted(">H", "utf-16-be"))
    )
    yield from of_server("text cut inside a character", "text-cut", "chat", Dialect(cut_inside))
    yield from of_server("text ends with NUL", "nul-terminated", "chat library", Dialect(bare(end="\0")))
    yield from of_server("length as text: 10 characters", "decimal-length", "chat", Dialect(padded_length("{:<10}")))


def addresses() -> Iterator[Entry]:
    """A text that is well formed, and no address."""
    for kind, must, text in (
        ("an InetAddress as text", "address-to-string", "/127.0.0.1"),
        ("an InetAddress with its name as text", "address-to-string", "localhost/127.0.0.1"),
        ("a socket address as text", "address-to-string", "/127.0.0.1:54321"),
        ("address and port", "address-to-string", "127.0.0.1:54321"),
        ("the pair of getsockname as text", "address-to-string", "('127.0.0.1', 54321)"),
        ("the name of the machine", "address-to-string", "localhost"),
        ("another machine's name", "address-to-string", "pc-salle-12.example.org"),
        ("a Socket as text", "address-to-string|object-to-string", "Socket[addr=/127.0.0.1,port=8999,localport=54321]"),
        ("an address and a line end", "address-to-string|newline-in-text", "127.0.0.1\n"),
        ("an address, CR and LF", "address-to-string|newline-in-text", "127.0.0.1\r\n"),
        ("bytes as text", "bytes-to-string", "b'127.0.0.1'"),
        ("a list of bytes as text", "bytes-to-string|object-to-string|json", "[49, 50, 55, 46, 48, 46, 48, 46, 49]"),
        ("a Java array as text", "object-to-string", "[B@1b6d3586"),
        ("a Java object as text", "object-to-string", "Client@6d06d69c"),
        ("a Python object as text", "object-to-string", "<__main__.Client object at 0x7f3c5c1d2e50>"),
        ("a Node object as text", "object-to-string", "[object Object]"),
        ("address in quotes", "address-to-string|json", '"127.0.0.1"'),
    ):
        yield from of_client(kind, must, "addition scale", Dialect(address=lambda _, text=text: utf(text)))  # type: ignore[misc]
    raw = "raw-address"
    for kind, data in (
        ("4 bytes of the address", b"\x7f\0\0\1"),
        ("4 bytes of another address", bytes([192, 168, 1, 23])),
        ("4 bytes of the address behind their length", b"\0\4\x7f\0\0\1"),
        ("4 bytes of the address behind a length of 1 byte", b"\4\xc0\xa8\1\x17"),
        ("4 bytes of the address behind a length of 4 bytes", b"\0\0\0\4\xc0\xa8\1\x17"),
        ("4 bytes of the address, low byte first", b"\1\0\0\x7f"),
        ("16 bytes of the address", bytes(15) + b"\1"),
    ):
        yield from of_client(kind, raw, "addition scale", Dialect(address=lambda _, data=data: data))  # type: ignore[misc]
    # A right sender may have this address: nothing is wrong with it.
    yield from of_client("an IPv6 address", "", "addition", Dialect(address=lambda _: utf("::1")))


def numbers() -> Iterator[Entry]:
    """Every wrong way to write a whole number, the rest being right."""
    everywhere = "addition order file-transfer scale"
    rows: Sequence[tuple[str, str, Number, str, str]] = (
        ("low byte first", "little-endian-int", little, everywhere, everywhere),
        ("digits", "number-as-text", digits(), everywhere, everywhere),
        ("digits and newline", "number-as-text", digits("{}\n"), everywhere, everywhere),
        ("digits, CR and LF", "number-as-text", digits("{}\r\n"), "addition", everywhere),
        ("digits and a blank", "number-as-text|csv-text", digits("{} "), "addition order", "addition"),
        ("digits and NUL", "number-as-text|nul-terminated", digits("{}\0"), "addition", "addition"),
        ("8 digits with zeros", "number-as-text", digits("{:08d}"), "addition", "addition"),
        ("10 characters", "number-as-text", digits("{:<10}"), "addition", "addition"),
        ("digits in UTF-16", "number-as-text|write-chars", digits("{}", "utf-16-be"), "addition", "addition"),
        ("a text", "number-as-text", lambda value, size: utf(str(value)), everywhere, everywhere),
        ("a sentence", "number-as-text", digits("Resultat : {}\n"), "", "addition order"),
        ("decimal fraction as text", "number-as-text", digits("{}.0\n"), "addition", "addition"),
        ("double", "double-for-int", packed(">d"), everywhere, everywhere),
        ("double, low byte first", "double-for-int", packed("<d"), "addition order", "addition order scale"),
        ("float", "float-for-int", packed(">f"), everywhere, everywhere),
        ("float, low byte first", "float-for-int", packed("<f"), "addition order", "addition order"),
    )
    for kind, must, write, clients, servers in rows:
        yield from of_client(f"numbers: {kind}", must, clients, Dialect(number=write), ways=ALL_WAYS)
        yield from of_server(f"numbers: {kind}", must, servers, Dialect(number=write), ways=ALL_WAYS)
    for kind, must, form in (
        ("long for int", "long-for-int", ">q"),
        ("long for int, low byte first", "long-for-int|little-endian-int", "<q"),
        ("short for int", "short-for-int", ">h"),
        ("short for int, low byte first", "short-for-int|little-endian-int", "<h"),
        ("byte for int", "byte-for-int", "B"),
    ):
        pairs, way = ((84, 98), (7, 5), (20, 30)), Dialect(number=packed(form))
        wrong = client("addition", way, replace(FIRST, pairs=pairs))
        yield from make(kind, "addition", wrong, right_server("addition"), must=must, ways=ALL_WAYS)
        asks, wrong = (
            right_client("addition", replace(FIRST, pairs=pairs)),
            server("addition", way, replace(FIRST, pairs=pairs)),
        )
        yield from make(kind, "addition", asks, wrong, at_fault=SERVER, must=must, ways=ALL_WAYS)
    half = Dialect(number=lambda value, size: number(value, size // 2))
    yield from of_client(
        "half the bytes of each number",
        "number-of-another-size|short-for-int|byte-for-int",
        "order scale library",
        half,
    )
    yield from of_server("half the bytes of each number", "number-of-another-size|short-for-int", "scale library", half)
    three = Dialect(number=lambda value, size: number(value, 3))
    yield from of_client("3 bytes a number", "number-of-another-size", "addition", three)
    yield from of_server("3 bytes a number", "number-of-another-size", "addition", three)
    least = Dialect(number=lambda value, size: number(value, value.bit_length() // 8 + 1))
    size = "byte-for-int|short-for-int|number-of-another-size"
    yield from of_client("as few bytes as the number needs", size, "addition", least)
    yield from of_server("as few bytes as the number needs", size, "addition", least)


def entries() -> Iterator[Entry]:
    """All of them."""
    yield from texts()
    yield from addresses()
    yield from numbers()
