"""`python -m conformance.play`: plays cases that it is given on standard input, and tells what came of each.

A line of JSON is a case, and a line of JSON its outcome:

    {"against": "server", "host": "server", "port": 8999, "steps": [...], "afterwards": [...]}
    {"against": "client", "host": "127.0.0.1", "port": 8999, "connections": 1, "steps": [...]}

Before a case against a client there is one line more, `{"listening": 8999}`, when the client may be started. End of
input ends the player.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import Any

from conformance.play.player import Outcome, play_against_client, play_against_server
from conformance.play.steps import from_json

_SHOWN_BYTES = 1 << 18
_SHOWN_EVENTS = 2000


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _events(outcome: Outcome) -> list[dict[str, Any]]:
    """The recording, for looking at: what passed is judged already, and of very much the beginning is enough."""
    events: list[dict[str, Any]] = []
    size = 0
    for event in outcome.recording.events:
        size += len(event.data)
        if size > _SHOWN_BYTES or len(events) >= _SHOWN_EVENTS:
            break
        events.append(event.to_json())
    return events


def _play(order: dict[str, Any]) -> Outcome:
    steps = from_json(order["steps"])
    if order["against"] == "server":
        return play_against_server(steps, from_json(order["afterwards"]), order["host"], order["port"])
    with socket.create_server((order["host"], order["port"]), backlog=512) as listener:
        _say({"listening": listener.getsockname()[1]})
        return play_against_client(steps, listener, order["connections"])


def main() -> None:
    """Plays until the input ends."""
    for line in sys.stdin:
        try:
            outcome = _play(json.loads(line))
        except OSError as error:
            _say({"problem": f"the harness cannot play here: {error.strerror or error}", "events": [], "now": 0.0})
            continue
        _say({"problem": outcome.problem, "events": _events(outcome), "now": time.monotonic()})


if __name__ == "__main__":
    main()
