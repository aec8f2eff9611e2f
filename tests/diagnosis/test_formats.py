"""Other formats by name, how certain a name is, two mistakes at once, and what fits the protocol and makes no sense."""

from __future__ import annotations

import gzip
import json
import pickle
import random
import struct
import zlib
from collections.abc import Callable, Sequence

import pytest

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.diagnosis import Finding, diagnose, suspicions
from tests.decoder.building import Part, ints, utf
from tests.diagnosis.protocols import ADDITION, CHAT, read

LATER = 1e9
ADDRESS = b"127.0.0.1"
HELLO: Part = (CLIENT, utf("127.0.0.1"))
ASKED: list[Part] = [HELLO, (CLIENT, ints(84)), (CLIENT, ints(98))]
SAID = {"address": "127.0.0.1", "first": 84, "second": 98}


def found(parts: Sequence[Part], of: Side | None = None) -> list[Finding]:
    told = diagnose(read(ADDITION, parts, ends=False), now=LATER, of=of)
    return [finding for finding in told if finding.key != "both-sides-waiting"]


BYTES: list[tuple[str, bytes, str]] = [
    ("JSON", json.dumps(SAID).encode(), "json"),
    ("JSON behind its length", ints(len(json.dumps(SAID))) + json.dumps(SAID).encode(), "json"),
    ("a pickle", pickle.dumps(SAID), "pickle"),
    ("a pickle of protocol 0", pickle.dumps(SAID, 0), "pickle"),
    ("XML", b"<sum><first>84</first><second>98</second></sum>", "xml"),
    ("values in a line", b"127.0.0.1,84,98\n", "csv-text"),
    ("gzip", gzip.compress(utf("127.0.0.1") + ints(84, 98)), "gzip"),
    ("zlib", zlib.compress(utf("127.0.0.1") + ints(84, 98)), "gzip"),
    ("protobuf", b"\x0a\x09127.0.0.1\x10\x54\x18\x62", "protobuf"),
    ("msgpack", b"\x83\xa7address\xa9127.0.0.1\xa5first\x54\xa6second\x62", "msgpack"),
    ("a WebSocket", b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", "websocket"),
    ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n", "banner"),
    ("a frame", ints(19) + utf("127.0.0.1") + ints(84, 98), "frame-length"),
    ("a frame that counts its length", ints(23) + utf("127.0.0.1") + ints(84, 98), "frame-length"),
    ("a length as text", b"9".ljust(16) + ADDRESS + ints(84, 98), "decimal-length"),
    ("a length of eight bytes", struct.pack(">q", 9) + ADDRESS + ints(84, 98), "length-of-another-size"),
    ("a C string", ADDRESS + b"\0" + ints(84, 98), "nul-terminated"),
    ("a C buffer", ADDRESS.ljust(64, b"\0") + ints(84, 98), "nul-terminated"),
    ("a struct with its padding", struct.pack(">H9sxii", 9, ADDRESS, 84, 98), "struct-padding"),
    ("a mark", utf("\ufeff127.0.0.1") + ints(84, 98), "byte-order-mark"),
    ("UTF-16 with a right length", b"\0\x12" + "127.0.0.1".encode("utf-16-be") + ints(84, 98), "utf-16-text"),
    ("base64", utf("MTI3LjAuMC4x") + ints(84, 98), "base64"),
    ("the bytes of the address", b"\x7f\0\0\1" + ints(84, 98), "raw-address"),
    ("an address with a slash", utf("/127.0.0.1") + ints(84, 98), "address-to-string"),
    ("an address with a line end", utf("127.0.0.1\r\n") + ints(84, 98), "address-to-string"),
    ("bytes as text", utf("b'127.0.0.1'") + ints(84, 98), "bytes-to-string"),
    ("an array as text", utf("[B@1b6d3586") + ints(84, 98), "object-to-string"),
    ("floats", utf("127.0.0.1") + struct.pack(">ffff", 84, 98, 7, 5), "float-for-int"),
]


@pytest.mark.parametrize(("data", "key"), [case[1:] for case in BYTES], ids=[case[0] for case in BYTES])
def test_a_format_has_its_name(data: bytes, key: str) -> None:
    told = (
        suspicions(read(ADDITION, [(CLIENT, data)], ends=True)) if key == "float-for-int" else found([(CLIENT, data)])
    )
    assert [finding.key for finding in told][:1] == [key]


def test_text_longer_than_its_length_can_say() -> None:
    text = b"abcd " * 14_000
    said = struct.pack(">H", len(text) & 0xFFFF) + text
    parts: list[Part] = [HELLO, (CLIENT, utf("bob")), (CLIENT, said), (CLIENT, utf("bob")), (CLIENT, utf("fin"))]
    first, *_ = diagnose(read(CHAT, parts, ends=False), now=LATER)
    assert (first.key, first.offset) == ("length-overflow", 16)


def turned(value: bytes) -> bytes:
    return value[::-1]


UNKNOWN: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("turned", turned),
    ("bits turned", lambda data: bytes(255 - byte for byte in data)),
    ("mixed with a key", lambda data: bytes(byte ^ 0x5A for byte in data)),
    ("nibbles", lambda data: data.hex().encode()),
    ("every byte twice", lambda data: bytes(byte for byte in data for _ in "12")),
    ("NULs between", lambda data: b"\0\0".join(data[index : index + 1] for index in range(len(data)))),
    ("shifted", lambda data: (int.from_bytes(data, "big") << 3).to_bytes(len(data) + 1, "big")),
    ("a checksum behind", lambda data: data + zlib.crc32(data).to_bytes(4, "big") * 3),
]


@pytest.mark.parametrize("write", [each[1] for each in UNKNOWN], ids=[each[0] for each in UNKNOWN])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_certain_of_a_format_that_nobody_knows(write: Callable[[bytes], bytes], seed: int) -> None:
    """A name that fits some of it may be told, and is said not to be certain."""
    values = random.Random(seed)
    asked = [ints(values.randrange(1, 2000), values.randrange(1, 2000)) for _ in range(3)]
    sent = write(utf(f"10.0.{seed}.{values.randrange(255)}") + b"".join(asked))
    assert [finding for finding in found([(CLIENT, sent)]) if not finding.guess] == []


def test_of_two_mistakes_in_one_program_both_are_told() -> None:
    told = found([(CLIENT, b"\x09" + ADDRESS + struct.pack("<iiii", 84, 98, 7, 5))])
    assert {"one-byte-length", "little-endian-int"} <= {finding.key for finding in told}


def test_the_order_of_an_address_left_out_and_numbers_low_byte_first() -> None:
    told = found([(CLIENT, struct.pack("<iiii", 84, 98, 7, 5))])
    assert {"address-never-sent", "little-endian-int"} <= {finding.key for finding in told}


def test_what_the_judge_of_one_side_sent_wrong_is_no_mistake_of_that_side() -> None:
    parts: list[Part] = [(CLIENT, b"127.0.0.1\n"), (SERVER, b'{"sum": 182}')]
    assert {finding.side for finding in found(parts)} == {CLIENT, SERVER}
    assert found(parts, of=SERVER) == []


def test_where_both_sides_agree_the_protocol_file_may_be_wrong() -> None:
    parts: list[Part] = [(CLIENT, json.dumps(SAID).encode()), (SERVER, b'{"sum": 182}')]
    told = found(parts)
    assert [(finding.side, finding.key) for finding in told] == [(CLIENT, "json"), (SERVER, "json")]
    assert all("protocol-may-be-wrong" in [detail.code for detail in finding.details] for finding in told)


def test_a_server_that_answers_what_the_client_meant_agrees_with_it() -> None:
    parts: list[Part] = [HELLO]
    for first, second in ((84, 98), (7, 5), (30, 12)):
        parts += [(CLIENT, utf("+")), (CLIENT, ints(first, second)), (SERVER, ints(first + second))]
    told = found(parts)
    assert [(finding.side, finding.key) for finding in told] == [(CLIENT, "field-too-many")]
    assert "protocol-may-be-wrong" in [detail.code for detail in told[0].details]


def low(*pairs: tuple[int, int]) -> list[Part]:
    """Questions and answers of two programs that have the low byte first."""
    parts: list[Part] = [HELLO]
    for first, second in pairs:
        parts += [(CLIENT, struct.pack("<ii", first, second)), (SERVER, struct.pack("<i", first + second))]
    return parts


def test_numbers_that_make_sense_low_byte_first_are_suspected_and_never_certain() -> None:
    told = suspicions(read(ADDITION, low((17, 13), (40, 2), (5, 90)), ends=True))
    assert [(finding.side, finding.key, finding.certainty) for finding in told][:1] == [
        (CLIENT, "little-endian-int", "likely")
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        [(2**31 - 1, 1), (-(2**31), -1)],
        [(1 << 24, 1 << 25), (1 << 30, 1 << 26)],
        [(0, 0), (0, 5), (1, 0)],
        [(1_764_140_000, 3600), (0x7FFFFFFF, 0x01010101)],
        [(0xCAFE, 0xBABE), (123_456_789, 987_654_321)],
    ],
)
def test_large_numbers_of_a_right_program_are_not_suspected(pairs: list[tuple[int, int]]) -> None:
    parts: list[Part] = [HELLO]
    for first, second in pairs:
        total = (first + second + 2**31) % 2**32 - 2**31
        parts += [(CLIENT, ints(first, second)), (SERVER, ints(total))]
    assert suspicions(read(ADDITION, parts, ends=True)) == []


@pytest.mark.parametrize("seed", range(8))
def test_random_numbers_are_not_suspected(seed: int) -> None:
    values = random.Random(seed)
    parts: list[Part] = [HELLO]
    for _ in range(6):
        first, second = (values.randrange(-(2**30), 2**30) for _ in "12")
        parts += [(CLIENT, ints(first, second)), (SERVER, ints(first + second))]
    assert suspicions(read(ADDITION, parts, ends=True)) == []


def test_texts_that_look_like_formats_are_right_texts() -> None:
    parts: list[Part] = [HELLO]
    for text in ('{"a": 1}', "<b>x</b>", "GET / HTTP/1.1", "a,b;c", "[B@1b6d3586", "b'x'"):
        parts += [(CLIENT, utf("bob")), (CLIENT, utf(text)), (SERVER, utf("bob")), (SERVER, utf(text))]
    assert diagnose(read(CHAT, parts, ends=True), suspect=True) == []
