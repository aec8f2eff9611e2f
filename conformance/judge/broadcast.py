"""A chat on the wire: what was typed was sent, and everybody present received it, whole, once, in one order for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.decoder.conversation import Conversation

__all__ = ["ChatReading", "Said", "read_chat"]

Post = tuple[str, str]


@dataclass(frozen=True)
class Said:
    """A message that was typed: in which step, by whom, and who was there to receive it."""

    step: int
    author: str
    text: str
    audience: frozenset[str]

    @property
    def post(self) -> Post:
        """What tells it from all others on the wire."""
        return self.author, self.text


@dataclass(frozen=True)
class ChatReading:
    """`order`: the messages in the one order that all saw; `received`: what each member got; `problem`, if any."""

    order: Sequence[Said]
    received: Mapping[str, Sequence[Post]]
    problem: str | None


def read_chat(conversations: Sequence[Conversation], said: Sequence[Said]) -> ChatReading:
    """Compares the conversations with what was said."""
    by_post = {message.post: message for message in said}
    members: dict[str, Conversation] = {}
    for conversation in conversations:
        for author in {post[0] for post in _posts(conversation, CLIENT)}:
            members[author] = conversation
    received = {author: _posts(conversation, SERVER) for author, conversation in members.items()}
    problem = _sent_as_typed(members, said) or _received_as_sent(received, said)
    problem = problem or _silent(conversations, members, said)
    if problem:
        return ChatReading([], received, problem)
    order = [by_post[post] for step in _steps(said) for post in _seen_in(step, received)]
    return ChatReading(order, received, _one_order(received, order))


def _steps(said: Sequence[Said]) -> list[list[Said]]:
    """The messages of each step, whose audience is the same."""
    return [list(messages) for _, messages in groupby(sorted(said, key=_step), key=_step)]


def _step(message: Said) -> int:
    return message.step


def _seen_in(step: Sequence[Said], received: Mapping[str, Sequence[Post]]) -> list[Post]:
    """The messages of a step in the order in which the first of its audience received them."""
    posts = {message.post for message in step}
    witness = next((member for member in received if member in step[0].audience), None)
    return [post for post in received[witness] if post in posts] if witness else []


def _posts(conversation: Conversation, sender: Side) -> list[Post]:
    return [
        (message.fields["author"], message.fields["text"])
        for message in conversation.messages
        if message.sender == sender
    ]


def _sent_as_typed(members: Mapping[str, Conversation], said: Sequence[Said]) -> str | None:
    for author in dict.fromkeys(message.author for message in said):
        if author not in members:
            return f"nothing on the wire has {author!r} as its author, though {author} typed messages"
    for author, conversation in members.items():
        sent = _posts(conversation, CLIENT)
        typed = [message.post for message in said if message.author == author]
        for got, wanted in zip(sent, typed, strict=False):
            if got != wanted:
                return f"{author} typed {wanted[1]!r}, and the client sent {got[1]!r} by {got[0]!r}"
        if len(sent) > len(typed):
            return f"the client of {author} sent {sent[len(typed)][1]!r}, which nobody typed"
        if len(sent) < len(typed):
            return f"{author} typed {typed[len(sent)][1]!r}, and the client never sent it"
    return None


def _silent(
    conversations: Sequence[Conversation], members: Mapping[str, Conversation], said: Sequence[Said]
) -> str | None:
    """The connections of those who have not spoken yet: the wire tells how many lack a message, not who."""
    silent = [conversation for conversation in conversations if conversation not in members.values()]
    quiet = {member for message in said for member in message.audience} - set(members)
    if len(silent) > len(quiet):
        return f"connection {silent[0].connection.number} sent no message, and nobody was silent"
    for message in said:
        present = sorted(quiet & message.audience)
        without = [conversation for conversation in silent if message.post not in _posts(conversation, SERVER)]
        if len(silent) - len(without) < len(present):
            who = f"{present[0]} never" if len(present) == 1 else f"one of {', '.join(present)} never"
            number = f" (connection {without[0].connection.number})" if without else ""
            return f"{who} received {message.text!r} by {message.author}{number}"
    return None


def _received_as_sent(received: Mapping[str, Sequence[Post]], said: Sequence[Said]) -> str | None:
    posts = {message.post for message in said}
    for member, got in received.items():
        for post in got:
            if post not in posts:
                return f"{member} received {post[1]!r} by {post[0]!r}, a message that nobody posted"
            if got.count(post) > 1:
                return f"{member} received {post[1]!r} by {post[0]} {got.count(post)} times"
        for message in said:
            present = member in message.audience
            if present and message.post not in got:
                return f"{member} never received {message.text!r} by {message.author}"
            if not present and message.post in got:
                return f"{member} received {message.text!r} by {message.author}, said when {member} was not there"
    return None


def _one_order(received: Mapping[str, Sequence[Post]], order: Sequence[Said]) -> str | None:
    place = {message.post: number for number, message in enumerate(order)}
    said = {message.post: message for message in order}
    for member, got in received.items():
        for earlier, later in pairwise(got):
            if place[earlier] < place[later]:
                continue
            if said[earlier].step > said[later].step:
                return f"{later[1]!r} was said before {earlier[1]!r}, and {member} received it after"
            witness = next(other for other in received if other in said[earlier].audience)
            return (
                f"{member} received {earlier[1]!r} before {later[1]!r}, and {witness} received them the other way round"
            )
    return None
