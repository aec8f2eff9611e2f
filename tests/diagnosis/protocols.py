"""The protocols of these tests: the two of the course, and one that no line of the code was written for; and the
conversations that they are diagnosed from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.agent.recording import Recording
from conformance.decoder import Conversation, Conversations
from conformance.model.protocol import Protocol
from conformance.model.yaml_file import read_yaml, validate
from tests.decoder.building import ADDITION, CHAT, Part, events

__all__ = ["ADDITION", "CHAT", "ORDER", "PROTOCOLS", "read"]

_ORDER = Path(__file__).with_name("order.yaml")
ORDER: Protocol = validate(Protocol, read_yaml(_ORDER), _ORDER)
PROTOCOLS = {protocol.protocol: protocol for protocol in (ADDITION, CHAT, ORDER)}


def read(
    protocol: Protocol, parts: Sequence[Part], *, ends: bool, over: bool = False, number: int = 1
) -> list[Conversation]:
    """The conversation in which these parts passed, one after the other; with `over`, nothing more was recorded."""
    conversations = Conversations(protocol, Recording(events(parts, number, ends=ends)))
    return conversations.finish() if ends or over else conversations.update()
