"""A broadcast as each member saw it: the same messages, whole, once, in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.problem import Problem
from conformance.decoder import Conversation
from conformance.judge.broadcast import Broadcast, Said, read_broadcast
from conformance.model import Protocol
from conformance.model.yaml_file import validate
from tests.conformance.building import CHAT, Part, read, utf

Key = tuple[str, str]
ALL = frozenset({"alice", "bob", "chloe"})
SAID = [Said(0, "alice", "bonjour", ALL), Said(1, "bob", "salut", ALL), Said(1, "chloe", "😀", ALL)]
KEYS = [message.key for message in SAID]
ADDRESS = utf("127.0.0.1")


def member(sent: Sequence[Key], received: Sequence[Key], number: int = 1, protocol: Protocol = CHAT) -> Conversation:
    parts: list[Part] = [(CLIENT, ADDRESS)]
    parts += [(CLIENT, utf(author) + utf(text)) for author, text in sent]
    parts += [(SERVER, utf(author) + utf(text)) for author, text in received]
    return read(protocol, *parts, number=number)


def chat(received: Mapping[str, Sequence[Key]], said: Sequence[Said] = SAID) -> Broadcast:
    """A chat in which everybody's client sent what was typed, and received this."""
    conversations = [
        member([message.key for message in said if message.author == name], got, number)
        for number, (name, got) in enumerate(received.items(), 1)
    ]
    return read_broadcast(conversations, said)


def place(problem: Problem | None) -> tuple[str, int | None, str | None, int | None]:
    """What a problem is, and where: the connection, the side, and the offset there."""
    assert problem is not None
    where = problem.where
    return problem.code, where.connection, where.side, where.offset


def offset(messages: Sequence[Key], before: int = 0) -> int:
    """Where the text of the last of these messages begins, behind so many bytes."""
    *others, (author, _) = messages
    return before + sum(len(utf(name) + utf(text)) for name, text in others) + len(utf(author))


def test_everybody_receives_everything_in_one_order() -> None:
    reading = chat({"alice": KEYS, "bob": KEYS, "chloe": KEYS})
    assert reading.problem is None
    assert [said for said, _ in reading.order] == SAID
    assert [(post.connection, post.key) for _, post in reading.order] == list(enumerate(KEYS, 1))
    for member_ in ALL:
        assert [post.key for post in reading.received[member_]] == KEYS


def test_messages_typed_at_once_may_have_either_order_if_it_is_the_same_for_all() -> None:
    other = [KEYS[0], KEYS[2], KEYS[1]]
    reading = chat({"alice": other, "bob": other, "chloe": other})
    assert reading.problem is None
    assert [said.key for said, _ in reading.order] == other


@given(st.data(), st.sampled_from(["lost", "doubled", "swapped", "mixed"]))
def test_whatever_one_member_sees_otherwise_is_a_problem(data: st.DataObject, change: str) -> None:
    name = data.draw(st.sampled_from(sorted(ALL)))
    index = data.draw(st.integers(0, 2))
    other = data.draw(st.sampled_from([number for number in range(3) if number != index]))
    got = list(KEYS)
    match change:
        case "lost":
            del got[index]
        case "doubled":
            got.insert(other, got[index])
        case "swapped":
            got[index], got[other] = got[other], got[index]
        case "mixed":
            got[index] = (got[index][0], got[other][1])
    assert chat({**dict.fromkeys(sorted(ALL), KEYS), name: got}).problem is not None


@pytest.mark.parametrize(
    ("bob", "code", "where"),
    [
        (KEYS[1:], "message-lost", (1, CLIENT, offset(KEYS[:1], len(ADDRESS)))),
        ([*KEYS, KEYS[0]], "duplicate-message", (2, SERVER, offset([*KEYS, KEYS[0]]))),
        (
            [KEYS[0], ("bob", "😀"), KEYS[2]],
            "message-unknown",
            (2, SERVER, offset([KEYS[0], ("bob", "😀")])),
        ),
        ([KEYS[0], KEYS[2], KEYS[1]], "order-differs", (2, SERVER, offset([KEYS[0], KEYS[2]]))),
        ([KEYS[1], KEYS[0], KEYS[2]], "message-late", (2, SERVER, offset([KEYS[1], KEYS[0]]))),
    ],
    ids=["left out", "twice", "mixed", "other order", "too late"],
)
def test_what_a_server_can_do_wrong(bob: Sequence[Key], code: str, where: tuple[int, str, int]) -> None:
    problem = chat({"alice": KEYS, "bob": bob, "chloe": KEYS}).problem
    assert place(problem) == (code, *where)
    assert problem is not None
    assert problem.values["member"] == "bob"
    assert (problem.where.field, problem.where.type) == ("text", "UTF")


def test_a_message_that_came_in_other_words_is_told_with_what_was_sent() -> None:
    said = [Said(0, "alice", "  bonjour ", frozenset({"alice"}))]
    problem = chat({"alice": [("alice", "bonjour")]}, said).problem
    assert problem is not None
    assert (problem.code, problem.values["change"], problem.values["posted"]) == (
        "message-unknown",
        "stripped",
        "  bonjour ",
    )


def test_who_saw_them_the_other_way_round_is_named() -> None:
    problem = chat({"alice": KEYS, "bob": [KEYS[0], KEYS[2], KEYS[1]], "chloe": KEYS}).problem
    assert problem is not None
    assert problem.values == {"author": "chloe", "text": "😀", "member": "bob", "before": "salut", "witness": "alice"}


def test_a_message_from_before_one_joined() -> None:
    said = [Said(0, "alice", "un", frozenset({"alice"})), Said(1, "bob", "deux", frozenset({"alice", "bob"}))]
    keys = [message.key for message in said]
    assert chat({"alice": keys, "bob": keys[1:]}, said).problem is None
    assert place(chat({"alice": keys, "bob": keys}, said).problem) == (
        "message-to-absent",
        2,
        SERVER,
        offset(keys[:1]),
    )


def test_a_chat_that_nobody_saw_from_its_beginning_to_its_end() -> None:
    """alice leaves before chloe comes: the one order is put together of what each of them saw."""
    early, late = frozenset({"alice", "bob"}), frozenset({"bob", "chloe"})
    said = [Said(0, "alice", "un", early), Said(1, "bob", "deux", late), Said(1, "chloe", "trois", late)]
    said += [Said(2, "chloe", "quatre", frozenset({"chloe"}))]
    un, deux, trois, quatre = (message.key for message in said)
    reading = chat({"alice": [un], "bob": [un, trois, deux], "chloe": [trois, deux, quatre]}, said)
    assert reading.problem is None
    assert [message.key for message, _ in reading.order] == [un, trois, deux, quatre]
    problem = chat({"alice": [un], "bob": [un, trois, deux], "chloe": [deux, trois, quatre]}, said).problem
    assert place(problem) == ("order-differs", 3, SERVER, offset([deux]))


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([], ("no-such-author", None, None, None)),
        (
            [("alice", "bonjour"), ("alice", "encore")],
            ("message-not-typed", 1, CLIENT, offset([("alice", "bonjour"), ("alice", "")], len(ADDRESS))),
        ),
        ([("alice", "bonsoir")], ("message-differs", 1, CLIENT, offset([("alice", "")], len(ADDRESS)))),
    ],
    ids=["nothing", "too much", "something else"],
)
def test_what_a_client_can_do_wrong(sent: Sequence[Key], expected: tuple[str, int | None, str | None, int]) -> None:
    said = [Said(0, "alice", "bonjour", frozenset({"alice"}))]
    assert place(read_broadcast([member(sent, [KEYS[0]])], said).problem) == expected


def test_a_client_that_sends_only_a_part_of_what_was_typed() -> None:
    only = frozenset({"alice"})
    said = [Said(0, "alice", "un", only), Said(1, "alice", "deux", only)]
    problem = read_broadcast([member([("alice", "un")], [("alice", "un")])], said).problem
    assert place(problem) == ("message-not-sent", 1, CLIENT, None)
    assert problem is not None
    assert problem.values == {"author": "alice", "text": "deux"}


def test_a_connection_that_sends_no_message() -> None:
    said = [Said(0, "alice", "un", frozenset({"alice"}))]
    quiet = member([], [], number=2)
    problem = read_broadcast([member([("alice", "un")], [("alice", "un")]), quiet], said).problem
    assert place(problem) == ("connection-silent", 2, CLIENT, None)


def test_a_chat_that_stopped_before_all_had_spoken() -> None:
    """Whose connection is whose cannot be known yet; that one of them lacks the message can."""
    said = [Said(0, "alice", "un", frozenset({"alice", "bob", "chloe"}))]
    alice = member([("alice", "un")], [("alice", "un")], number=2)
    lucky, unlucky = member([], [("alice", "un")], number=3), member([], [], number=1)
    problem = read_broadcast([unlucky, alice, lucky], said).problem
    assert place(problem) == ("message-lost", 2, CLIENT, offset([("alice", "un")], len(ADDRESS)))
    assert problem is not None
    assert (problem.values["members"], problem.values["lacking"]) == ("bob, chloe", 1)
    assert read_broadcast([member([], [("alice", "un")]), alice, lucky], said).problem is None


def test_the_fields_of_a_message_are_those_of_the_protocol() -> None:
    """Two fields called otherwise, and one between them that says neither who nor what."""

    def says(side: str) -> dict[str, object]:
        names = (("qui", "UTF"), ("numero", "int"), ("quoi", "UTF"))
        return {"repeat": [{"from": side, "field": name, "type": type_} for name, type_ in names]}

    session = [
        {"both ways": {"client": [says(CLIENT)], "server": [says(SERVER)]}, "broadcast": ["qui", "numero", "quoi"]}
    ]
    content = {"protocol": "made-up", "about": "made up", "port": 8999, "session": session}
    protocol = validate(Protocol, content, Path(__file__), "protocol")
    said = [Said(0, "eve", "oui", frozenset({"eve"}))]

    def conversation(answer: str) -> Conversation:
        head = utf("eve") + b"\0\0\0\7"
        return read(protocol, (CLIENT, head + utf("oui")), (SERVER, head + utf(answer)))

    assert read_broadcast([conversation("oui")], said).problem is None
    problem = read_broadcast([conversation("non")], said).problem
    assert place(problem) == ("message-unknown", 1, SERVER, 9)
    assert problem is not None
    assert (problem.where.field, problem.values["author"], problem.values["text"]) == ("quoi", "eve", "non")
