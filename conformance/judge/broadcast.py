"""A broadcast on the wire: what was typed was sent, and all who were there received it, whole, once, in one order.

What a message is, the protocol says under `broadcast`: of the fields named there the first says who it is by, and the
last what was said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.problem import Problem, Where
from conformance.decoder import Conversation, Message

__all__ = ["Broadcast", "Post", "Said", "posts", "read_broadcast"]


@dataclass(frozen=True)
class Said:
    """A message that was typed: in which step, by whom, and who was there to receive it."""

    step: int
    author: str
    text: str
    audience: frozenset[str]

    @property
    def key(self) -> tuple[Any, Any]:
        """What tells it from all others on the wire."""
        return self.author, self.text


@dataclass(frozen=True)
class Post:
    """A message on the wire, and the connection that it passed on."""

    connection: int
    message: Message
    author: Any
    text: Any

    @property
    def key(self) -> tuple[Any, Any]:
        """What tells it from all others."""
        return self.author, self.text

    def problem(self, code: str, **values: Any) -> Problem:
        """A problem that shows in this message: its place is the message's last field."""
        last = self.message.last
        where = Where(self.connection, last.side, last.offset, last.name, last.type, last.round)
        return Problem(code, where, {"author": self.author, "text": self.text, **values}, last.came)


@dataclass(frozen=True)
class Broadcast:
    """`order`: the messages as they were posted, in the one order that all saw; `received`: what each member got."""

    order: Sequence[tuple[Said, Post]]
    received: Mapping[str, Sequence[Post]]
    problem: Problem | None


def posts(conversation: Conversation, side: Side) -> Iterator[Post]:
    """The messages that this side sent."""
    names = conversation.protocol.broadcast
    for message in conversation.messages if names else ():
        fields = message.fields
        if message.side == side and names[0] in fields and names[-1] in fields:
            yield Post(conversation.number, message, fields[names[0]], fields[names[-1]])


def read_broadcast(conversations: Sequence[Conversation], said: Sequence[Said]) -> Broadcast:
    """Compares the conversations with what was said. A text is said once."""
    sent: dict[Any, list[Post]] = {}  # of each member, on its connection
    received: dict[Any, list[Post]] = {}
    silent: list[tuple[Conversation, list[Post]]] = []
    for conversation in conversations:
        mine, theirs = list(posts(conversation, CLIENT)), list(posts(conversation, SERVER))
        for author in dict.fromkeys(post.author for post in mine):
            sent[author], received[author] = mine, theirs
        if not mine:
            silent.append((conversation, theirs))
    posted = {post.key: post for mine in sent.values() for post in mine}
    problem = (
        _sent_as_typed(sent, said)
        or _received_as_sent(received, said, posted)
        or _silent(silent, {member for message in said for member in message.audience} - set(sent), said, posted)
    )
    if problem is not None:
        return Broadcast((), received, problem)
    order = [message for step in _steps(said) for message in _seen_in(step, received)]
    return Broadcast([(message, posted[message.key]) for message in order], received, _one_order(received, order))


def _steps(said: Iterable[Said]) -> list[list[Said]]:
    """The messages of each step, whose audience is the same."""
    return [list(messages) for _, messages in groupby(sorted(said, key=_step), key=_step)]


def _step(message: Said) -> int:
    return message.step


def _seen_in(step: Sequence[Said], received: Mapping[Any, Sequence[Post]]) -> list[Said]:
    """The messages of a step in the order in which the first of its audience received them."""
    by_key = {message.key: message for message in step}
    witness = next((member for member in received if member in step[0].audience), None)
    return [by_key[post.key] for post in received[witness] if post.key in by_key] if witness is not None else []


def _sent_as_typed(sent: Mapping[Any, Sequence[Post]], said: Sequence[Said]) -> Problem | None:
    typed: dict[Any, list[Said]] = {}
    for message in said:
        typed.setdefault(message.author, []).append(message)
    for author in typed:
        if author not in sent:
            return Problem("no-such-author", values={"author": author})
    for author, mine in sent.items():
        wanted = typed.get(author, [])
        for post, message in zip(mine, wanted, strict=False):
            if post.key != message.key:
                return post.problem("message-differs", typed=message.text, member=message.author)
        if len(mine) > len(wanted):
            return mine[len(wanted)].problem("message-not-typed")
        if len(mine) < len(wanted):
            where = Where(mine[0].connection, CLIENT) if mine else Where()
            return Problem("message-not-sent", where, {"author": author, "text": wanted[len(mine)].text})
    return None


def _received_as_sent(
    received: Mapping[Any, Sequence[Post]], said: Sequence[Said], posted: Mapping[tuple[Any, Any], Post]
) -> Problem | None:
    known = {message.key for message in said}
    for member, got in received.items():
        times = Counter(post.key for post in got)
        seen: set[tuple[Any, Any]] = set()
        for post in got:
            if post.key not in known:
                return post.problem("message-unknown", member=member)
            if post.key in seen:
                return post.problem("duplicate-message", member=member, times=times[post.key])
            seen.add(post.key)
        by_key = {post.key: post for post in got}
        for message in said:
            present = member in message.audience
            if present and message.key not in seen:
                return posted[message.key].problem("message-lost", member=member)
            if not present and message.key in seen:
                return by_key[message.key].problem("message-to-absent", member=member)
    return None


def _silent(
    silent: Sequence[tuple[Conversation, Sequence[Post]]],
    quiet: set[str],
    said: Sequence[Said],
    posted: Mapping[tuple[Any, Any], Post],
) -> Problem | None:
    """The connections of those who have not spoken yet: the wire tells how many lack a message, not who."""
    if len(silent) > len(quiet):
        return Problem("connection-silent", Where(silent[0][0].number, CLIENT))
    got = [(conversation.number, {post.key for post in theirs}) for conversation, theirs in silent]
    for message in said:
        present = sorted(quiet & message.audience)
        without = [number for number, keys in got if message.key not in keys]
        if len(silent) - len(without) < len(present):
            who = {"member": present[0]} if len(present) == 1 else {"members": ", ".join(present)}
            lacking = {"lacking": without[0]} if without else {}
            return posted[message.key].problem("message-lost", **who, **lacking)
    return None


def _one_order(received: Mapping[Any, Sequence[Post]], order: Sequence[Said]) -> Problem | None:
    place = {message.key: number for number, message in enumerate(order)}
    said = {message.key: message for message in order}
    for member, got in received.items():
        for earlier, later in pairwise(got):
            if place[earlier.key] < place[later.key]:
                continue
            if said[earlier.key].step > said[later.key].step:
                return later.problem("message-late", member=member, before=earlier.text)
            witness = next(other for other in received if other in said[earlier.key].audience)
            return earlier.problem("order-differs", member=member, before=later.text, witness=witness)
    return None
