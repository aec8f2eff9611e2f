"""A protocol and the bytes of both sides in; fields and problems out. Pure: no sockets, no threads, no clock."""

from conformance.decoder.conversation import Conversation, Conversations, feed, read_conversations
from conformance.decoder.decoder import Decoder, Expected, Field, Message, Outcome, Unread

__all__ = [
    "Conversation",
    "Conversations",
    "Decoder",
    "Expected",
    "Field",
    "Message",
    "Outcome",
    "Unread",
    "feed",
    "read_conversations",
]
