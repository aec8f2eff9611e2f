"""What bytes could be of which nothing is known: each kind is guessed of its own bytes, and nothing of noise."""

from __future__ import annotations

import json
import pickle
import random
import struct

import pytest

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.diagnosis.guesses import GUESSES, guesses
from conformance.formatting import LANGUAGES, catalogue
from tests.decoder.building import ints, utf

EACH: list[tuple[Side, bytes, str, object]] = [
    (CLIENT, utf("127.0.0.1") + ints(84, 98), "fields", "UTF '127.0.0.1', int 84, int 98"),
    (SERVER, ints(182), "fields", "int 182"),
    (SERVER, struct.pack("<i", 182), "little-endian", "182"),
    (CLIENT, b"127.0.0.1\r\n", "lines", "127.0.0.1\r\n"),
    (CLIENT, "zoé".encode(), "text", "zoé"),
    (CLIENT, json.dumps({"first": 84}).encode(), "format", "json"),
    (CLIENT, pickle.dumps([84, 98]), "format", "pickle"),
    (CLIENT, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "format", "http-request"),
    (CLIENT, b"\xac\xed\0\5w\4\0\0\0\x54", "format", "write-object"),
    (CLIENT, "bonjour".encode("utf-16-be"), "chars", "bonjour"),
    (CLIENT, b"\5salut", "counted", 1),
    (CLIENT, ints(5) + b"salut", "counted", 4),
    (CLIENT, b"\5\0salut", "counted", 2),
    (CLIENT, struct.pack(">q", 3_000_000_000), "long", 3_000_000_000),
    (CLIENT, struct.pack(">d", 3.5), "double", "3.5"),
    (CLIENT, struct.pack(">f", 0.1), "float", "0.1"),
    (CLIENT, b"\x84", "byte", 0x84),
]


@pytest.mark.parametrize(("side", "data", "kind", "value"), EACH)
def test_what_bytes_could_be(side: Side, data: bytes, kind: str, value: object) -> None:
    first = guesses(side, data)[0]
    assert first.kind == kind
    assert value in first.values.values()


def test_every_kind_is_guessed_and_has_its_text() -> None:
    assert {kind for _, _, kind, _ in EACH} == set(GUESSES)
    for language in LANGUAGES:
        assert {f"guess.{kind}" for kind in GUESSES} <= catalogue(language).ids


def test_nothing_is_guessed_of_noise() -> None:
    rng = random.Random(7)
    noise = [rng.randbytes(size) for size in range(20, 220)]
    assert [data for data in noise if guesses(CLIENT, data)] == []
    assert guesses(CLIENT, b"") == ()
