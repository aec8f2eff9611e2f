"""The relay in a process of its own: decoding and printing never take the time that the traffic needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from conformance.agent.events import Event
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.frames import FrameReader
from conformance.model.lookup import UsageError

__all__ = ["RelayProcess"]

_ROOT = Path(__file__).resolve().parents[2]
_BUFFER = 1 << 20


class RelayProcess:
    """Starts a tap, opens it, and hands on what it sees."""

    def __init__(self) -> None:
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
        self._reader = FrameReader()
        self._messages = self._read()

    def open(self, listen: tuple[str, int], to: tuple[str, int], conditions: Conditions) -> tuple[int, float]:
        """Begins to listen; returns the port, and the time since 1970 from which events count theirs.

        UsageError where it cannot listen there.
        """
        options = {"conditions": conditions._asdict(), "seed": time.time_ns(), "connect_timeout": 0}
        self._input.write(json.dumps({"do": "open", "listen": listen, "to": to, **options}).encode() + b"\n")
        self._input.flush()
        answer: dict[str, Any] = next((message for message in self._messages if isinstance(message, dict)), {})
        if "done" not in answer:
            self.end()
            if not answer:
                raise UsageError("cli.usage.tap-ended")
            kind = "host" if listen[0] else "everywhere"
            raise UsageError(f"cli.usage.cannot-listen.{kind}", host=listen[0], port=listen[1], reason=answer["why"])
        self._reader.shift = -float(answer["now"])
        return int(answer["port"]), time.time()

    def events(self) -> Iterator[Event | None]:
        """Every event, and None where nothing more was waiting behind it; until the tap has ended."""
        for message in self._messages:
            if not isinstance(message, dict):
                yield message

    def _read(self) -> Iterator[Event | dict[str, Any] | None]:
        while data := os.read(self._output.fileno(), _BUFFER):
            yield from self._reader.feed(data)

    def end(self) -> None:
        """Has the tap end: what it has seen until then still comes."""
        with suppress(OSError):
            self._input.close()

    def wait(self) -> None:
        """Returns once the process is gone."""
        self._output.close()
        self._process.wait()
