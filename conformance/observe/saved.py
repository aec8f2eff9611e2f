"""A recording as JSON: what was asked for, the protocol itself, and every event on a line of its own.

The file is written while the tap runs, and closed when it ends. One whose tap was killed lacks its end; it can be read
all the same, up to there.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

from conformance.agent.events import Event, Kind, Side
from conformance.model import Protocol, YamlError
from conformance.model.files import read_bounded
from conformance.model.lookup import UsageError
from conformance.model.yaml_file import validate

__all__ = ["About", "JsonSaver", "read_saved"]

_FORMAT = "java-python-sockets tap 1"
_LARGEST_FILE = 64 << 20  # bytes: a million events, or 32 MiB that were sent
_LARGEST = 1 << 62  # of a connection's number and of a size
_LATEST = 1 << 33  # seconds since 1970; in the year 2242


@dataclass(frozen=True)
class About:
    """What the recording is of; its events count their time from `began`, in seconds since 1970."""

    protocol: Protocol
    to: str
    network: str
    began: float


class JsonSaver:
    """Writes a recording that can be read again."""

    def __init__(self, file: IO[bytes], about: About) -> None:
        self._file = file
        self.flush = file.flush
        self._separator = b""
        head = {
            "format": _FORMAT,
            "began": about.began,
            "to": about.to,
            "network": about.network,
            "protocol": about.protocol.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        self._file.write(json.dumps(head)[:-1].encode() + b', "events": [\n')

    def add(self, event: Event) -> None:
        line = json.dumps(event._replace(data=b"").to_json()).encode()
        if event.data:  # in megabytes, where `json` would look at every character of them again
            line = b'%b, "data": "%b"}' % (line[:-1], binascii.hexlify(event.data))
        self._file.write(self._separator + line + b"\n")  # a line that has its end is whole, whatever comes
        self._separator = b","

    def close(self) -> None:
        self._file.write(b"]}\n")
        self._file.close()


def read_saved(path: Path) -> tuple[About, list[Event], bool]:
    """The recording in the file, and whether it is whole. UsageError, or YamlError where the protocol in it is none."""
    try:
        data = read_bounded(path, _LARGEST_FILE)
        if len(data) > _LARGEST_FILE:
            raise UsageError("cli.usage.too-large", path=path, limit=_LARGEST_FILE)
        text = data.decode("utf-8")
    except OSError as error:
        raise UsageError("cli.usage.unreadable", path=path, reason=error.strerror) from error
    except UnicodeDecodeError as error:
        kind = "pcapng" if path.suffix == ".pcapng" else "binary"
        raise UsageError(f"cli.usage.no-recording.{kind}", path=path) from error
    content, whole = _parse(text)
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise UsageError("cli.usage.no-recording", path=path)
    try:
        protocol = validate(Protocol, content["protocol"], path, "protocol")
        about = About(protocol, str(content["to"]), str(content["network"]), float(content["began"]))
        events = list(_events(content["events"], about.began))
    except YamlError:
        raise  # it is a ValueError too
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UsageError("cli.usage.damaged", path=path, error=f"{type(error).__name__} {error}") from error
    return about, events, whole


def _parse(text: str) -> tuple[Any, bool]:
    with suppress(ValueError, RecursionError):
        return json.loads(text), True
    with suppress(ValueError, RecursionError):  # the last line may have been cut in its middle
        return json.loads(text.rpartition("\n")[0] + "]}"), False
    return None, False


def _events(entries: Iterable[dict[str, Any]], began: float) -> Iterable[Event]:
    _check_time(began, 0.0)
    known: set[int] = set()
    for entry in entries:
        event = _checked(Event.from_json(entry))
        _check_time(began, event.at)
        if event.kind == "opened":
            known.add(event.connection)
        elif event.connection not in known and event.kind != "missed":
            raise ValueError(f"connection {event.connection} was never opened")
        yield event


def _checked(event: Event) -> Event:
    """The event; ValueError where it is none that a tap tells."""
    if event.kind not in get_args(Kind) or event.sender not in get_args(Side):
        raise ValueError(f"{str(event.kind)[:40]!r} of {str(event.sender)[:40]!r} is no event")
    for number in (event.connection, event.size):
        if type(number) is not int or not 0 <= number <= _LARGEST:
            raise ValueError(f"{str(number)[:40]!r} is no number of a connection, and no size")
    if type(event.detail) is not str or type(event.via) is not str:
        raise ValueError("an address is a text")
    return event


def _check_time(began: float, at: Any) -> None:
    if type(at) not in (int, float) or not 0 <= began + at <= _LATEST:  # it is shown as a date; NaN is in no range
        raise ValueError(f"{str(at)[:40]!r} is no time")
