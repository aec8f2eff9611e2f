"""What is fuzzed: each target takes bytes, and raises only where the harness has a mistake.

The kept corpus has a folder for each target, with the inputs that the fuzzer begins from and those that once found a
mistake.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.recording import Recording
from conformance.agent.tap.frames import FrameReader
from conformance.board.app import board_app
from conformance.board.board import Board
from conformance.cli.main import main
from conformance.decoder.conversation import Conversation, read_conversations
from conformance.diagnosis.diagnose import diagnose
from conformance.formatting.escapes import hides
from conformance.model import Protocol, YamlError, load_registry
from conformance.model.yaml_file import load
from conformance.report.layout import Entry
from conformance.report.timeline import timeline
from conformance.results.reading import ReportError, making_of, read_record

__all__ = ["CORPUS", "MOST", "TARGETS", "inputs", "kept"]

CORPUS = Path(__file__).parent / "corpus"
_PROTOCOLS = tuple(load_registry().protocols.values())
MOST = 8192  # bytes of an input


def _conversations(data: bytes) -> list[Conversation]:
    """The first byte chooses the protocol and the one who ends; then pieces: a byte of side and length, then bytes."""
    recording = Recording()
    head, rest = (data or b"\0")[0], data[1:]
    recording.add(Event(0.0, 1, "opened", CLIENT))
    at = 0.0
    while rest:
        side, size = (SERVER if rest[0] & 1 else CLIENT), rest[0] >> 1
        piece, rest = rest[1 : 1 + size], rest[1 + size :]
        at += 0.1
        if piece:
            recording.add(Event(at, 1, "received", side, piece))
            recording.add(Event(at, 1, "sent", side, size=len(piece)))
    for side, bit in ((CLIENT, 2), (SERVER, 4)):
        if head & bit:
            recording.add(Event(at, 1, "reset" if head & 8 else "end", side))
    return read_conversations(_PROTOCOLS[head % len(_PROTOCOLS)], recording)


def _decoder(data: bytes) -> None:
    for conversation in _conversations(data):
        for side in (CLIENT, SERVER):
            fields = [field for field in conversation.in_order() if field.side == side]
            assert all(field.end <= later.offset for field, later in pairwise(fields))


def _diagnosis(data: bytes) -> None:
    diagnose(_conversations(data[:512]), suspect=True)


def _in_file(data: bytes, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        path.write_bytes(data)
        read(path)


def _decode(path: Path) -> None:
    """`decode` says what is in the file, or in a sentence why not; no character of it moves a terminal."""
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()) as refused:
        status = main(["decode", str(path)])
    assert status in (0, 1, 2)
    assert (status == 2) == bool(refused.getvalue())
    assert not any(
        hides(character) for line in (said.getvalue() + refused.getvalue()).split("\n") for character in line
    )


def _recordings(data: bytes) -> None:
    _in_file(data, _decode)


def _yaml(data: bytes) -> None:
    with suppress(YamlError):
        _in_file(data, lambda path: load(Protocol, path))


def _frames(data: bytes) -> None:
    """Frames come from a tap of ours: what is none ends in a ValueError or an IndexError, and never waits in a loop."""

    def read(pieces: list[bytes]) -> tuple[list[str], bool]:
        reader, found = FrameReader(), []
        try:
            for piece in pieces:
                found += [repr(entry) for entry in reader.feed(piece)]
        except (ValueError, IndexError, RecursionError):
            return [], False
        return found, True

    assert read([data]) == read([data[place : place + 7] for place in range(0, len(data), 7)])


def _records(data: bytes) -> None:
    """A record of a run makes an entry of the page and a timeline, or a ReportError says why not."""

    def read(path: Path) -> None:
        record = read_record(path)
        with making_of(path):
            Entry.of(record)
            timeline(record)

    with suppress(ReportError):
        _in_file(data, read)


def _requests(data: bytes) -> None:
    """The first line is the method and the path, each other a header: the board answers, in its own words."""
    first, *rest = data.split(b"\n")
    method, _, path = first.decode("latin-1").partition(" ")
    path, _, query = path.partition("?")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in rest)]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }
    answers: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    asyncio.run(board_app(_BOARD, lambda: True)(scope, receive, send))
    assert answers[0]["type"] == "http.response.start"
    assert answers[0]["status"] in (200, 206, 304, 307, 400, 403, 404, 405, 416, 503)


_BOARD = Board([])

TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "decoder": _decoder,
    "diagnosis": _diagnosis,
    "recordings": _recordings,
    "records": _records,
    "requests": _requests,
    "yaml": _yaml,
    "frames": _frames,
}


def kept(name: str) -> list[bytes]:
    """The kept inputs of a target, by the names of their files."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


_ODD = (
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b"NaN",
    b'""',
    b"99999999999999999999",
    b'"\\ud800"',
    b"true",
    b"[[[[",
    b"\0",
)


@st.composite
def inputs(draw: st.DrawFn, name: str) -> bytes:
    """Anything; or a kept input of the target with some of its bytes, or of its JSON values, replaced."""
    seeds = kept(name)
    if draw(st.integers(0, 3)) == 0:
        return draw(st.binary(max_size=MOST))
    data = draw(st.sampled_from(seeds))
    if name in ("recordings", "records") and draw(st.booleans()):
        with suppress(ValueError, RecursionError):
            content = json.loads(data)
            places = list(_places(content))
            for _ in range(draw(st.integers(1, 3))):
                holder, key = draw(st.sampled_from(places))
                with suppress(LookupError, TypeError):
                    holder[key] = draw(_VALUES)
            return json.dumps(content).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 16))
        data = data[:start] + draw(st.binary(max_size=16) | st.sampled_from(_ODD)) + data[end:]
    return data[:MOST]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["ff", "end", "sent"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    entries = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in entries:
        yield content, key
        yield from _places(value)
