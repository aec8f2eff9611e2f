"""The first message of a broadcast that was lost, mixed up, or seen in another order by somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.decoder.conversation import Conversation, SeenField

__all__ = ["Placed", "lost_message", "messages"]

Post = tuple[Any, ...]
Placed = tuple[int, Post, SeenField]
"""A message: the number of its connection, the values of its fields, and its last field."""


def lost_message(conversations: Sequence[Conversation], names: Sequence[str]) -> tuple[int, SeenField] | None:
    """The number of its connection and its last field; None where every message reached whom it must, in one order.

    `names` are the fields of a message that is broadcast.
    """
    posted = [place for conversation in conversations for place in messages(conversation, CLIENT, names)]
    received = {
        conversation.connection.number: [*messages(conversation, SERVER, names)] for conversation in conversations
    }
    known = {post for _, post, _ in posted}
    mixed = [place for places in received.values() for place in places if place[1] not in known]
    return _earliest(mixed or _other_order(received) or _not_received(conversations, posted, received))


def messages(conversation: Conversation, sender: Side, names: Sequence[str]) -> list[Placed]:
    """The messages of one side, `names` being the fields of each."""
    placed: list[Placed] = []
    collected: dict[str, Any] = {}
    for seen in conversation.fields:
        if seen.sender != sender or seen.name not in names:
            continue
        collected[seen.name] = seen.value
        if len(collected) == len(names):
            placed.append((conversation.connection.number, tuple(collected[name] for name in names), seen))
            collected = {}
    return placed


def _earliest(places: Sequence[Placed]) -> tuple[int, SeenField] | None:
    found = min(places, key=lambda place: place[2].came, default=None)
    return None if found is None else (found[0], found[2])


def _other_order(received: dict[int, list[Placed]]) -> list[Placed]:
    """What comes where another connection had something that this one has only later."""
    everything = list(received.values())
    for number, places in enumerate(everything):
        for others in everything[:number]:
            common = {post for _, post, _ in places} & {post for _, post, _ in others}
            mine = [place for place in places if place[1] in common]
            theirs = [place for place in others if place[1] in common]
            for one, other in zip(mine, theirs, strict=False):
                if one[1] != other[1]:
                    return [one]
    return []


def _not_received(
    conversations: Sequence[Conversation], posted: Sequence[Placed], received: dict[int, list[Placed]]
) -> list[Placed]:
    lost = []
    for place in posted:
        for conversation in conversations:
            connection = conversation.connection
            introduced = conversation.fields[0].came if conversation.fields else None
            gone = connection.client.ended or connection.client.reset
            there = introduced is not None and introduced < place[2].came and (gone is None or gone > place[2].came)
            if there and place[1] not in {post for _, post, _ in received[connection.number]}:
                lost.append(place)
    return lost
