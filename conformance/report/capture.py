"""The capture of a record: its wire as a pcapng file, which the run writes beside it and the page only reads.

It has the events that the record has. Where some are left out, the numbers of their bytes pass, and who opens the file
sees that segments are missing.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from conformance.agent.events import Event
from conformance.model.files import write_whole
from conformance.model.protocol import Protocol
from conformance.observe.pcapng import PcapngSaver
from conformance.observe.saved import About

__all__ = ["SUFFIX", "write_capture"]

SUFFIX = ".pcapng"


def write_capture(record: Mapping[str, Any], path: Path) -> None:
    """Writes it beside the record at `path`, if anybody connected and the record says who talked to whom."""
    events = list(_events(record))
    opened = [event for event in events if event.kind == "opened"]
    if record["began"] is None or not opened or not all(event.detail and event.via for event in opened):
        return
    # All that a capture tells of the protocol is its name.
    names = record["protocol"], record["server"] or record["clients"] or "", record["network"] or "none"
    # UTF-8 has no lone surrogates.
    name, to, network = (name.encode("utf-8", "backslashreplace").decode() for name in names)
    protocol = Protocol.model_construct(protocol=name)
    file = io.BytesIO()
    saver = PcapngSaver(file, About(protocol, to, network, datetime.fromisoformat(record["began"]).timestamp()))
    try:
        for event in events:
            saver.add(event)
    except ValueError:  # the two ends are of two families: no packet could go from one to the other
        return
    write_whole(path.with_suffix(SUFFIX), file.getvalue())


def _events(record: Mapping[str, Any]) -> Iterator[Event]:
    """The events, and for what is left out between them one without its bytes."""
    ends: Counter[tuple[int, str]] = Counter()
    for entry in record["wire"]:
        if "left_out" in entry:
            continue
        event = Event.from_json({name: value for name, value in entry.items() if name != "offset"})
        if event.kind == "received":
            key = event.connection, event.sender
            if missing := max(0, entry["offset"] - ends[key]):
                yield event._replace(data=b"", size=missing)
            ends[key] = entry["offset"] + len(event.data) + event.size
        yield event
