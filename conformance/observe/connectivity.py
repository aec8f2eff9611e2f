"""The doctor's first questions: does the name mean something, is it on my network, does a connection open?

No connection is opened only to be closed again: the one that opens is left open, for the conversation to come.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import psutil

from conformance.agent.addresses import shown_address
from conformance.agent.problem import Problem
from conformance.diagnosis import Finding
from conformance.observe.places import OwnAddress

__all__ = [
    "Answer",
    "Attempt",
    "Fact",
    "Verdict",
    "attempt",
    "connection_answer",
    "is_own",
    "listeners",
    "listening_answer",
    "name_answer",
    "network_answer",
    "other_clients",
    "reach",
]

Verdict = Literal["ok", "note", "wrong"]
_LOOPBACK = ("127.0.0.1", "::1")
_MOST_ADDRESSES = 4
_EVERY = ("0.0.0.0", "::")


class Fact(NamedTuple):
    """What was found to be so: `code` is that of the text `doctor.CODE`."""

    code: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One step's answer. `note` is neither well nor wrong: worth knowing.

    `advice` is the code of what to do, of the text `doctor.do.CODE`; `finding` a diagnosis with a remedy of its own.
    """

    step: str
    verdict: Verdict
    about: Problem | Fact
    advice: str = ""
    finding: Finding | None = None


def name_answer(host: str) -> tuple[list[str], Answer]:
    """The addresses that the name stands for, and whether there are any."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return [], Answer("name", "wrong", _problem("unknown-name", host=host, reason=reason), "use-address")
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))[:_MOST_ADDRESSES]
    is_address = Fact("is-address", {"host": host})
    name = Fact("name", {"host": host, "addresses": ", ".join(addresses)})
    return addresses, Answer("name", "ok", is_address if addresses == [host] else name)


def network_answer(addresses: Sequence[str], mine: Sequence[OwnAddress]) -> Answer:
    """Whether one of the addresses is on a network of this machine."""
    outside = _outer(mine)
    shown = ", ".join(str(own) for own in outside) or "none"
    for text in addresses:
        address = _address(text)
        if address.is_unspecified:
            return Answer("network", "wrong", _problem("nobodys-address", address=str(address)), "ask-address")
        if is_own(text, mine):
            return Answer("network", "ok", Fact("this-machine", {"address": str(address), "mine": shown}))
        for own in mine:
            if address in own.network:
                values = {"address": str(address), "own": str(own), "network": str(own.network)}
                return Answer("network", "ok", Fact("my-network", values))
    if not outside:
        return Answer("network", "wrong", _problem("no-network"), "join-network")
    return Answer("network", "note", _problem("other-network", address=addresses[0], mine=shown), "same-network")


@dataclass(frozen=True)
class Attempt:
    """An attempt to connect: how many seconds it took, and why it failed; or the connection, which is open."""

    address: str
    seconds: float
    error: OSError | None = None
    sock: socket.socket | None = None


def attempt(address: str, port: int, wait: float) -> Attempt:
    """Connects."""
    began = time.perf_counter()
    try:
        sock = socket.create_connection((address, port), wait)
    except OSError as error:
        return Attempt(address, time.perf_counter() - began, error)
    sock.settimeout(None)
    return Attempt(address, time.perf_counter() - began, sock=sock)


def reach(addresses: Sequence[str], port: int, wait: float, mine: Sequence[OwnAddress]) -> list[Attempt]:
    """Attempts at one address after the other, until one succeeds.

    Where this machine refuses at an address of its own, its other addresses are tried as well: the server may listen
    there alone.
    """
    attempts: list[Attempt] = []
    for address in dict.fromkeys(addresses):
        attempts.append(attempt(address, port, wait))
        if attempts[-1].error is None:
            return attempts
    if any(is_own(made.address, mine) and isinstance(made.error, ConnectionRefusedError) for made in attempts):
        others = [*_LOOPBACK, *(str(own.address) for own in _outer(mine))]
        others.sort(key=lambda other: _address(other).is_loopback != _address(addresses[0]).is_loopback)
        for other in [each for each in dict.fromkeys(others) if each not in addresses][:_MOST_ADDRESSES]:
            if (made := attempt(other, port, wait)).error is None:
                return [*attempts, made]
    return attempts


def connection_answer(
    addresses: Sequence[str], attempts: Sequence[Attempt], port: int, wait: float, mine: Sequence[OwnAddress]
) -> Answer:
    """Whether a connection opens at one of the addresses that were asked for; each attempt had `wait` seconds."""
    *_, last = attempts
    failed = [made for made in attempts if made.error is not None]
    values: dict[str, Any] = {"address": last.address, "port": port, "milliseconds": round(last.seconds * 1000, 1)}
    if last.error is None and last.address in addresses:
        silent = [made.address for made in failed] or _without_listener(addresses, port, mine)
        if not silent:
            return Answer("connection", "ok", Fact("accepts", values))
        values |= {"others": ", ".join(silent), "reason": _reason(failed[0] if failed else None)}
        return Answer("connection", "note", _problem("some-addresses-fail", **values), "give-address")
    made = failed[0]
    values |= {"address": made.address, "milliseconds": round(made.seconds * 1000, 1)}
    own = is_own(made.address, mine)
    if last.error is None:
        values["accepts"] = last.address
        asked, accepts = _address(made.address), _address(last.address)
        if asked.is_loopback == accepts.is_loopback and asked.version != accepts.version:
            values["family"] = f"IPv{accepts.version}"
            return Answer("connection", "wrong", _problem("other-family", **values), "listen-both")
        code = "own-machine-only" if accepts.is_loopback else "listens-elsewhere"
        return Answer("connection", "wrong", _problem(code, **values), "listen-everywhere")
    match made.error:
        # Windows takes 2 s to refuse a connection to itself.
        case TimeoutError() | OSError(errno=errno.ETIMEDOUT) if own and listeners(port) != set():
            return Answer("connection", "wrong", _problem("queue-full", seconds=wait, **values), "accept-again")
        case TimeoutError() | OSError(errno=errno.ETIMEDOUT) if not own:
            return Answer("connection", "wrong", _problem("no-answer", seconds=wait, **values), "open-firewall")
        case TimeoutError() | ConnectionRefusedError() | OSError(errno=errno.ETIMEDOUT):
            if own and _has_datagrams(made.address, port):
                return Answer("connection", "wrong", _problem("datagrams", **values), "listen-tcp")
            advice = "start-server-here" if own else "start-server"
            return Answer("connection", "wrong", _problem("nothing-listens", **values), advice)
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH | errno.EADDRNOTAVAIL):
            return Answer("connection", "wrong", _problem("unreachable", reason=_reason(made), **values), "both-on")
    return Answer("connection", "wrong", _problem("connect-failed", reason=_reason(made), **values), "try-again")


def listening_answer(addresses: Sequence[str], port: int, mine: Sequence[OwnAddress]) -> Answer | None:
    """That a server of this machine listens at the first address, as the system tells without a connection to it."""
    address, found = addresses[0], listeners(port) or set()
    if is_own(address, mine) and found & {address, *_EVERY}:
        return Answer("connection", "ok", Fact("listens", {"address": address, "port": port}))
    return None


def is_own(address: str, mine: Sequence[OwnAddress]) -> bool:
    """Whether it is an address of this machine."""
    return _address(address).is_loopback or any(own.address == _address(address) for own in mine)


def listeners(port: int) -> set[str] | None:
    """The addresses of this machine at which a server listens on that port; None where the system does not tell."""
    with suppress(psutil.Error, OSError):
        entries = psutil.net_connections("tcp")
        listening = [one.laddr for one in entries if one.status == psutil.CONN_LISTEN]
        return {place.ip for place in listening if place and place.port == port}
    return None


def other_clients(port: int, own_port: int) -> list[str] | None:
    """Who else is connected to that port of this machine; None where the system does not tell."""
    with suppress(psutil.Error, OSError):
        return [
            shown_address(entry.raddr)
            for entry in psutil.net_connections("tcp")
            if entry.status == psutil.CONN_ESTABLISHED
            if entry.laddr and entry.laddr.port == port and entry.raddr and entry.raddr.port != own_port
        ]
    return None


def _without_listener(addresses: Sequence[str], port: int, mine: Sequence[OwnAddress]) -> list[str]:
    """Which of these addresses of this machine nothing listens at, as far as the system tells."""
    found = listeners(port) or set()
    if not found or found & {*_EVERY} or not all(is_own(address, mine) for address in addresses):
        return []
    return [address for address in addresses if address not in found]


def _has_datagrams(address: str, port: int) -> bool:
    """Whether a datagram socket of this machine has the port: no other one can have it then."""
    family = socket.AF_INET6 if _address(address).version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((address, port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _outer(mine: Sequence[OwnAddress]) -> list[OwnAddress]:
    return [own for own in mine if not own.address.is_loopback and not own.address.is_link_local]


def _problem(code: str, **values: Any) -> Problem:
    return Problem(code, values=values)


def _reason(made: Attempt | None) -> str:
    error = ConnectionRefusedError(errno.ECONNREFUSED, "") if made is None else made.error
    if isinstance(error, TimeoutError):
        return os.strerror(errno.ETIMEDOUT)
    return os.strerror(error.errno) if error and error.errno else str(error)
