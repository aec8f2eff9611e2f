"""The addition service: what it computes and what it prints. It knows nothing of connections."""

import struct
from itertools import chain

from javaio import to_int32
from pyconsole import visible

__all__ = ["PAIR_SIZE", "AdditionService", "add"]

PAIR_SIZE = 8
"""Bytes of a request on the wire: two ints."""

_unpack_pair = struct.Struct(">2i").unpack
_pack_sum = struct.Struct(">i").pack


def add(first: int, second: int) -> int:
    """The sum of two Java ints, which wraps as in Java. Java: `first + second`."""
    return to_int32(first + second)


class AdditionService:
    """The service of one client: the lines printed about it, which carry its id, and its answers."""

    __slots__ = ("_client_id", "_lines")

    def __init__(self, client_id: int) -> None:
        self._client_id = client_id
        # Formatting bytes takes two thirds of the time of formatting text, and nothing has to be encoded.
        self._lines = f"{self.first('%d')}\n{self.second('%d')}\n{self.sum('%d')}\n".encode()

    def connected(self) -> str:
        return f"### Connexion établie (id client : {self._client_id})."

    def address(self, address: str) -> str:
        return f"--> Adresse du client : {visible(address)}"

    def first(self, number: int | str) -> str:
        return f"--> Premier nombre reçu depuis {self._client_id} : {number}"

    def second(self, number: int | str) -> str:
        return f"--> Deuxième nombre reçu depuis {self._client_id} : {number}"

    def sum(self, number: int | str) -> str:
        return f"<-- Somme retournée à client {self._client_id} : {number}"

    def disconnected(self) -> str:
        return f"### Le client {self._client_id} est déconnecté"

    def answer(self, pairs: bytes | bytearray | memoryview) -> tuple[bytes, bytes]:
        """Answers one or many requests.

        `pairs` has 8 bytes a request: two big-endian ints. Returns the sums, 4 bytes each, and the lines to print, in
        UTF-8. Formatting and packing all requests at once takes a quarter of the time of one after the other.
        """
        if len(pairs) == PAIR_SIZE:
            first, second = _unpack_pair(pairs)
            total = first + second
            if not -0x80000000 <= total <= 0x7FFFFFFF:
                total = add(first, second)
            return _pack_sum(total), self._lines % (first, second, total)
        count = len(pairs) // PAIR_SIZE
        numbers = struct.unpack(f">{2 * count}i", pairs)
        firsts, seconds = numbers[::2], numbers[1::2]
        sums = [
            total if -0x80000000 <= (total := first + second) <= 0x7FFFFFFF else add(first, second)
            for first, second in zip(firsts, seconds, strict=True)
        ]
        shown = (self._lines * count) % tuple(chain.from_iterable(zip(firsts, seconds, sums, strict=True)))
        return struct.pack(f">{count}i", *sums), shown
