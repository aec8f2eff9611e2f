"""The corpus: what is said of each kind is right, but of those in `corpus/not_yet.txt`; and the measure itself."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER
from conformance.model.yaml_file import read_yaml
from tests.diagnosis.corpus import entries
from tests.diagnosis.corpus.entry import SOURCES, Entry, labels
from tests.diagnosis.corpus.meet import ANY, END, UTF, Move, Pause, meet, script
from tests.diagnosis.corpus.wire import right_client, right_server
from tests.diagnosis.measure import GOAL, NOT_YET, OUTCOMES, Measured, Said, measure, worst
from tests.diagnosis.protocols import PROTOCOLS

CORPUS = Path(__file__).with_name("corpus")
KINDS: dict[str, list[Entry]] = defaultdict(list)
for _entry in entries():
    KINDS[_entry.kind].append(_entry)


@cache
def measured(kind: str) -> dict[str, Measured]:
    """The entries of the kind, each with the way in which it comes out worst."""
    return {entry.name: worst(measure(entry)) for entry in KINDS[kind]}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_kind(kind: str) -> None:
    bad = {name: each for name, each in measured(kind).items() if each.outcome != "right"}
    if kind not in NOT_YET:
        assert not bad
        return
    assert bad, f"{kind} is right by now: take it from the list"
    if not NOT_YET[kind].startswith(OUTCOMES[-1]):
        assert not [name for name, each in bad.items() if each.outcome == OUTCOMES[-1]]


def test_the_list_of_what_is_not_right_yet_has_kinds_of_the_corpus() -> None:
    assert set(NOT_YET) <= set(KINDS)


def test_nothing_is_said_of_right_programs() -> None:
    assert not {entry.kind for entry in entries() if entry.source == "right"} & set(NOT_YET)


@pytest.mark.parametrize("source", SOURCES)
def test_the_goal(source: str) -> None:
    outcomes = [each.outcome for kind in KINDS for each in measured(kind).values() if each.entry.source == source]
    assert outcomes.count("right") >= GOAL * len(outcomes)


def test_the_programs_have_every_way_and_no_other() -> None:
    listed = read_yaml(CORPUS / "programs.yaml")
    ways: dict[str, set[str]] = defaultdict(set)
    for each in listed["programs"]:
        ways[each["command"]] |= set(each["ways"])
    for command, file in (("python-server", "addition_server.py"), ("java-server", "AdditionServer.java")):
        source = (CORPUS / "programs" / file).read_text(encoding="utf-8")
        assert {way for way in ways[command] if f'"{way}"' not in source} == set()
        assert set(re.findall(r'^ +(?:Map\.entry\()?"([a-z-]+)"[:,] ', source, re.MULTILINE)) <= ways[command]


WRONG = Entry("x", "x", "own", "addition", (), labels("long-for-int|int-too-long & text-cut", SERVER), frozenset({"a"}))
RIGHT = replace(WRONG, must=())


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("long-for-int! text-cut!", "right"),
        ("int-too-long? text-cut? little-endian-int?", "right"),
        ("text-cut! long-for-int! a!", "right"),
        ("text-cut!", "vague"),
        ("a! text-cut! long-for-int!", "vague"),
        ("a!", "vague"),
        ("", "silent"),
        ("little-endian-int? long-for-int! text-cut!", "wrong"),
        ("long-for-int! text-cut! little-endian-int!", "CERTAIN AND WRONG"),
    ],
)
def test_an_outcome(said: str, outcome: str) -> None:
    told = tuple(Said(word[:-1], SERVER, word[-1] == "!") for word in said.split())
    assert Measured(WRONG, "live", told, ()).outcome == outcome


def test_the_side_is_part_of_it() -> None:
    told = tuple(Said(key, CLIENT, True) for key in ("long-for-int", "text-cut"))
    assert Measured(WRONG, "live", told, ()).outcome == "CERTAIN AND WRONG"


def test_a_problem_without_a_name_is_vague() -> None:
    assert Measured(WRONG, "live", (), ("wrong-value",)).outcome == "vague"


@pytest.mark.parametrize(
    ("said", "outcome"), [((), "right"), ((Said("b", CLIENT, False),), "wrong"), ((Said("a", CLIENT, True),), "right")]
)
def test_an_outcome_where_nothing_may_be_said(said: tuple[Said, ...], outcome: str) -> None:
    assert Measured(RIGHT, "live", said, ("wrong-value",)).outcome == outcome


@pytest.mark.parametrize("name", PROTOCOLS)
def test_right_peers_come_to_an_end(name: str) -> None:
    moves = meet(right_client(name), right_server(name))
    assert [(move.side, move.what) for move in moves[-2:]] == [(CLIENT, "end"), (SERVER, "end")]
    assert {move.side for move in moves[:-2]} == {CLIENT, SERVER}


def test_scripts_meet() -> None:
    first = script(b"\0\2ab", Pause(1.0), [b"c", 2], END, ANY)
    second = script(UTF, 1, b"12", ANY, b"34")
    assert meet(first, second) == [
        Move(0.002, CLIENT, b"\0\2ab"),
        Move(1.002, CLIENT, b"c"),
        Move(0.002, SERVER, b"12"),
        Move(0.002, CLIENT, "end"),
        Move(0.002, SERVER, b"34"),
        Move(0.002, SERVER, "end"),
    ]


def test_who_closes_with_bytes_unread_resets() -> None:
    assert meet(script(b"abc", ANY), script(1))[-1] == Move(0.002, SERVER, "reset")
