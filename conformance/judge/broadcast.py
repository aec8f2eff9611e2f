"""A broadcast on the wire: what was typed was sent, and all who were there received it, whole, once, in one order.

What a message is, the protocol says under `broadcast`: of the fields named there the first says who it is by, and the
last what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, pairwise, zip_longest
from operator import attrgetter
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.problem import Problem, Where
from conformance.decoder import Conversation
from conformance.judge.room import Post, changed, post_of

__all__ = ["Broadcast", "Post", "Said", "posts", "read_broadcast"]


_Key = tuple[Any, Any]


@dataclass(frozen=True)
class Said:
    """A message that was typed: in which step, by whom, and who was there to receive it."""

    step: int
    author: str
    text: str
    audience: frozenset[str]

    @property
    def key(self) -> _Key:
        """What tells it from all others on the wire."""
        return self.author, self.text


@dataclass(frozen=True)
class Broadcast:
    """`order`: the messages as they were posted, in the one order that all saw; `received`: what each member got."""

    order: Sequence[tuple[Said, Post]] = ()
    received: Mapping[str, Sequence[Post]] = field(default_factory=dict)
    problem: Problem | None = None


def posts(conversation: Conversation, side: Side) -> Iterator[Post]:
    """The messages that this side sent."""
    names = conversation.protocol.broadcast
    for message in conversation.messages if names else ():
        if message.side == side and (post := post_of(conversation.number, message, names)) is not None:
            yield post


def read_broadcast(conversations: Sequence[Conversation], said: Sequence[Said]) -> Broadcast:
    """Compares the conversations with what was said, if anything was. A text is said once."""
    if not said:
        return Broadcast()
    sent: dict[Any, list[Post]] = {}  # of each member, on its connection
    received: dict[Any, list[Post]] = {}
    silent: list[tuple[int, list[Post]]] = []  # what came on a connection of nobody knows whom
    for conversation in conversations:
        mine, theirs = list(posts(conversation, CLIENT)), list(posts(conversation, SERVER))
        for author in dict.fromkeys(post.author for post in mine):
            sent[author], received[author] = mine, theirs
        if not mine:
            silent.append((conversation.number, theirs))
    posted = {post.key: post for mine in sent.values() for post in mine}
    checks = (
        _sent_as_typed(sent, said),
        _received_as_sent(received, said, posted),
        _silent(silent, said, sent, posted),
    )
    problem = next(chain.from_iterable(checks), None)
    if problem is not None:
        return Broadcast(received=received, problem=problem)
    order: list[Said] = []
    for _, step in groupby(sorted(said, key=attrgetter("step")), key=attrgetter("step")):
        by_key = {message.key: message for message in step}
        audience = next(iter(by_key.values())).audience
        witness = next((got for member, got in received.items() if member in audience), [])
        order += [by_key[post.key] for post in witness if post.key in by_key]
    problem = next(_one_order(received, order), None)
    return Broadcast([(message, posted[message.key]) for message in order], received, problem)


# Each of the checks relies on those before it.


def _sent_as_typed(sent: Mapping[Any, Sequence[Post]], said: Sequence[Said]) -> Iterator[Problem]:
    for message in said:
        if message.author not in sent:
            yield Problem("no-such-author", values={"author": message.author})
    for author, mine in sent.items():
        for post, typed in zip_longest(mine, [message for message in said if message.author == author]):
            if post is None:
                yield Problem(
                    "message-not-sent", Where(mine[0].connection, CLIENT), {"author": author, "text": typed.text}
                )
            elif typed is None:
                yield post.problem("message-not-typed")
            elif post.key != typed.key:
                yield post.problem("message-differs", typed=typed.text, member=author)


def _received_as_sent(
    received: Mapping[Any, Sequence[Post]], said: Sequence[Said], posted: Mapping[_Key, Post]
) -> Iterator[Problem]:
    for member, got in received.items():
        first = {post.key: post for post in reversed(got)}
        for post in got:
            if post.key not in posted:
                lacking = (one for key, one in posted.items() if key not in first)
                change = next((told for one in lacking if (told := changed(one, post))), {})
                yield post.problem("message-unknown", member=member, **change)
            if post is not first[post.key]:
                times = sum(other.key == post.key for other in got)
                yield post.problem("duplicate-message", member=member, times=times)
        for message in said:
            if message.key not in first and member in message.audience:
                yield posted[message.key].problem("message-lost", member=member)
            if message.key in first and member not in message.audience:
                yield first[message.key].problem("message-to-absent", member=member)


def _silent(
    silent: Sequence[tuple[int, Sequence[Post]]],
    said: Sequence[Said],
    sent: Mapping[Any, Sequence[Post]],
    posted: Mapping[_Key, Post],
) -> Iterator[Problem]:
    """The connections of those who have not spoken yet: the wire tells how many lack a message, not who."""
    if len(silent) > len({member for message in said for member in message.audience} - set(sent)):
        yield Problem("connection-silent", Where(silent[0][0], CLIENT))
    got = [(number, {post.key for post in theirs}) for number, theirs in silent]
    for message in said:
        present = sorted(message.audience - set(sent))
        without = [number for number, keys in got if message.key not in keys]
        if len(silent) - len(without) < len(present):
            who = {"member": present[0]} if len(present) == 1 else {"members": ", ".join(present)}
            lacking = {"lacking": without[0]} if without else {}
            yield posted[message.key].problem("message-lost", **who, **lacking)


def _one_order(received: Mapping[Any, Sequence[Post]], order: Sequence[Said]) -> Iterator[Problem]:
    place = {message.key: number for number, message in enumerate(order)}
    for member, got in received.items():
        for earlier, later in pairwise(got):
            said, next_said = order[place[earlier.key]], order[place[later.key]]
            if said.step > next_said.step:
                yield later.problem("message-late", member=member, before=earlier.text)
            elif place[earlier.key] >= place[later.key]:
                witness = next(other for other in received if other in said.audience)
                yield earlier.problem("order-differs", member=member, before=later.text, witness=witness)
