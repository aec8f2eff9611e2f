"""The chat service: who is in the room, and what the console shows of it, however its connections are driven."""

from collections.abc import Callable
from typing import Protocol

from javaio import WIRE_TYPES
from pyconsole import visible

__all__ = ["ChatMember", "ChatRoom"]

_UTF = WIRE_TYPES["UTF"]


class ChatMember(Protocol):
    """What the room asks of a client's connection."""

    @property
    def client_id(self) -> int: ...

    def send(self, message: bytes) -> bool:
        """Has the message sent as soon as possible, without waiting; False when too much is waiting already."""

    def abandon(self) -> None:
        """Leaves the room and ends the connection, whatever waits."""


class ChatRoom:
    """The clients who are connected.

    It runs on one thread: one thing happens at a time, so all clients see all messages in one and the same order, and
    the console tells it in that order too. Nothing here waits for a client.
    """

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out = out
        self._members: dict[int, ChatMember] = {}

    def join(self, member: ChatMember, address: str) -> None:
        """From now on, the member receives every message."""
        self._members[member.client_id] = member
        self._out(f"--> Adresse du client : {visible(address)}")

    def broadcast(self, author: str, text: str) -> None:
        """Sends a message to every member, its poster included; one that does not read is shown the door.

        Raises `UTFDataFormatError` for a text that was shorter when it came than as Java writes it, and then too long.
        """
        message = _UTF.encode(author) + _UTF.encode(text)  # one object for all: what waits for many is kept once
        not_reading = [member for member in self._members.values() if not member.send(message)]
        self._out(
            f"--> Message de {visible(author)} : {visible(text)}\n"
            f"<-- Message diffusé à {len(self._members) - len(not_reading)} clients"
        )
        for member in not_reading:
            member.abandon()

    def leave(self, member: ChatMember) -> None:
        """The member has gone, whether or not it had joined."""
        self._members.pop(member.client_id, None)
        self._out(f"### Le client {member.client_id} est déconnecté")
