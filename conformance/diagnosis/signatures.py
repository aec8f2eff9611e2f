"""Beginnings that no protocol of ours has, and that say at once who is speaking: HTTP, TLS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.agent.events import CLIENT, SERVER, Side

__all__ = ["Signature", "signature_of"]

_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH|PRI) \S+ HTTP/[0-9]")
_STATUS = re.compile(rb"HTTP/[0-9](?:\.[0-9])? [0-9]{3}")
_HELLO = re.compile(rb"\x16\x03[\x00-\x04]..\x01", re.DOTALL)


@dataclass(frozen=True)
class Signature:
    """The mistake that the beginning shows, and the beginning for human eyes."""

    key: str
    detail: str


def signature_of(side: Side, data: bytes) -> Signature | None:
    """What these first bytes of a side show, if anything."""
    if side == CLIENT and _REQUEST.match(data):
        return Signature("http-request", f"it begins with {_first_line(data)!r}")
    if side == SERVER and _STATUS.match(data):
        return Signature("http-answer", f"it begins with {_first_line(data)!r}")
    if side == CLIENT and _HELLO.match(data):
        return Signature("tls-hello", "it begins with 16 03, a TLS record, and in it a client hello")
    return None


def _first_line(data: bytes) -> str:
    return data[:200].partition(b"\r\n")[0].decode("latin-1")
