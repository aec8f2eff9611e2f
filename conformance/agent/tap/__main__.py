"""`python -m conformance.agent.tap`: takes orders on standard input, writes events to standard output.

An order is a line of JSON:

    {"do": "open", "listen": ["127.0.0.1", 8999], "to": ["server", 8999], "conditions": {...}, "seed": 1,
     "connect_timeout": 0}
    {"do": "close"}

It writes binary frames (`frames.py`) of the events and of the answers, and the traffic never waits for the reader. An
order is answered by `{"done": "open", "port": 8999, "now": 12.5}` (`now` is the tap's clock, in seconds) or by
`{"failed": "open", "problem": {...}}`. The end of the input ends the tap, so that none outlives who started it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from conformance.agent.descriptors import raise_descriptor_limit
from conformance.agent.problem import HarnessError
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.frames import EventWriter
from conformance.agent.tap.relay import MOST_LINKS, Relay

_OF_ITS_OWN = 64  # descriptors that are not those of connections


async def _obey(descriptors: int) -> None:
    writer = EventWriter(sys.stdout.buffer)
    relay: Relay | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        order: dict[str, Any] = json.loads(line)
        do, port = order.pop("do"), 0
        try:
            if relay is not None:
                await relay.close()
            if do == "open":
                conditions = Conditions(**order.pop("conditions"))
                most = max(1, min(MOST_LINKS, (descriptors - _OF_ITS_OWN) // 2))
                relay = Relay(**order, conditions=conditions, record=writer.event, most=most)
                port = await relay.start()
            writer.answer({"done": do, "port": port, "now": time.monotonic()})
        except OSError as error:
            writer.answer({"failed": do, "problem": HarnessError.of(error).problem.to_json()})
    if relay is not None:
        await relay.close()
    writer.close()


if __name__ == "__main__":
    there_are = raise_descriptor_limit()
    try:
        import uvloop  # several times faster than asyncio's own event loop; used where it is installed
    except ImportError:
        asyncio.run(_obey(there_are))
    else:
        uvloop.run(_obey(there_are))
