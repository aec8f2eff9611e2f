"""The doctor's first questions: does the name mean something, is it on my network, does a connection open?"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from conformance.agent.problem import Problem
from conformance.diagnosis import Finding
from conformance.observe.places import OwnAddress

__all__ = ["Answer", "Attempt", "Fact", "Verdict", "attempt", "connection_answer", "name_answer", "network_answer"]

Verdict = Literal["ok", "note", "wrong"]


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
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    is_address = Fact("is-address", {"host": host})
    name = Fact("name", {"host": host, "addresses": ", ".join(addresses)})
    return addresses, Answer("name", "ok", is_address if addresses == [host] else name)


def network_answer(addresses: Sequence[str], mine: Sequence[OwnAddress]) -> Answer:
    """Whether one of the addresses is on a network of this machine."""
    outside = [own for own in mine if not own.address.is_loopback and not own.address.is_link_local]
    shown = ", ".join(str(own) for own in outside) or "none"
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if address.is_unspecified:
            return Answer("network", "wrong", _problem("nobodys-address", address=str(address)), "ask-address")
        if address.is_loopback or any(own.address == address for own in mine):
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
    """An attempt to connect: how many seconds it took, and why it failed, if it did."""

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
    """Whether a connection opens; each attempt had `wait` seconds."""
    opened = [made for made in attempts if made.error is None]
    failed = [made for made in attempts if made.error is not None]
    made = (opened or failed)[0]
    values: dict[str, Any] = {"address": made.address, "port": port, "milliseconds": round(made.seconds * 1000, 1)}
    if opened:
        if not failed:
            return Answer("connection", "ok", Fact("accepts", values))
        values |= {"others": ", ".join(made.address for made in failed), "reason": _reason(failed[0])}
        return Answer("connection", "note", _problem("some-addresses-fail", **values), "give-address")
    address = ipaddress.ip_address(made.address.partition("%")[0])
    is_outer = not address.is_loopback and any(own.address == address for own in mine)
    match made.error:
        case TimeoutError() | OSError(errno=errno.ETIMEDOUT):
            return Answer("connection", "wrong", _problem("no-answer", seconds=wait, **values), "open-firewall")
        case ConnectionRefusedError() if is_outer and attempt("127.0.0.1", port, wait).error is None:
            return Answer("connection", "wrong", _problem("own-machine-only", **values), "listen-everywhere")
        case ConnectionRefusedError():
            return Answer("connection", "wrong", _problem("nothing-listens", **values), "start-server")
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH | errno.EADDRNOTAVAIL):
            return Answer("connection", "wrong", _problem("unreachable", reason=_reason(made), **values), "both-on")
    return Answer("connection", "wrong", _problem("connect-failed", reason=_reason(made), **values), "try-again")


def _problem(code: str, **values: Any) -> Problem:
    return Problem(code, values=values)


def _reason(made: Attempt) -> str:
    error = made.error
    if isinstance(error, TimeoutError):
        return os.strerror(errno.ETIMEDOUT)
    return os.strerror(error.errno) if error and error.errno else str(error)
