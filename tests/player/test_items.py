"""Bytes in a case: counted, made up, kept under a name, and received as many as were told."""

from __future__ import annotations

import json
import re
import socket
import zlib
from collections.abc import Callable

import pytest

from conformance.agent.events import CLIENT
from conformance.agent.player.items import encode_items, parse_items
from conformance.agent.player.peer import Peer
from conformance.agent.player.steps import Receive, Send, from_json, to_json
from conformance.agent.problem import ProblemError, Where


def encoded(*items: object) -> tuple[bytes, dict[str, object]]:
    known: dict[str, object] = {}
    return encode_items(parse_items(list(items)), known), known


def test_bytes_of_a_size_are_made_up_and_kept_under_their_name() -> None:
    data, known = encoded({"long": 300}, {"bytes": {"size": 300, "as": "content"}}, {"long": "= length(content)"})
    content = data[8:-8]
    assert known == {"content": content}
    assert len(content) == 300
    assert len(set(content)) == 251  # no byte after byte is the same, so that none can be lost unseen
    assert data[:8] == data[-8:] == (300).to_bytes(8, "big")


def test_bytes_may_be_given_and_their_checksum_computed() -> None:
    data, known = encoded({"bytes": {"hex": "61 62 63", "as": "it"}}, {"int": "= int32(crc32(it))"})
    assert known == {"it": b"abc"}
    assert data == b"abc" + zlib.crc32(b"abc").to_bytes(4, "big")


def test_a_size_may_be_computed() -> None:
    items = parse_items([{"bytes": {"size": "= n * 2"}}])
    assert len(encode_items(items, {"n": 4})) == 8


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ({"bytes": 5}, "bytes: size or hex, and perhaps as, are needed, and not 5"),
        ({"bytes": {"as": "content"}}, "bytes: size or hex, and perhaps as, are needed, and not {'as': 'content'}"),
        ({"bytes": {"size": -1}}, "bytes: the size is a number from 0 on, or computed as '= size' is, and not -1"),
        ({"bytes": {"size": "n"}}, "bytes: the size is a number from 0 on, or computed as '= size' is, and not 'n'"),
        ({"bytes": {"size": "= n +"}}, "not an expression: 'n +'"),
        ({"bytes": {"hex": "6"}}, "hex: pairs of hexadecimal digits are needed, got '6'"),
        ({"bytes": {"size": 1, "hex": "61"}}, "bytes: size or hex, and perhaps as, are needed"),
    ],
)
def test_a_mistake_is_one_sentence(item: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_items([item])


def test_they_travel_to_the_player_as_json() -> None:
    items = parse_items([{"bytes": {"size": "= n", "as": "content"}}, {"bytes": {"hex": "61"}}])
    steps = (Send(items), Receive(items))
    assert from_json(json.loads(json.dumps(to_json(steps)))) == steps


TOLD = ({"long": "?size"}, {"bytes": {"size": "= size", "as": "content"}})
Sent = Callable[[bytes], dict[str, object]]


@pytest.fixture
def judged() -> Sent:
    """What a peer takes from a program that sends these bytes and closes."""

    def take(data: bytes) -> dict[str, object]:
        known: dict[str, object] = {}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            theirs, _ = listener.accept()
            with ours, theirs:
                theirs.sendall(data)
                theirs.shutdown(socket.SHUT_WR)
                Peer(ours, CLIENT, 1, lambda event: None, 5.0).receive(parse_items(list(TOLD)), known)
        return known

    return take


def test_as_many_are_received_as_were_told(judged: Sent) -> None:
    assert judged((3).to_bytes(8, "big") + b"abcd") == {"size": 3, "content": b"abc"}
    assert judged(bytes(8)) == {"size": 0, "content": b""}


def test_fewer_came(judged: Sent) -> None:
    with pytest.raises(ProblemError) as caught:
        judged((3).to_bytes(8, "big") + b"ab")
    problem = caught.value.problem
    assert (problem.code, problem.where) == ("ended-instead", Where(1, "server", 8, "content", "bytes"))
    assert problem.values == {"due": "size", "needed": 3, "ended": "end", "size": 2, "raw": b"ab"}


def test_a_program_that_told_a_size_that_is_none(judged: Sent) -> None:
    with pytest.raises(ProblemError) as caught:
        judged(b"\xff" * 8 + b"abc")
    problem = caught.value.problem
    assert (problem.code, problem.where) == ("bad-size", Where(1, "server", 8, "content", "bytes"))
    assert problem.values == {"size": -1}
