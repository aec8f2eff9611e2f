"""A protocol and the bytes of both sides in; fields and problems out. Pure: no sockets, no threads, no clock."""

from conformance.decoder.conversation import Conversation, Conversations, read_conversations
from conformance.decoder.decoder import Decoder, Expected, Field, Message, Outcome, Unread, encoded

__all__ = [
    "Conversation",
    "Conversations",
    "Decoder",
    "Expected",
    "Field",
    "Message",
    "Outcome",
    "Unread",
    "encoded",
    "read_conversations",
]
