"""The chat service: who is in the room, and what is printed. It knows nothing of connections."""

from collections.abc import Callable
from typing import Protocol

from javaio import WIRE_TYPES
from pyconsole import visible

__all__ = ["ChatMember", "ChatRoom"]

_UTF = WIRE_TYPES["UTF"]


class ChatMember(Protocol):
    """What the room needs of a client's connection."""

    @property
    def client_id(self) -> int: ...

    def send(self, message: bytes) -> bool:
        """Queues the message without blocking; returns False if too much is queued already."""

    def abandon(self) -> None:
        """Leaves the room and aborts the connection; what is queued is lost."""


class ChatRoom:
    """The clients who are connected.

    It runs on one thread, so all clients receive all messages in the same order, and the console shows that order.
    Nothing here blocks. While a member that reads has fallen behind, the room is `busy`, and nobody's messages are
    received: whoever posts too much is slowed, and not whoever reads.
    """

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out = out
        self._members: dict[int, ChatMember] = {}
        self._behind: set[ChatMember] = set()
        self._waiting: list[Callable[[], object]] = []

    @property
    def busy(self) -> bool:
        """Whether a member that reads has to catch up first."""
        return bool(self._behind)

    def falls_behind(self, member: ChatMember) -> None:
        """That member reads, and much waits for it."""
        self._behind.add(member)

    def goes_on_without(self, member: ChatMember) -> None:
        """That member has caught up, or does not read."""
        self._behind.discard(member)
        if not self._behind:
            waiting, self._waiting = self._waiting, []
            for go_on in waiting:
                go_on()

    def when_free(self, go_on: Callable[[], object]) -> None:
        """Calls `go_on` once it is not `busy` any more."""
        self._waiting.append(go_on)

    def join(self, member: ChatMember, address: str) -> None:
        """Adds the member, which from now on receives every message."""
        self._members[member.client_id] = member
        self._out(f"--> Adresse du client : {visible(address)}")

    def broadcast(self, author: str, text: str) -> None:
        """Sends a message to every member, its author included; a member that does not read is disconnected.

        Raises `UTFDataFormatError` for a text of more than 65,535 bytes as Java writes it. It may have come in fewer.
        """
        message = _UTF.encode(author) + _UTF.encode(text)  # one object for all queues
        not_reading = [member for member in self._members.values() if not member.send(message)]
        self._out(
            f"--> Message de {visible(author)} : {visible(text)}\n"
            f"<-- Message diffusé à {len(self._members) - len(not_reading)} clients"
        )
        for member in not_reading:
            member.abandon()

    def leave(self, member: ChatMember) -> None:
        """Removes the member, whether or not it had joined."""
        self._members.pop(member.client_id, None)
        self.goes_on_without(member)
        self._out(f"### Le client {member.client_id} est déconnecté")
