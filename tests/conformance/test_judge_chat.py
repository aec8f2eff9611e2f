"""A chat as each member saw it: the same messages, whole, once, in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER
from conformance.decoder.conversation import Conversation, read_conversation
from conformance.judge.broadcast import ChatReading, Said, read_chat
from tests.conformance.building import CHAT, Part, connection, utf

Post = tuple[str, str]
ALL = frozenset({"alice", "bob", "chloe"})
SAID = [Said(0, "alice", "bonjour", ALL), Said(1, "bob", "salut", ALL), Said(1, "chloe", "😀", ALL)]
POSTS = [message.post for message in SAID]


def member(sent: Sequence[Post], received: Sequence[Post], number: int = 1) -> Conversation:
    parts: list[Part] = [(CLIENT, utf("127.0.0.1"))]
    parts += [(CLIENT, utf(author) + utf(text)) for author, text in sent]
    parts += [(SERVER, utf(author) + utf(text)) for author, text in received]
    return read_conversation(CHAT, connection(*parts, number=number))


def chat(received: Mapping[str, Sequence[Post]], said: Sequence[Said] = SAID) -> ChatReading:
    """A chat in which everybody's client sent what was typed, and received this."""
    conversations = [
        member([message.post for message in said if message.author == name], got, number)
        for number, (name, got) in enumerate(received.items(), 1)
    ]
    return read_chat(conversations, said)


def test_everybody_receives_everything_in_one_order() -> None:
    reading = chat({"alice": POSTS, "bob": POSTS, "chloe": POSTS})
    assert reading.problem is None
    assert list(reading.order) == SAID
    assert reading.received == {"alice": POSTS, "bob": POSTS, "chloe": POSTS}


def test_messages_typed_at_once_may_have_either_order_if_it_is_the_same_for_all() -> None:
    other = [POSTS[0], POSTS[2], POSTS[1]]
    reading = chat({"alice": other, "bob": other, "chloe": other})
    assert reading.problem is None
    assert [message.post for message in reading.order] == other


@given(st.data(), st.sampled_from(["lost", "doubled", "swapped", "mixed"]))
def test_whatever_one_member_sees_otherwise_is_a_problem(data: st.DataObject, change: str) -> None:
    name = data.draw(st.sampled_from(sorted(ALL)))
    place = data.draw(st.integers(0, 2))
    other = data.draw(st.sampled_from([index for index in range(3) if index != place]))
    got = list(POSTS)
    match change:
        case "lost":
            del got[place]
        case "doubled":
            got.insert(other, got[place])
        case "swapped":
            got[place], got[other] = got[other], got[place]
        case "mixed":
            got[place] = (got[place][0], got[other][1])
    assert chat({**dict.fromkeys(sorted(ALL), POSTS), name: got}).problem is not None


@pytest.mark.parametrize(
    ("bob", "sentence"),
    [
        (POSTS[1:], "bob never received 'bonjour' by alice"),
        ([*POSTS, POSTS[0]], "bob received 'bonjour' by alice 2 times"),
        ([POSTS[0], ("bob", "😀"), POSTS[2]], "bob received '😀' by 'bob', a message that nobody posted"),
        (
            [POSTS[0], POSTS[2], POSTS[1]],
            "bob received '😀' before 'salut', and alice received them the other way round",
        ),
        ([POSTS[1], POSTS[0], POSTS[2]], "'bonjour' was said before 'salut', and bob received it after"),
    ],
    ids=["left out", "twice", "mixed", "other order", "too late"],
)
def test_what_a_server_can_do_wrong(bob: Sequence[Post], sentence: str) -> None:
    assert chat({"alice": POSTS, "bob": bob, "chloe": POSTS}).problem == sentence


def test_a_message_from_before_one_joined() -> None:
    said = [Said(0, "alice", "un", frozenset({"alice"})), Said(1, "bob", "deux", frozenset({"alice", "bob"}))]
    posts = [message.post for message in said]
    assert chat({"alice": posts, "bob": posts[1:]}, said).problem is None
    assert chat({"alice": posts, "bob": posts}, said).problem == (
        "bob received 'un' by alice, said when bob was not there"
    )


def test_a_chat_that_nobody_saw_from_its_beginning_to_its_end() -> None:
    """alice leaves before chloe comes: the one order is put together of what each of them saw."""
    early, late = frozenset({"alice", "bob"}), frozenset({"bob", "chloe"})
    said = [Said(0, "alice", "un", early), Said(1, "bob", "deux", late), Said(1, "chloe", "trois", late)]
    said += [Said(2, "chloe", "quatre", frozenset({"chloe"}))]
    un, deux, trois, quatre = (message.post for message in said)
    reading = chat({"alice": [un], "bob": [un, trois, deux], "chloe": [trois, deux, quatre]}, said)
    assert reading.problem is None
    assert [message.post for message in reading.order] == [un, trois, deux, quatre]
    assert chat({"alice": [un], "bob": [un, trois, deux], "chloe": [deux, trois, quatre]}, said).problem == (
        "chloe received 'deux' before 'trois', and bob received them the other way round"
    )


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ([], "nothing on the wire has 'alice' as its author, though alice typed messages"),
        ([("alice", "bonjour"), ("alice", "encore")], "the client of alice sent 'encore', which nobody typed"),
        ([("alice", "bonsoir")], "alice typed 'bonjour', and the client sent 'bonsoir' by 'alice'"),
    ],
    ids=["nothing", "too much", "something else"],
)
def test_what_a_client_can_do_wrong(sent: Sequence[Post], sentence: str) -> None:
    said = [Said(0, "alice", "bonjour", frozenset({"alice"}))]
    assert read_chat([member(sent, [POSTS[0]])], said).problem == sentence


def test_a_client_that_sends_only_a_part_of_what_was_typed() -> None:
    only = frozenset({"alice"})
    said = [Said(0, "alice", "un", only), Said(1, "alice", "deux", only)]
    assert read_chat([member([("alice", "un")], [("alice", "un")])], said).problem == (
        "alice typed 'deux', and the client never sent it"
    )


def test_a_connection_that_sends_no_message() -> None:
    said = [Said(0, "alice", "un", frozenset({"alice"}))]
    quiet = member([], [], number=2)
    assert read_chat([member([("alice", "un")], [("alice", "un")]), quiet], said).problem == (
        "connection 2 sent no message, and nobody was silent"
    )


def test_a_chat_that_stopped_before_all_had_spoken() -> None:
    """Whose connection is whose cannot be known yet; that one of them lacks the message can."""
    said = [Said(0, "alice", "un", frozenset({"alice", "bob", "chloe"}))]
    alice = member([("alice", "un")], [("alice", "un")], number=2)
    lucky, unlucky = member([], [("alice", "un")], number=3), member([], [], number=1)
    assert read_chat([unlucky, alice, lucky], said).problem == (
        "one of bob, chloe never received 'un' by alice (connection 1)"
    )
    assert read_chat([member([], [("alice", "un")]), alice, lucky], said).problem is None
