"""The relay in a process of its own: decoding and printing never take the time that the traffic needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from conformance.agent.events import Event
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.frames import FrameReader
from conformance.model.lookup import UsageError
from conformance.observe.places import Place

__all__ = ["RelayProcess"]

_ROOT = Path(__file__).resolve().parents[2]
_BUFFER = 1 << 20


class RelayProcess:
    """A tap that listens, and hands on what it sees.

    `port` is where it listens; `began` is the time from which its events count theirs, in seconds since 1970.
    """

    def __init__(self, listen: Place, to: Place, conditions: Conditions) -> None:
        """UsageError where it cannot listen there."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "conformance.agent.tap"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A session of its own: Ctrl-C is for us, and the tap ends when its input does.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        if sys.platform == "linux":
            import fcntl

            with suppress(OSError):
                fcntl.fcntl(self._output.fileno(), fcntl.F_SETPIPE_SZ, _BUFFER)
        reader, reads = FrameReader(), iter(partial(os.read, self._output.fileno(), _BUFFER), b"")
        self._messages = (message for data in reads for message in reader.feed(data))
        ends = {"listen": (listen.host, listen.port), "to": (to.host, to.port)}
        options = {"conditions": conditions._asdict(), "seed": time.time_ns(), "connect_timeout": 0}
        self._input.write(json.dumps({"do": "open", **ends, **options}).encode() + b"\n")
        self._input.flush()
        answer: dict[str, Any] = next((message for message in self._messages if isinstance(message, dict)), {})
        if "done" not in answer:
            self.end()
            self.wait()
            if not answer:
                raise UsageError("cli.usage.tap-ended")
            kind = "host" if listen.host else "everywhere"
            raise UsageError(f"cli.usage.cannot-listen.{kind}", **asdict(listen), reason=answer["why"])
        reader.shift = -float(answer["now"])
        self.port = int(answer["port"])
        self.began = time.time()
        self._opened = time.monotonic()

    @property
    def now(self) -> float:
        """The time as its events count it, in seconds."""
        return time.monotonic() - self._opened

    def events(self) -> Iterator[Event | None]:
        """Every event, and None where nothing more was waiting behind it; until the tap has ended."""
        for message in self._messages:
            if not isinstance(message, dict):
                yield message

    def end(self) -> None:
        """Has the tap end: what it has seen until then still comes."""
        with suppress(OSError):
            self._input.close()

    def wait(self) -> None:
        """Returns once the process is gone."""
        self._output.close()
        self._process.wait()
