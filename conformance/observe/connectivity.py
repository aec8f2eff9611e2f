"""The doctor's first questions: does the name mean something, is it on my network, does a connection open?"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.observe.answers import Answer
from conformance.observe.own_addresses import OwnAddress

__all__ = ["Attempt", "attempt", "connection_answer", "name_answer", "network_answer", "resolve"]

_ASK_THERE = (
    "ask on that machine for its address: `hostname -I` on Linux, `ipconfig` on Windows, "
    "`ipconfig getifaddr en0` on macOS"
)


def resolve(host: str) -> tuple[list[str], str]:
    """The addresses that the name stands for, or none and the reason."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return [], getattr(error, "strerror", None) or str(error)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found)), ""


def name_answer(host: str, addresses: Sequence[str], why: str) -> Answer:
    """Whether the name means something."""
    if not addresses:
        return Answer(
            "name", "wrong", f"{host!r} is no name that this machine knows ({why})", f"use the address; {_ASK_THERE}"
        )
    if list(addresses) == [host]:
        return Answer("name", "ok", f"{host} is an address, there is no name to look up")
    return Answer("name", "ok", f"{host} is {' and '.join(addresses)}")


def network_answer(addresses: Sequence[str], mine: Sequence[OwnAddress]) -> Answer:
    """Whether one of the addresses is on a network of this machine."""
    outside = [own for own in mine if not own.address.is_loopback and not own.address.is_link_local]
    shown = ", ".join(str(own) for own in outside) or "none but loopback"
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if address.is_unspecified:
            return Answer(
                "network",
                "wrong",
                f"{address} is nobody's address: servers show it, and mean all they have",
                _ASK_THERE,
            )
        if address.is_loopback or any(own.address == address for own in mine):
            return Answer("network", "ok", f"{address} is this machine itself (my addresses: {shown})")
        for own in mine:
            if own.address.version == address.version and address in own.network:
                return Answer("network", "ok", f"{address} is on my network: I am {own}, in {own.network}")
    if not outside:
        return Answer("network", "wrong", "this machine is on no network", "join the network that the server is on")
    return Answer(
        "network",
        "note",
        f"{addresses[0]} is on no network of mine (my addresses: {shown}); the way there leads through a router",
        "in one room both should be on the same network: see that both have joined the same Wi-Fi",
    )


@dataclass(frozen=True)
class Attempt:
    """An attempt to connect: how long it took, and why it failed, if it did."""

    address: str
    seconds: float
    error: OSError | None = None


def attempt(address: str, port: int, wait: float) -> Attempt:
    """Connects, and leaves at once."""
    began = time.perf_counter()
    try:
        with socket.create_connection((address, port), wait):
            return Attempt(address, time.perf_counter() - began)
    except OSError as error:
        return Attempt(address, time.perf_counter() - began, error)


def connection_answer(attempts: Sequence[Attempt], port: int, wait: float, mine: Sequence[OwnAddress]) -> Answer:
    """What the attempts say."""
    opened = [made for made in attempts if made.error is None]
    failed = [made for made in attempts if made.error is not None]
    if opened:
        made = opened[0]
        sentence = f"{made.address} port {port} accepts, after {made.seconds * 1000:.1f} ms"
        if not failed:
            return Answer("connection", "ok", sentence)
        others = ", ".join(made.address for made in failed)
        return Answer(
            "connection",
            "note",
            f"{sentence}; {others} does not ({_why(failed[0])})",
            f"give clients {made.address} rather than the name: some try only the first address of a name",
        )
    made = failed[0]
    assert made.error is not None
    at = f"{made.address} port {port}"
    own = made.address.partition("%")[0] in {str(own.address) for own in mine}
    match made.error:
        case TimeoutError() | OSError(errno=errno.ETIMEDOUT):
            return Answer(
                "connection",
                "wrong",
                f"{at} does not answer at all (waited {wait:g} s): a firewall drops what I send, "
                "or the address is nobody's",
                f"check the address; on that machine let TCP port {port} in through the firewall",
            )
        case ConnectionRefusedError() if own and _loopback_listens(made.address, port, wait):
            return Answer(
                "connection",
                "wrong",
                f"{at} refuses, and 127.0.0.1 accepts: the server listens for its own machine only",
                'have it listen on every interface: new ServerSocket(port) in Java, ("", port) in Python',
            )
        case ConnectionRefusedError():
            return Answer(
                "connection",
                "wrong",
                f"{at} refuses, after {made.seconds * 1000:.1f} ms: the machine is there, "
                "and nothing listens on that port",
                "start the server there, and compare the port that it shows; if it runs, a firewall may refuse for it",
            )
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH | errno.EADDRNOTAVAIL):
            return Answer(
                "connection",
                "wrong",
                f"{at} cannot be reached from here: {_why(made)}",
                "see that both machines are on, and on the same network",
            )
    return Answer(
        "connection", "wrong", f"{at}: {_why(made)}", "try again; if it stays so, check the address and the port"
    )


def _why(made: Attempt) -> str:
    error = made.error
    if isinstance(error, TimeoutError):
        return "no answer"
    return os.strerror(error.errno) if error and error.errno else str(error)


def _loopback_listens(address: str, port: int, wait: float) -> bool:
    return not ipaddress.ip_address(address.partition("%")[0]).is_loopback and (
        attempt("127.0.0.1", port, wait).error is None
    )
