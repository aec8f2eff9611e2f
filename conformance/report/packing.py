"""What the page carries of each record: JSON, deflated, in base 64, so that nothing in it can be taken for markup.

The page must stay small enough to be mailed. A record or a capture that is large is left out, and stands in the results
folder; of what is left, the largest of those that passed go first until the rest is small enough.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.report.capture import SUFFIX
from conformance.report.timeline import timeline
from conformance.results.reading import Record

__all__ = ["Packed", "pack", "slim"]

_LARGE = 96 << 10  # characters of one record, or of one capture
_AROUND = 500  # characters that the page needs around each timeline and its downloads


@dataclass
class Packed:
    """A record in the page: its timeline; and to be downloaded, the record and the capture, where small enough.

    `beside` is the file of the capture; None where there is none.
    """

    name: str
    path: Path
    failed: bool
    timeline: str
    record: str | None
    capture: str | None
    beside: Path | None

    @property
    def downloads(self) -> int:
        """How many characters the downloads take."""
        return len(self.record or "") + len(self.capture or "")


def pack(record: Record) -> Packed:
    """Packs a cell or a case that was run."""
    told = json.dumps(timeline(record.content), ensure_ascii=True, separators=(",", ":"))
    beside = record.path.with_suffix(SUFFIX)
    there = beside.is_file()
    return Packed(
        record.name,
        record.path,
        record.verdict == "failed",
        _deflated(told.encode()),
        _small(record.path),
        _small(beside) if there else None,
        beside if there else None,
    )


def slim(packed: Sequence[Packed], room: int) -> None:
    """Takes downloads out, of those that passed first and the largest first, until all is within `room` characters."""
    total = sum(one.downloads + len(one.timeline) + _AROUND for one in packed)
    for one in sorted(packed, key=lambda one: (not one.failed, one.downloads), reverse=True):
        if total <= room:
            return
        total -= one.downloads
        one.record = one.capture = None


def _small(path: Path) -> str | None:
    """What is in the file, where it is small once it is packed."""
    if path.stat().st_size > 100 * _LARGE:
        return None
    text = _deflated(path.read_bytes())
    return text if len(text) <= _LARGE else None


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")
