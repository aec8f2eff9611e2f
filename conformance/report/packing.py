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
from typing import Any

from conformance.commands.pcapng import PcapngSaver
from conformance.commands.saved import About
from conformance.model.protocol import Protocol
from conformance.report.reading import Record
from conformance.report.story import story
from conformance.tap.events import Event

__all__ = ["Packed", "pack", "slim"]

_LARGE = 96 << 10  # characters of one record, or of one capture
_ALL = 2 << 20  # characters of all records and captures


@dataclass
class Packed:
    """A record in the page: the story; and to be downloaded, the record itself and the capture, where small enough."""

    name: str
    passed: bool
    story: str
    record: str | None
    capture: str | None

    @property
    def downloads(self) -> int:
        """How many characters the downloads take."""
        return len(self.record or "") + len(self.capture or "")


def pack(record: Record) -> Packed:
    """Packs a cell or a case that was run."""
    content = record.content
    large = record.path.stat().st_size > 100 * _LARGE
    whole = None if large else _deflated(_json(content).encode())
    capture = None if large else _capture(content)
    return Packed(
        record.name, record.verdict == "passed", _deflated(_json(story(content)).encode()), _small(whole), capture
    )


def slim(packed: Sequence[Packed]) -> None:
    """Takes downloads out of those that passed, the largest first, until all of them are small enough."""
    total = sum(one.downloads for one in packed)
    for one in sorted(packed, key=lambda one: (one.passed, one.downloads), reverse=True):
        if total <= _ALL:
            return
        total -= one.downloads
        one.record = one.capture = None


def _small(text: str | None) -> str | None:
    return text if text is not None and len(text) <= _LARGE else None


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"))


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def _capture(content: Mapping[str, Any]) -> str | None:
    """The wire as a pcapng file; None where the record does not say who talked to whom."""
    if "began" not in content or not content.get("wire") or "cell" not in content:
        return None
    # All that a capture tells of the protocol is its name.
    protocol = Protocol(protocol=_encodable(content["protocol"]), about="", port=1, session=())
    to, network = _encodable(content.get("server")), _encodable(content.get("network"))
    began = datetime.fromisoformat(content["began"]).timestamp()
    file = io.BytesIO()
    saver = PcapngSaver(file, About(protocol, to, network, began))
    try:
        for entry in content["wire"]:
            event = Event.from_json(entry)
            if event.kind == "opened" and not (event.detail and event.via):
                return None
            saver.add(event)
    except ValueError:  # the two ends are of two families: no packet could go from one to the other
        return None
    return _small(_deflated(file.getvalue()))


def _encodable(name: Any) -> str:
    """The name without lone surrogates, which UTF-8 does not have."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")
