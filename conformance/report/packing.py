"""What the page carries of each record: JSON, deflated, in base 64, so that nothing in it can be taken for markup.

The page must stay small enough to be mailed. A record or a capture that is large is left out, and whole in the results
folder; of what is left, the largest of those that passed go first until the rest is small enough.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from conformance.agent.events import Event
from conformance.model.protocol import Protocol
from conformance.observe.pcapng import PcapngSaver
from conformance.observe.saved import About
from conformance.report.timeline import story
from conformance.results.reading import Record

__all__ = ["Packed", "capture", "pack", "slim"]

_LARGE = 96 << 10  # characters of one record, or of one capture
_AROUND = 500  # characters that the page needs around each story and its downloads


@dataclass
class Packed:
    """A record in the page: the story; and to be downloaded, the record itself and the capture, where small enough.

    `captured` says whether there can be a capture at all: whether the record says who talked to whom.
    """

    name: str
    path: Path
    passed: bool
    story: str
    record: str | None
    capture: str | None
    captured: bool

    @property
    def downloads(self) -> int:
        """How many characters the downloads take."""
        return len(self.record or "") + len(self.capture or "")


def pack(record: Record) -> Packed:
    """Packs a cell or a case that was run."""
    content = record.content
    large = record.path.stat().st_size > 100 * _LARGE
    told = _deflated(_json(story(content)).encode())
    whole = None if large else _small(_deflated(_json(content).encode()))
    wire = None if large else capture(content)
    packed = None if wire is None else _small(_deflated(wire))
    return Packed(
        record.name,
        record.path,
        record.verdict == "passed",
        told,
        whole,
        packed,
        _is_captured(content),
    )


def slim(packed: Sequence[Packed], room: int) -> None:
    """Takes downloads out, of those that passed first and the largest first, until all is within `room` characters."""
    total = sum(one.downloads + len(one.story) + _AROUND for one in packed)
    for one in sorted(packed, key=lambda one: (one.passed, one.downloads), reverse=True):
        if total <= room:
            return
        total -= one.downloads
        one.record = one.capture = None


def _small(text: str | None) -> str | None:
    return text if text is not None and len(text) <= _LARGE else None


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"))


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def _is_captured(content: Mapping[str, Any]) -> bool:
    opened = [entry for entry in content.get("wire", ()) if entry["kind"] == "opened"]
    return "began" in content and bool(opened) and all(entry.get("detail") and entry.get("via") for entry in opened)


def capture(content: Mapping[str, Any]) -> bytes | None:
    """The wire of a record as a pcapng file; None where the record does not say who talked to whom."""
    if not _is_captured(content):
        return None
    # All that a capture tells of the protocol is its name, whatever a record has for one.
    protocol = Protocol.model_construct(protocol=_encodable(content["protocol"]))
    to = _encodable(content.get("server") or content.get("program"))
    network = _encodable(content.get("network") or "none")
    file = io.BytesIO()
    saver = PcapngSaver(file, About(protocol, to, network, datetime.fromisoformat(content["began"]).timestamp()))
    try:
        for entry in content["wire"]:
            saver.add(Event.from_json(entry))
    except ValueError:  # the two ends are of two families: no packet could go from one to the other
        return None
    return file.getvalue()


def _encodable(name: Any) -> str:
    """The name without lone surrogates, which UTF-8 does not have."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")
