"""What is found: which mistake explains the bytes of a side, where it shows, and what speaks for it. No sentences.

The sentences and the remedies are in `conformance/spec/messages/`, under `finding.KEY`; `conformance/formatting` tells
a finding in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from conformance.agent.events import Side

__all__ = ["DETAILS", "KEYS", "Certainty", "Detail", "Finding", "Waiting"]

Certainty = Literal["certain", "likely", "possible"]

KEYS = (
    "little-endian-int",
    "little-endian-length",
    "number-as-text",
    "text-without-length",
    "four-byte-length",
    "one-byte-length",
    "newline-for-length",
    "text-writer",
    "characters-for-bytes",
    "standard-utf-8",
    "latin-1",
    "write-chars",
    "write-bytes",
    "write-object",
    "long-for-int",
    "byte-for-int",
    "short-for-int",
    "number-of-another-size",
    "answer-before-question",
    "address-never-sent",
    "both-sides-waiting",
    "http-request",
    "http-answer",
    "tls-hello",
    "json",
    "pickle",
    "xml",
    "csv-text",
    "protobuf",
    "msgpack",
    "gzip",
    "websocket",
    "banner",
    "frame-length",
    "varint-length",
    "decimal-length",
    "length-of-another-size",
    "length-overflow",
    "nul-terminated",
    "struct-padding",
    "byte-order-mark",
    "utf-16-text",
    "other-charset",
    "text-cut",
    "base64",
    "float-for-int",
    "double-for-int",
    "raw-address",
    "address-to-string",
    "bytes-to-string",
    "object-to-string",
    "wrong-order",
    "field-too-many",
    "field-missing",
    "reads-once",
    "one-recv-one-message",
    "available-as-length",
    "two-buffers",
    "reads-lines",
    "reads-to-end",
    "address-not-read",
    "unsigned-int",
    "no-wrap",
    "timeout-inside-value",
    "idle-timeout",
    "little-endian-reader",
    "little-endian-length-reader",
    "object-stream-reader",
    "not-flushed",
    "closes-before-answer",
    "closes-after-answer",
)
"""Every mistake that has a name. A key never changes its meaning: teachers' tools and old records rely on it."""

DETAILS: Mapping[str, str] = MappingProxyType(
    {
        "left-out": "`field` of that `type` is not sent.",
        "only-after": "`field` comes only after `after`.",
        "before": "`field` comes before `other`, and should follow it.",
        "extra-before": "A `type` that the protocol does not have comes before `field`; with `each_round`, in each.",
        "extra-after": "A `type` that the protocol does not have comes after `field`; with `each_round`, in each.",
        "before-question": "`field` comes before all of its question.",
        "read-low-byte-first": "The answers are right for who reads the numbers of the question low byte first.",
        "begins-with": "The first line of the bytes is `text`.",
        "begins-with-tls": "The bytes begin with a TLS record that holds a client hello.",
        "head": "A length of `size` bytes comes before it; `itself`: it counts these bytes, too.",
        "text-is": "The text is `text`.",
        "protocol-may-be-wrong": "The other side takes it as right: the protocol file may be what is wrong.",
        "reads-as": "With that mistake the first fields are `fields`, each its name (null: the one too many), value "
        "as Python writes it, and whether it is whole; with `more`, there are more of them.",
        "pattern": "`failed` cases fail and `passed` pass as with such a reader: `case` fails, `other` passes.",
        "cut-inside": "It fails where `field` of that `type` comes in two pieces, the first of `at` of its `size` "
        "bytes, in `case`.",
        "gives-up": "Pauses of `least` seconds pass, those of `most` fail.",
        "reads-from": "The answers are right for who begins to read at byte `offset`, and so reads the `values`.",
        "reads-value": "The answers are right for who reads the `values`.",
        "does-not-fit": "The result, `value`, does not fit into `field` of that `type`.",
        "waits-for-more": "So read, `needed` bytes would be due, and `got` have come.",
        "after-end": "The answers came only after the end of the questions.",
        "check-tells": "Several mistakes look like this; what passes and what fails in `check` tells which it is.",
        "nothing-sent": "It is connected, and has sent nothing.",
        "reset-unread": "The system reset the connection, as for unread bytes; `field` of that `type` came last.",
    }
)
"""Every code of a detail, and what it says by which values."""


@dataclass(frozen=True)
class Detail:
    """One thing that speaks for a finding: a code of `DETAILS`, and its values by name."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in DETAILS:
            raise ValueError(f"no such code of a detail: {self.code!r}")


@dataclass(frozen=True)
class Waiting:
    """`side` waits, since that time, for a field of the other side, of which `missing` bytes, if known, are to come."""

    side: Side
    field: str
    type: str
    missing: int | None
    since: float


@dataclass(frozen=True)
class Finding:
    """A mistake that explains the bytes of one side; `key` is one of `KEYS`.

    connections  the numbers, from 1, of those in which it shows; the place is that in the first
    offset       the first byte concerned among all that `side` sent, from 0; `raw` are the bytes there, 16 at most
    field, type  what was due there by the protocol; None where it is the beginning that says all
    round        of the innermost loop, from 1; None outside of loops
    details      what speaks for it
    confidence   how much of the belief in all that was tried falls on this one, from 0 to 1
    certainty    certain: no other explanation survives, that of a format we do not know among them; likely: it is the
                 best one by far; possible: others explain the bytes nearly as well, or all may be right
    waiting      where both sides wait: who waits for what, first the side whose wait explains the other's
    """

    key: str
    side: Side
    connections: tuple[int, ...]
    field: str | None = None
    type: str | None = None
    round: int | None = None
    offset: int = 0
    raw: bytes = b""
    details: tuple[Detail, ...] = ()
    confidence: float = 1.0
    certainty: Certainty = "certain"
    waiting: tuple[Waiting, ...] = ()

    def __post_init__(self) -> None:
        if self.key not in KEYS:
            raise ValueError(f"no such key of a finding: {self.key!r}")

    @property
    def guess(self) -> bool:
        """Whether it is not certain."""
        return self.certainty != "certain"
