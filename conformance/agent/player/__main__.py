"""`python -m conformance.agent.player`: plays cases that it is given on standard input, and tells what came of each.

A line of JSON is a case, and a line of JSON its outcome, with the problem as `Problem.to_json` writes it:

    {"against": "server", "program": "mine", "host": "server", "port": 8999, "steps": [...], "afterwards": [...]}
    {"against": "client", "program": "mine", "host": "127.0.0.1", "port": 8999, "connections": 1, "steps": [...]}

Cases against one `program` after another share their `Timeouts`: what never comes is soon waited for no longer.

Before a case against a client there is one line more, `{"listening": 8999}`, when the client may be started. During
one there may be `{"operator": {"type": ["bonjour"]}}`, and whoever has the client does that step and answers it with
a line of its own, `{"problem": null, "non_strict": null}`. End of input ends the player.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from itertools import accumulate
from typing import Any

from conformance.agent.player.peer import Timeouts
from conformance.agent.player.player import TIMEOUT, Outcome, Reply, play_against_client, play_against_server
from conformance.agent.player.steps import OperatorStep, from_json, to_json
from conformance.agent.problem import HarnessError, Problem

_SHOWN_BYTES = 1 << 18
_SHOWN_EVENTS = 2000
_one_at_a_time = threading.Lock()  # connections side by side may each want something of the one operator


def _say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def _tell(outcome: Outcome) -> None:
    """Of the recording, which is for looking at, the beginning is enough."""
    events = outcome.recording.events[:_SHOWN_EVENTS]
    sizes = accumulate(len(event.data) for event in events)
    _say(
        problem=outcome.problem and outcome.problem.to_json(),
        non_strict=outcome.non_strict and outcome.non_strict.to_json(),
        events=[event.to_json() for event, size in zip(events, sizes, strict=True) if size <= _SHOWN_BYTES],
        now=time.monotonic(),
    )


def _operate(step: OperatorStep) -> Reply:
    with _one_at_a_time:
        _say(operator=to_json([step])[0])
        answer = sys.stdin.readline()
    if not answer:
        return Reply(Problem("harness-failed", values={"reason": "the run was stopped"}))
    return Reply(**{name: entry and Problem.from_json(entry) for name, entry in json.loads(answer).items()})


def _play(order: dict[str, Any], timeouts: Timeouts) -> Outcome:
    steps = from_json(order["steps"])
    if order["against"] == "server":
        afterwards = from_json(order["afterwards"])
        return play_against_server(steps, afterwards, order["host"], order["port"], timeout=timeouts)
    with socket.create_server((order["host"], order["port"]), backlog=512) as listener:
        _say(listening=listener.getsockname()[1])
        return play_against_client(steps, listener, order["connections"], timeout=timeouts, operate=_operate)


if __name__ == "__main__":
    program, timeouts = None, Timeouts(TIMEOUT)
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("program") != program:
            program, timeouts = order.get("program"), Timeouts(TIMEOUT)
        try:
            outcome = _play(order, timeouts)
        except OSError as error:
            outcome = Outcome(HarnessError.of(error).problem)
        _tell(outcome)
