"""Right counterparts, as short as javaio makes them: each plays its part until the other is gone or talks nonsense."""

from __future__ import annotations

import socket
from collections.abc import Callable

from javaio import DataInputStream, DataOutputStream, UTFDataFormatError, to_int32, to_int64

__all__ = ["CLIENTS", "SERVERS", "Peer"]

Peer = Callable[[DataInputStream, DataOutputStream], None]
SUMS = ((84, 98), (200, 100), (7, 0))


def addition_server(inp: DataInputStream, out: DataOutputStream) -> None:
    """Adds for one client."""
    inp.read_utf()
    while True:
        first = inp.read_int()
        out.write_int(to_int32(first + inp.read_int()))


def addition_client(inp: DataInputStream, out: DataOutputStream) -> None:
    """Has three pairs added."""
    out.write_utf("127.0.0.1")
    for first, second in SUMS:
        out.write_int(first)
        out.write_int(second)
        inp.read_int()


def chat_server(inp: DataInputStream, out: DataOutputStream) -> None:
    """Sends its one client what it said."""
    inp.read_utf()
    while True:
        author, text = inp.read_utf(), inp.read_utf()
        out.write_utf(author)
        out.write_utf(text)


def chat_client(inp: DataInputStream, out: DataOutputStream) -> None:
    """Says two things, and hears them."""
    out.write_utf("127.0.0.1")
    for text in ("l’été\0", "😀"):
        out.write_utf("zoé")
        out.write_utf(text)
        inp.read_utf()
        inp.read_utf()


def order_server(inp: DataInputStream, out: DataOutputStream) -> None:
    """Says what the orders cost."""
    inp.read_utf()
    while True:
        inp.read_utf()
        quantity = inp.read_int()
        out.write_long(to_int64(quantity * inp.read_long()))


def order_client(inp: DataInputStream, out: DataOutputStream) -> None:
    """Orders twice."""
    out.write_utf("alice")
    for item, quantity, price in (("apples", 3, 250), ("pears", 4, 310)):
        out.write_utf(item)
        out.write_int(quantity)
        out.write_long(price)
        inp.read_long()


SERVERS: dict[str, Peer] = {"addition": addition_server, "chat": chat_server, "order": order_server}
CLIENTS: dict[str, Peer] = {"addition": addition_client, "chat": chat_client, "order": order_client}


def play(peer: Peer, sock: socket.socket) -> None:
    """Lets `peer` talk over the socket until one of the two has enough."""
    with sock, sock.makefile("rb") as source, sock.makefile("wb", buffering=0) as sink:
        try:
            peer(DataInputStream(source), DataOutputStream(sink))
        except (EOFError, OSError, UTFDataFormatError):
            return
