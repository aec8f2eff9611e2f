"""Reads made-up connections, and says in short what came of them."""

from __future__ import annotations

from typing import Any

from conformance.agent.recording import Recording
from conformance.decoder import Conversation, read_conversations
from conformance.model import Protocol
from tests.decoder.building import Part, events

__all__ = ["Place", "problems", "read"]

Place = tuple[str, str | None, int | None, str | None]
"""The code of a problem, its side, its byte offset and its field."""


def read(protocol: Protocol, *parts: Part, ends: bool = True) -> Conversation:
    """The one connection in which these parts passed, one after the other, read to its end."""
    [conversation] = read_conversations(protocol, Recording(events(parts, ends=ends)))
    return conversation


def problems(conversation: Conversation) -> list[Place]:
    """What is wrong with it, and where."""
    return [(one.code, one.where.side, one.where.offset, one.where.field) for one in conversation.problems]


def facts(conversation: Conversation) -> dict[str, Any]:
    """The facts of its first problem."""
    return dict(conversation.problems[0].values)
